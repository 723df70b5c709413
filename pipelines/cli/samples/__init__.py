"""Options of samples: how they are checked, and how many of them are wanted."""
