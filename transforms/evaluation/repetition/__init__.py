"""Repetition: openings, occupations, names, templates and groups of duplicates."""
