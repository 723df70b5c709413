"""Readers of corpora, by format."""
