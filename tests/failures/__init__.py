"""How jobs end for each way in which a server fails."""
