"""Charsets: bytes to text. What was declared, what fits, what may be guessed, and whether the result is a language."""
