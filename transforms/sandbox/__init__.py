"""Programs that nobody has read, run where they can reach nothing: no files, network, environment or clock."""
