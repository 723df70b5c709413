"""Tables of text: a row a record, its fields set apart by commas or tabs."""
