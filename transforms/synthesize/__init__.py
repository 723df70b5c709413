"""Synthesize: personas to samples."""
