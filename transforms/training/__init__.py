"""Samples as data sets to train on: forms, split, lineage, card; no Beam."""
