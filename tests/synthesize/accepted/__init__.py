"""Tests of rounds until so many samples are accepted."""
