"""What a command tells its user."""
