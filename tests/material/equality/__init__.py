"""Answers: expressions by class, forms of a number in five languages, pairs that are easily mistaken."""
