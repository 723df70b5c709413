"""What a user can mend, told apart from faults of this program."""

from __future__ import annotations


class InvalidInputError(ValueError):
    """A flag, a file or a hub that a user named is wrong; the message names it and the remedy.

    A command ends with "wrong command" for these alone: any other exception of ours is a fault of the program.
    """


class NothingKept(RuntimeError):
    """A run that keeps nothing, or loses most for one reason; the message names the reason and the remedy."""
