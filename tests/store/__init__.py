"""Tests of the response stores."""
