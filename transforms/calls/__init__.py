"""Paid calls to models: one engine in a process; its slots, pace, budget, retries, and the store behind it."""
