"""The command line: commands, their flags, and what a command ends with."""
