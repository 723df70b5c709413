"""What the product logs, on stderr: as the other lines that its commands print."""

from __future__ import annotations

import logging
import sys

OWN = "persona_hub"


class Lines(logging.Formatter):
    """`persona-hub: warning: ...` for the product's own records; those of libraries keep Python's usual form."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as it is printed."""
        text = super().format(record)
        own = record.name.partition(".")[0] == OWN
        return f"persona-hub: {record.levelname.lower()}: {text}" if own else f"{record.levelname}:{record.name}:{text}"


def show_log() -> None:
    """Sets the handler of the process, unless it has one: of a program that uses this one as a library."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler])
