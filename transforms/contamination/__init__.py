"""What of a benchmark stands in a text: word for word, or with other names and numbers. numpy, no Beam."""
