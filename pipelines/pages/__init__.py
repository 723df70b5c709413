"""Pages that a browser shows from a file: one for raters, one that reports what a hub is worth; no network."""
