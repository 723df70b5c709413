"""Formulas: trees, exact values, values to many digits, and proofs that two are equal."""
