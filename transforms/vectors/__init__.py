"""Sentence vectors: stored, packed, compared, clustered. No Beam."""
