"""Fidelity: personas beside their documents, samples beside their personas, and what must stand with it."""
