"""Evaluate: a hub, block by block, to the sections of its report."""
