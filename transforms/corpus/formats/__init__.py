"""One reader for each format of a corpus."""
