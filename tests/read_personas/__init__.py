"""Tests of ReadPersonas."""
