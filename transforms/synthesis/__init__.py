"""Use cases: what is made with a persona, and how an answer is read and checked."""
