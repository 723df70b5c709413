"""Writes the golden run anew."""

from tests.golden import write

write()
