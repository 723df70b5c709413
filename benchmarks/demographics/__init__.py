"""Simulations and the oracle of the demographics."""
