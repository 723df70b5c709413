"""What the checks against benchmarks and near-duplicates find and cost."""
