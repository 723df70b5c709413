"""What a version shows of the samples beside it, and files of all that it shows for others to read."""
