"""What tests and benchmarks feed in: made personas, planted duplicates, gold sets."""
