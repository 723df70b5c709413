"""Checks of samples: each keeps a sample, or rejects it with a reason."""
