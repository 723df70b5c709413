"""How an answer is read: thoughts are cut off, escapes settled, objects found. `parsing` beside it is the door.

Why no library: those that repair JSON (json-repair and its kin) close whatever was left open, so that half a sentence
becomes a persona; they take drafts, and guess where something can be read in two ways. Here that is refused, and asked
for once more. The decoder is not our own: it is `json`.
"""
