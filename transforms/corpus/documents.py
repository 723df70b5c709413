"""What is found in a file -> documents, or what became of the record."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from persona_hub.transforms.corpus.corpus_records import KIB, CorpusRecord, Damage, SkippedRecord
from persona_hub.transforms.corpus.language import UNDETERMINED, detect_language
from persona_hub.transforms.corpus.names import is_row_named, printable_name
from persona_hub.transforms.corpus.text import clean_text, text_weight
from persona_hub.transforms.counting.stages import READ_CORPUS
from persona_hub.transforms.records import (
    ADDRESS_END,
    DeadLetter,
    Document,
    DocumentOutcome,
    content_id,
    excerpt,
)

NUMBERS = re.compile(r"\d+")
REPLACEMENT, MOST_REPLACED = "\ufffd", 0.05  # of the characters but white space: more, and a text is broken
LONGEST_SOURCE = 2 * KIB  # an address may be megabytes of data


@dataclass(frozen=True)
class DocumentFilter:
    """Which texts become documents."""

    languages: frozenset[str]  # ISO 639-1; empty: all
    min_characters: int  # as `text_weight` counts them
    max_characters: int
    unwanted: frozenset[str] = frozenset()  # sources, files and ids of documents that were taken down
    stage: str = READ_CORPUS  # which reads them
    mark: str = ""  # before the text in what its id is a hash of: for texts that are read in another way


def document_of(found: CorpusRecord, file: str, wanted: DocumentFilter) -> Document | DocumentOutcome | DeadLetter:
    """The document of a record, or else what became of it.

    The id is of the text as a model will see it: clean and cut. So texts that differ only beyond the cut are one.
    """
    file = printable_name(file)
    file = f"{file}!{found.member}" if found.member else file
    if isinstance(found, Damage):
        place = f"{file}, {found.place}"
        return DeadLetter(wanted.stage, found.reason, file, f"{place}: {found.detail}", excerpt(found.excerpt))
    source = clean_source((found.source, *found.others)) or place_as_source(file, found.place)
    if isinstance(found, SkippedRecord):
        return DocumentOutcome("", source, file, found.place, f"skipped-{found.reason}", UNDETERMINED, 0)
    text = clean_text(found.text, wanted.max_characters)
    document = Document(content_id(wanted.mark + text), text, source, UNDETERMINED, file, found.place)
    if not text:
        return outcome_of(document, "skipped-no-text")
    if wanted.unwanted and is_row_named(document, wanted.unwanted):
        return outcome_of(document, "skipped-taken-down")
    if text_weight(text) < wanted.min_characters:
        return outcome_of(document, "skipped-too-short")
    if text.count(REPLACEMENT) > MOST_REPLACED * len("".join(text.split())):
        detail = "more than 5% of the characters are U+FFFD, which stand for bytes of no known encoding. Convert it."
        return DeadLetter(wanted.stage, "undecodable", file, f"{file}, {found.place}: {detail}", excerpt(text))
    language = detect_language(text)
    document = Document(document.document_id, text, source, language, file, found.place)
    if wanted.languages and language not in wanted.languages:
        return outcome_of(document, "skipped-language")
    return document


def clean_source(addresses: Iterable[str]) -> str:
    """The addresses of a record as one source: each on one line, and cut."""
    lines = (" ".join(clean_text(address, LONGEST_SOURCE).split()) for address in addresses)
    return ADDRESS_END.join(filter(None, lines))


def place_as_source(file: str, place: str) -> str:
    """What stands for the address of a record that names none."""
    return f"{file}, {place}"


def has_address(document: Document) -> bool:
    """Whether the record itself said where it is to be found: another copy of the file is no other address."""
    return document.source != place_as_source(document.file, document.place)


def outcome_of(document: Document, outcome: str) -> DocumentOutcome:
    """The row of a record that could be read."""
    d = document
    return DocumentOutcome(d.document_id, d.source, d.file, d.place, outcome, d.language, len(d.text))


def document_order(document: Document) -> tuple[str, tuple[int, ...]]:
    """Sort key of equal documents: file, then the place's numbers; independent of order and sharding."""
    return document.file, tuple(map(int, NUMBERS.findall(document.place)))
