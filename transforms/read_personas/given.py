"""A row of a file of personas -> the document that stands for it, and that document's persona."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from persona_hub.transforms.corpus.corpus_records import CorpusRecord
from persona_hub.transforms.corpus.documents import DocumentFilter, document_of
from persona_hub.transforms.corpus.personas.columns import LeftOut
from persona_hub.transforms.corpus.personas.readers import NO_TABLE
from persona_hub.transforms.corpus.personas.rows import PersonaRecord
from persona_hub.transforms.counting.lost_files import lacks_field
from persona_hub.transforms.counting.stages import READ_PERSONAS
from persona_hub.transforms.records import (
    GIVEN,
    DeadLetter,
    Document,
    DocumentOutcome,
    GivenColumns,
    Persona,
    persona_id,
)

# A text that a corpus has, too, is a document of its own: of that one a model was asked.
GIVEN_MARK = "given persona\0"
LONGEST_TEXT = 4000  # of a text; whoever has more than the 1,000 of FilterPersona is dropped there
OF_THE_FILE = ("not-json-lines", "not-a-table", NO_TABLE)  # reasons that say of a file that it holds no rows


@dataclass(frozen=True)
class GivenDocument(Document):
    """A row with a persona."""

    columns: str = ""  # a JSON object of its other columns, "" where there are none
    left_out: LeftOut = ()


def given_filter(languages: frozenset[str] = frozenset(), unwanted: frozenset[str] = frozenset()) -> DocumentFilter:
    """Which rows are taken: all that have a text."""
    return DocumentFilter(languages, 0, LONGEST_TEXT, unwanted, READ_PERSONAS, GIVEN_MARK)


def given_document(
    found: CorpusRecord, file: str, wanted: DocumentFilter
) -> GivenDocument | DocumentOutcome | DeadLetter:
    """The document of a row, or else what became of it."""
    made = document_of(found, file, wanted)
    if isinstance(made, Document) and isinstance(found, PersonaRecord):
        return GivenDocument(**vars(made), columns=found.columns, left_out=found.left_out)
    assert not isinstance(made, Document)
    return made


def persona_of(document: Document) -> Persona:
    """The persona of a row."""
    return Persona(
        persona_id=persona_id(document.text),
        text=document.text,
        origin=GIVEN,
        hop=0,
        parent_id="",
        relation=GIVEN,
        document_id=document.document_id,
        source=document.source,
        language=document.language,
        model="",
        prompt_hash="",
    )


def columns_of_documents(documents: list[GivenDocument]) -> Iterator[GivenColumns]:
    """The columns of those that have any."""
    return (GivenColumns(one.document_id, one.columns) for one in documents if one.columns)


def loses_file(reason: str) -> bool:
    """Whether a dead letter's reason says that its file may be none of personas."""
    return lacks_field(reason) or reason in OF_THE_FILE or reason.startswith("unread-")
