"""What a source is called where documents and personas are counted by it."""

from __future__ import annotations

from urllib.parse import urlsplit

from persona_hub.transforms.records import excerpt

SOURCE_CHARACTERS = 80


def source_of(source: str) -> str:
    """Where a document comes from, in words few enough to count by: the host of its address, or its file.

    >>> source_of("https://example.org/a?b"), source_of("crawl/a.jsonl, line 7"), source_of("doc-12")
    ('example.org', 'crawl/a.jsonl', '-')
    """
    try:
        host = urlsplit(source).hostname or ""
    except ValueError:  # an address that is none
        host = ""
    file, comma, _ = source.rpartition(", ")
    return excerpt(host or (file if comma else "-"), SOURCE_CHARACTERS)
