"""Tables of personas that exist: their texts, and the other columns of their rows."""
