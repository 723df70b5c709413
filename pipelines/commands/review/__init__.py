"""review: samples out to people, and their ratings back."""
