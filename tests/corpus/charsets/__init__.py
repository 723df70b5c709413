"""Charsets: what was declared, what fits, what may be guessed."""
