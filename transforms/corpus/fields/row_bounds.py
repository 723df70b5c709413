"""What one row of a table may unfold to, all its fields together."""

from __future__ import annotations

MOST_VALUES = 1 << 20  # of one row: as objects of Python they take up to 200 MB
DEEPEST_ROW = 100  # lists, maps and records within one another


class OversizedRow(ValueError):
    """A row that is not to be unfolded; `reason` is that of its dead letter. The rows after it can be read."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class Room:
    """How many values a row may still have."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_VALUES

    def take(self, values: int) -> None:
        """Counts values before they are made. Raises OversizedRow."""
        self.left -= values
        if self.left < 0:
            raise OversizedRow("record-too-large")
