"""What a build reads: its files, and some of what is in them."""
