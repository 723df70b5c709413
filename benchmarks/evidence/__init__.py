"""Real files through `evaluate`: the figures of docs/evidence.md."""
