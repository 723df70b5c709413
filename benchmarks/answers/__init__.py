"""Equality of answers: `python -m benchmarks.answers`."""
