"""Commands that look at a hub or change it without a Beam job of their own."""
