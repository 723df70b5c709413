"""What choices of personas cover."""
