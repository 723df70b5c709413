"""Avro schemas of the hub's tables, and the rows of its JSON Lines: at the edge records become plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_type_hints

from persona_hub.transforms.records import (
    Attributes,
    Centroids,
    Cluster,
    DeadLetter,
    DocumentOutcome,
    Duplicate,
    Member,
    Persona,
    Proof,
    Provenance,
    Rejected,
    Sample,
    Tombstone,
    Vector,
)
from persona_hub.transforms.wire.batches import Record

NAMESPACE = "persona_hub"
AVRO_TYPES = {str: "string", int: "long", float: "double", bytes: "bytes", bool: "boolean"}
AVRO_EMPTY: dict[Any, str] = {b"": ""}  # defaults of fields, as a schema spells them
# The released dataset's names of two of a sample's fields.
RELEASED = {"persona": "input persona", "text": "synthesized text"}


AVRO_NAMES: dict[type, str] = {Tombstone: "Removed"}  # where the class has had another name


def avro_schema(record: type, doc: str, **docs: str) -> dict[str, Any]:
    """Schema of a record type: `docs` says of each of its fields, in their order, what it holds.

    A field with a default came later: of rows that were written without it, it reads as that.
    """
    types = get_type_hints(record)
    names = [field.name for field in fields(record)]
    assert names == list(docs), f"{record.__name__}: fields {names} are documented as {list(docs)}"
    later = {f.name: {"default": AVRO_EMPTY[f.default]} for f in fields(record) if f.default in AVRO_EMPTY}
    return {
        "type": "record",
        "name": AVRO_NAMES.get(record, record.__name__),
        "namespace": NAMESPACE,
        "doc": doc,
        "fields": [{"name": n, "type": AVRO_TYPES[types[n]], "doc": docs[n], **later.get(n, {})} for n in names],
    }


PERSONA_DOCS = {
    "origin": "'text': made from a document; 'relation': made from another persona; 'given': there before",
    "hop": "0 from a document, n after n relations",
    "parent_id": "persona_id of the persona that this one is related to, empty at hop 0; it need not be kept itself",
    "relation": "To the document at hop 0 (read, write, like, dislike ...), to the parent after that",
    "document_id": "The document at the root of the chain, or the row of a given persona: a row of 'documents'",
    "source": "Of that document: its URL, or its id in the corpus",
    "language": "ISO 639-1, 'und' if undetermined",
    "model": "That wrote the text; empty where the persona was given",
    "prompt_hash": "12 hex digits of the prompt's text, as under 'prompts' in the manifest",
}

SCHEMAS: dict[type, dict[str, Any]] = {
    Persona: avro_schema(
        Persona,
        "Who somebody is, in a sentence or two. One row for each text that is kept.",
        persona_id="32 hex digits of a hash of the text but for case, compatibility forms and white space",
        text="The persona itself. Untrusted: a model wrote it after reading the web.",
        **PERSONA_DOCS,
    ),
    Provenance: avro_schema(
        Provenance,
        "One way in which a persona came about; a persona that two documents give has two rows.",
        persona_id="The persona, kept or dropped as a duplicate",
        document_id="The document at the root of the chain",
        source="Of that document: its URL, or its id in the corpus",
        parent_id="The persona that it was expanded from, empty at hop 0",
        relation="To the document at hop 0, to the parent after that",
        hop="0 from a document, n after n relations",
    ),
    Duplicate: avro_schema(
        Duplicate,
        "A persona that was dropped, and the kept one that stands for it.",
        persona_id="The persona that is not kept",
        text="Its text",
        duplicate_of="persona_id of a kept persona within the threshold",
        kind="'text': by Jaccard similarity of token sets; 'meaning': by cosine of vectors",
        similarity="Jaccard similarity or cosine",
        **PERSONA_DOCS,
    ),
    DocumentOutcome: avro_schema(
        DocumentOutcome,
        "What became of one record of the corpus that could be read; one row for every such record.",
        document_id="32 hex digits of a hash of the text",
        source="Its URL, or its id in the corpus",
        file="Path of the file that held it",
        place="Within the file: 'line 7', 'row 12' ...",
        outcome="'document': a model was asked; 'unasked': none answered, for want of budget or server; "
        "'repeated': the same text as another; 'known-elsewhere': read before, at another address; 'skipped-<reason>'",
        language="ISO 639-1, 'und' if undetermined",
        characters="Length of the text",
    ),
    Vector: avro_schema(
        Vector,
        "The sentence vector of a persona that is kept.",
        persona_id="The persona",
        vector="float16, little-endian, of unit length",
    ),
    Centroids: avro_schema(
        Centroids,
        "The k-means table that parts the vectors into cells, so that a refresh need not train one.",
        rows="Vectors, of which a sample trained it; of several tables that of the most rows holds",
        dimension="Of the centroids: that of projected vectors",
        centroids="int16, little-endian, one centroid after another: whole numbers of length 4000",
        mean="int32, little-endian: what is taken off a projected vector before it is compared with centroids",
    ),
    Attributes: avro_schema(
        Attributes,
        "What the text of a kept persona says of it; 'unspecified' where it says nothing.",
        persona_id="The persona",
        language="ISO 639-1, 'und' if undetermined",
        occupation="Major group of ISCO-08, '0' to '9'",
        occupation_unit="Unit group of ISCO-08, 4 digits",
        seniority="A word of a fixed set",
        life_stage="A word of a fixed set",
        country="ISO 3166 alpha-2",
        education="Level of education, a word of a fixed set",
        given="JSON object of the columns that a given persona came with, empty if none. Untrusted.",
    ),
    Member: avro_schema(
        Member,
        "Which cluster a kept persona belongs to.",
        persona_id="The persona",
        cluster="The cluster's path: a prefix of '3.1.4', as '3.1', is a parent",
    ),
    Cluster: avro_schema(
        Cluster,
        "A group of personas that lie together by their vectors.",
        cluster="Its path: a prefix of '3.1.4', as '3.1', is a parent",
        level="1 at the top",
        label="Its most telling words in its main language, joined by ', '. Untrusted.",
        language="The main one: ISO 639-1, 'und' if undetermined",
        size="Personas",
        languages="JSON object of personas by language, the most first",
        examples="persona_ids joined by blanks, the nearest to the centroid first",
        rows="Vectors that the version had which trained the centroids",
        offset="What is taken off a vector's product with the centroid before products are compared",
        centroid="int16, little-endian: whole numbers of length 4000; empty where nothing is compared with it",
    ),
    Tombstone: avro_schema(
        Tombstone,
        "A tombstone: what readers of this version and of later ones do not see, though files of earlier ones hold it.",
        key="Id of a persona or document, or a source",
        kind="'persona': gone; 'moved': its row stands anew; 'document', 'source': no refresh reads it again",
    ),
}
# The tables of a version: the prefix of their files, and what they hold.
TABLES: dict[str, type] = {
    "personas": Persona,
    "provenance": Provenance,
    "duplicates": Duplicate,
    "documents": DocumentOutcome,
    "vectors": Vector,
    "centroids": Centroids,
    "attributes": Attributes,
    "members": Member,
    "clusters": Cluster,
    "removed": Tombstone,
}
JSON_RECORDS = (Sample, Rejected, DeadLetter)


def to_row(record: Any) -> dict[str, Any]:
    """The row of a record that goes into a file, with what cannot be UTF-8 replaced by U+FFFD.

    A lone surrogate is a code point that no encoding may carry. Readers of the corpus never let one in, but a model's
    JSON can spell it ("\\ud83d"), and one such character must not stop a job; ids stay those of the text as it was.
    """
    row = vars(record)
    try:
        "".join([value for value in row.values() if type(value) is str]).encode()
    except UnicodeEncodeError:
        row = {name: _whole(value) if type(value) is str else value for name, value in row.items()}
    return _sample_row(row) if isinstance(record, Sample) else row


def from_row(record: type[Record], row: Mapping[str, Any]) -> Record:
    """The record of a row that `to_row` made."""
    if issubclass(record, Sample):
        values = {name: row[RELEASED.get(name, name)] for name in _SAMPLE_FIELDS}
        more = {name: row[name] for name in ("reason", "detail") if name in row}
        proof = Proof(**(row.get("proof") or {}))
        return record(
            **values,
            **row["usage"],
            **more,
            fields=row.get("fields") or "",
            proof=proof,
            scores=row.get("scores") or "",
        )
    if record is Centroids:  # fastavro gives a default of bytes as the text that the schema spells it as
        return record(**{**row, "mean": row["mean"] or b""})
    return record(**row)


_LATER = ("fields", "proof", "scores")  # of a sample's fields: rows of earlier releases lack them
_SAMPLE_FIELDS = tuple(f.name for f in fields(Sample) if not f.name.endswith("_tokens") and f.name not in _LATER)


def _sample_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A sample under the released dataset's names, those first, and the tokens it took as `usage`."""
    why = {name: row[name] for name in ("reason", "detail") if name in row}
    proof = row["proof"]
    return {
        "input persona": row["persona"],
        "synthesized text": row["text"],
        "description": row["description"],
        "persona_id": row["persona_id"],
        "use_case": row["use_case"],
        "number": row["number"],
        "model": row["model"],
        "prompt_hash": row["prompt_hash"],
        "usage": {"input_tokens": row["input_tokens"], "output_tokens": row["output_tokens"]},
        "fields": row["fields"],
        "proof": {name: _whole(value) if type(value) is str else value for name, value in vars(proof).items()}
        if proof.kind
        else None,
        **({"scores": row["scores"]} if row["scores"] else {}),
        **why,
    }


def _whole(text: str) -> str:
    """`text` with U+FFFD for lone surrogates; halves of a pair that stand together become their character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
