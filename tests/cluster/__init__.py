"""Tests on engines that are more than this process: a real Flink cluster, Prism. `make test-cluster` runs them all."""
