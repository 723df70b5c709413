"""Persona Hub on Beam: a corpus in, a hub of diverse personas and synthetic training data out."""
