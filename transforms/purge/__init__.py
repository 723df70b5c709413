"""Purge: what came of some documents is erased wherever a hub keeps it, file by file and answer by answer."""
