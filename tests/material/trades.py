"""A dozen short documents about work, for a model whose every word costs time."""

from __future__ import annotations

from pathlib import Path

import orjson

TRADES = (
    "The night ferry to the outer islands leaves at nine, and for thirty years Marta has sold tickets at the gate.",
    "Old pear varieties are grafted onto quince roots. Late frost is the worst of it, and small fires burn at three.",
    "The new triage protocol sorts patients by colour. Nurses say that the paper forms were quicker at night.",
    "To tune a church organ, begin with one rank of pipes. A wet spring can undo a week of work.",
    "Hives in the valley lost four colonies in ten. A warm December kept the queens laying with nothing to eat.",
    "The council wants to close the tram depot. The mechanics ask where the trams will sleep.",
    "A map is folded in a fixed order. Fold it once against the grain and the paper remembers for ever.",
    "Shift handover is where accidents begin: a valve was open in the log and closed in the pipe.",
    "Six men have played chess in this park since 1989. One teaches children on Saturdays with an egg timer.",
    "Each September the guides measure the glacier with poles and a tape. The stone stands forty metres from the ice.",
    "Potatoes for plum dumplings are boiled the day before. The dough rests, and the plums must be sour.",
    "The weavers count threads aloud in a dialect of their own, and a linguist records it before the looms are sold.",
)


def write_corpus(file: Path, *texts: str) -> Path:
    """A corpus of one document for each text."""
    file.write_bytes(b"".join(orjson.dumps({"text": text}) + b"\n" for text in texts))
    return file
