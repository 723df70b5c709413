"""So many accepted samples as are wanted: round after round, until there are enough or nothing is left to ask."""
