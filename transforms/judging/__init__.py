"""Judging: rubrics, families of models, pairwise judgments, and how far a judge agrees with people."""
