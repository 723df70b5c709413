"""What `export` does: which samples, and the data sets to train on."""
