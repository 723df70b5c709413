"""Logic puzzles, each with a program that searches all worlds for its answer."""
