"""Tests of the jobs, as a user runs them, and of what they are made of."""
