"""How servers of one protocol differ: what they refuse, what they want besides, and how their answers look."""
