"""A server of language models on loopback: real protocols; latencies, faults and token counts as told."""
