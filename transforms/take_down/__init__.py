"""TakeDown: a hub without what came of some sources."""
