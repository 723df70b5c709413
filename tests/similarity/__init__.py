"""Tests of similarity: numpy, no Beam."""
