"""Near-duplicates of text: keys first, token sets of those that share one, the exact check, representatives."""
