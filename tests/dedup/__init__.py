"""Tests of the search for near-duplicates of text."""
