"""Options of the commands that say what a hub is worth."""
