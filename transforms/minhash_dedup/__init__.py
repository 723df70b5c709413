"""MinHashDedup: near-duplicates of words."""
