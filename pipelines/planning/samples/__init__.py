"""What samples are made of, and after which examples."""
