"""ReadHub: what a hub holds, for a refresh and a takedown."""
