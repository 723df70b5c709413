"""Novelty: how much of what is made is new, and when making more is no longer worth it."""
