"""Archives: tar and zip, read member by member."""
