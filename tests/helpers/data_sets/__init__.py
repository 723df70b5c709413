"""A hub with samples of every use case, and what others read of the data sets that are made of it."""
