"""Characters of a game's world."""
