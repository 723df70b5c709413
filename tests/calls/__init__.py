"""Tests of the engine of paid calls."""
