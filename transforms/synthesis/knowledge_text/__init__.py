"""Texts rich in knowledge, in prose or in a structured form."""
