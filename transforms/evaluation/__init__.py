"""Evaluation: what a hub, its samples or texts of others are like, in figures with intervals; numpy without Beam."""
