"""Which field of the rows holds their text, where the user does not say."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from persona_hub.transforms.corpus.corpus_records import BrokenError, CorpusError
from persona_hub.transforms.dedup.chunks import parse_row, split_lines
from persona_hub.transforms.dedup.row_files import SourceRange, read_source_range
from persona_hub.transforms.dedup.sources import CHUNK, Source
from persona_hub.transforms.records import excerpt

ROW_TEXT_FIELDS = ("input persona", "persona", "text")  # of the released personas, of a hub's export, of anybody's
SNIFFED_ROWS = 100  # looked at in each file


def text_field_of(sources: Sequence[Source]) -> str:
    """The first of ROW_TEXT_FIELDS that the first sound row has. Raises CorpusError that names the fields there are."""
    seen: list[str] = []
    for source in sources:
        if source.format == "text":
            return "text"
        try:
            end = source.begin + CHUNK if source.split else source.end
            chunks = read_source_range(SourceRange(source, source.begin, end), "")
            lines = [line for raw in islice(chunks, 1) for line in islice(split_lines(raw.lines), SNIFFED_ROWS)]
        except BrokenError:
            continue
        for line in lines:
            try:
                row = parse_row(line)
            except ValueError:
                continue
            if not isinstance(row, dict):
                continue
            for field in ROW_TEXT_FIELDS:
                if isinstance(row.get(field), str):
                    return field
            seen += [name for name in row if name not in seen]
    if seen:
        wanted = ", ".join(ROW_TEXT_FIELDS)
        raise CorpusError(
            f"--text_field: none of {wanted} is in the rows, which have {excerpt(', '.join(seen))}; name one"
        )
    return "text"  # nothing can be read: dead letters will say why
