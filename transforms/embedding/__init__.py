"""The one door to text embedders."""
