"""Diversity: of words, cut to equal length, and of meanings."""
