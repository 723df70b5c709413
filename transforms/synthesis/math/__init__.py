"""Math problems, each with a program that computes its answer."""
