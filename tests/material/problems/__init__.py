"""Problems for tests and benchmarks."""
