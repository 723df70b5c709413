"""Versions of the hub on disk."""
