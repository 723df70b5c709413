"""Counts: as data that must add up, and as a runner's counters."""
