"""What people ask of an assistant, and what it answers."""
