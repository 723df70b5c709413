"""AskAttributes: what a persona's text says of it, as a model reads it."""
