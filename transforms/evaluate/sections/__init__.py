"""Sums of an evaluation -> the sections of a report, as docs/report.md has them."""
