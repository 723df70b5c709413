"""Benchmarks of samples and what is made of them."""
