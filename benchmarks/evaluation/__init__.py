"""What the figures of an evaluation cost, and what they are of real personas."""
