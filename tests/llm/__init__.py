"""Tests of the one door to language models."""
