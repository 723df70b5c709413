"""MediaWiki dumps: one record a page, the text of its last revision without markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from persona_hub.transforms.corpus.corpus_records import (
    BrokenError,
    CorpusRecord,
    Damage,
    Limits,
    Piece,
    SkippedRecord,
    TextRecord,
)
from persona_hub.transforms.corpus.wiki.dump import MAIN, Site, WikiPage, pages_in, parse_site
from persona_hub.transforms.corpus.wiki.parts import head_of_dump, parts_of
from persona_hub.transforms.corpus.wiki.plain import plain_text_of_wiki

# Dumps of old versions only have the wikitext, in the wiki's language: #REDIRECT [[...]], #WEITERLEITUNG [[...]].
REDIRECT = re.compile(r"\s*#\s?[^\W\d]{3,40}\s?:?\s?\[\[[^\]]{1,500}\]\]", re.UNICODE)


def read_mediawiki(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """Text, skip or damage of each page that begins in `piece`."""
    try:
        site = parse_site(head_of_dump(piece.file, limits))
    except BrokenError:
        if piece.start:  # the first piece reports it
            return
        raise
    broken_run = 0
    for number, (offset, found) in enumerate(pages_in(parts_of(piece, limits), site, limits), 1):
        place = f"page {number}" if piece.whole else f"piece at byte {piece.start}, byte {offset}"
        broken_run = broken_run + 1 if isinstance(found, Damage) else 0
        if broken_run > limits.broken_run:
            detail = f"{limits.broken_run:,} broken pages in a row: the rest is left. Fetch the file again."
            raise BrokenError("mediawiki-damaged", detail)
        if isinstance(found, Damage):
            yield replace(found, place=place)
            continue
        try:
            yield _record_of_wiki_page(found, place, site, limits)
        except BrokenError as broken:
            yield Damage(place, broken.reason, broken.detail, found.title)


def _record_of_wiki_page(page: WikiPage, place: str, site: Site, limits: Limits) -> CorpusRecord:
    source = site.address_of(page.title)
    if page.namespace != MAIN:
        return SkippedRecord(place, source, "not-an-article")
    if page.redirects or REDIRECT.match(page.wikitext):
        return SkippedRecord(place, source, "redirect")
    if page.model != "wikitext":
        return SkippedRecord(place, source, "not-wikitext")
    if not page.wikitext.strip():
        return SkippedRecord(place, source, "no-text")
    text = plain_text_of_wiki(page.wikitext, site.hidden, limits.page_seconds)
    return TextRecord(place, source, text) if text else SkippedRecord(place, source, "no-text")
