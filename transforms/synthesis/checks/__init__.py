"""Checks of a sample that was read: each gives it back, with a proof where it has one, or raises RejectedSample."""
