"""Search: the personas of a hub nearest to a text or to one of them, by meaning and by words."""
