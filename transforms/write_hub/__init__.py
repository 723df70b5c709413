"""WriteHub: the hub's files, counts and manifest."""
