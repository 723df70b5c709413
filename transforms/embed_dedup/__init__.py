"""EmbedDedup: near-duplicates of meaning."""
