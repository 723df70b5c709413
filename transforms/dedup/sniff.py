"""Which field of the rows holds their text, where the user does not say."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from persona_hub.transforms.corpus.found import BrokenError, CorpusError
from persona_hub.transforms.dedup.chunks import TEXT_FIELDS, row_of, split
from persona_hub.transforms.dedup.read_rows import read_part
from persona_hub.transforms.dedup.sources import CHUNK, Source
from persona_hub.transforms.records import excerpt

ROWS = 100  # looked at


def text_field_of(sources: Sequence[Source]) -> str:
    """The first of TEXT_FIELDS that the first sound row has. Raises CorpusError that names the fields there are."""
    seen: list[str] = []
    for source in sources:
        if source.format == "text":
            return "text"
        try:
            parts = read_part(source, source.begin, source.begin + CHUNK if source.split else source.end, "")
            lines = [line for _, _, _, part in islice(parts, 1) for line in islice(split(part), ROWS)]
        except BrokenError:
            continue
        for line in lines:
            try:
                row = row_of(line)
            except ValueError:
                continue
            if not isinstance(row, dict):
                continue
            for field in TEXT_FIELDS:
                if isinstance(row.get(field), str):
                    return field
            seen += [name for name in row if name not in seen]
    if seen:
        wanted = ", ".join(TEXT_FIELDS)
        raise CorpusError(
            f"--text_field: none of {wanted} is in the rows, which have {excerpt(', '.join(seen))}; name one"
        )
    return "text"  # nothing can be read: dead letters will say why
