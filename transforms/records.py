"""The records that flow between steps: Document -> Persona -> Sample, and DeadLetter for whatever does not go on.

Records are frozen and typed. Nothing here needs Beam: how records travel between steps is said in
`persona_hub.transforms.wire.batches`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from typing import Any

from persona_hub.transforms.normal_forms import nfkc

EXCERPT_CHARACTERS = 240  # of untrusted text, in dead letters: enough to see what it was, too short to leak much
ADDRESS_END = "\n"  # between the addresses of a source that has several: no address has a line end
GIVEN = "given"  # origin of personas that a user brought, and their relation to their rows
HOP_LIMIT = 7  # a rank has three bits for the hop


@dataclass(frozen=True)
class Document:
    """A text of the corpus, ready to be read by a model."""

    document_id: str  # 32 hex digits, `content_id` of the text
    text: str
    source: str  # where a person would look it up: the page's URL or id (ADDRESS_END), else file and place
    language: str  # ISO 639-1, "und" if undetermined
    file: str  # path as it was matched
    place: str  # within the file: "line 7", "byte 1043", "row 12", "record 3"


@dataclass(frozen=True)
class DocumentOutcome:
    """What became of one record of the corpus that could be read; one for every such record."""

    document_id: str
    source: str
    file: str
    place: str
    outcome: str  # "document" | "repeated" | "known-elsewhere" | "skipped-<reason>"; in a hub's table also "unasked"
    language: str
    characters: int


@dataclass(frozen=True)
class Persona:
    """Who somebody is, in a sentence or two."""

    persona_id: str  # 32 hex digits, `persona_id` of the text
    text: str
    origin: str  # "text": of a document; "relation": of another persona; GIVEN: of a user's own file
    hop: int  # 0 from a document, n after n relations
    parent_id: str  # persona_id of the persona that it was expanded from, "" at hop 0
    relation: str  # "read", "write", ... of the document at hop 0, or GIVEN; to the parent after
    document_id: str  # the document at the root of the chain
    source: str  # of that document
    language: str
    model: str
    prompt_hash: str

    @property
    def order(self) -> tuple[int, str, str, str]:
        """Sort key of representatives: independent of order, sharding and runner."""
        return (self.hop, self.persona_id, self.document_id, self.parent_id)


@dataclass(frozen=True)
class Provenance:
    """One way in which a persona came about; a persona that two documents give has two."""

    persona_id: str
    document_id: str
    source: str
    parent_id: str
    relation: str
    hop: int


@dataclass(frozen=True)
class Duplicate:
    """A persona that is not kept, and the kept one that stands for it: all of it, since that one may be taken down."""

    persona_id: str
    text: str
    duplicate_of: str  # persona_id of a kept persona within the threshold
    kind: str  # "text" | "meaning" | "language"
    similarity: float  # Jaccard of token sets, or cosine
    origin: str  # from here on as in Persona
    hop: int
    parent_id: str
    relation: str
    document_id: str
    source: str
    language: str
    model: str
    prompt_hash: str

    @classmethod
    def of(cls, persona: Persona, duplicate_of: str, kind: str, similarity: float) -> Duplicate:
        """The row of `persona`, which `duplicate_of` stands for."""
        return cls(duplicate_of=duplicate_of, kind=kind, similarity=similarity, **vars(persona))

    @property
    def persona(self) -> Persona:
        """The persona itself."""
        return Persona(**{f.name: getattr(self, f.name) for f in fields(Persona)})


@dataclass(frozen=True)
class Vector:
    """The sentence vector of a persona that is kept."""

    persona_id: str
    vector: bytes  # float16, little-endian, of unit length


@dataclass(frozen=True)
class Centroids:
    """The k-means table that parts a hub's vectors into cells."""

    rows: int  # vectors, of which a sample trained it
    dimension: int  # of the centroids: that of projected vectors
    centroids: bytes  # int16, little-endian, shape (cells, dimension): whole numbers of norm `quantised.QUANTISED_NORM`
    mean: bytes = b""  # int32, little-endian, shape (dimension,): what is taken off a projected vector


@dataclass(frozen=True)
class Attributes:
    """What the text of a kept persona says of it; "unspecified" where it says nothing."""

    persona_id: str
    language: str  # as of the persona
    occupation: str  # major group of ISCO-08, "0" to "9"
    occupation_unit: str  # unit group of ISCO-08, 4 digits
    seniority: str
    life_stage: str
    country: str  # ISO 3166 alpha-2
    education: str  # level, a word as ISCED has it
    given: str  # JSON object of the columns that a given persona came with, "" if none


@dataclass(frozen=True)
class GivenColumns:
    """The other columns of the row that a given persona came with; no table of its own."""

    document_id: str  # of the row, as the persona has it
    columns: str  # JSON object


@dataclass(frozen=True)
class Member:
    """Which cluster a kept persona belongs to."""

    persona_id: str
    cluster: str  # of the leaf


@dataclass(frozen=True)
class Cluster:
    """A group of personas that lie together by their vectors; all of a version's clusters are its latest table's."""

    cluster: str  # path from the top, "3.1.4": a prefix is a parent
    level: int  # 1 at the top
    label: str  # its most telling words in its main language, joined by ", "
    language: str  # the main one
    size: int  # personas
    languages: str  # JSON object of personas by language, the most first
    examples: str  # persona_ids joined by " ", the nearest to the centroid first
    rows: int  # vectors that the version had which trained the centroids
    offset: int  # what is taken off a vector's product with the centroid
    centroid: bytes  # int16, little-endian: whole numbers of norm `quantised.QUANTISED_NORM`; empty where there is one


@dataclass(frozen=True)
class Tombstone:
    """A tombstone: what readers see no more, though files of earlier versions hold it."""

    key: str  # a persona's or document's id, or a source
    kind: str  # "persona": gone; "moved": its row stands anew; "document", "source": never to be read again


@dataclass(frozen=True, order=True)
class Proof:
    """Why a sample is held to be right."""

    kind: str = ""  # "program", "search", "vote:3/5", "independent", "schema" ...; "": none
    program: str = ""  # that was run
    output: str = ""  # of the program, or the answer that agreed
    agreed: int = 0  # answers, of a program or a model, that are equal to the one stated


@dataclass(frozen=True)
class Sample:
    """A piece of synthetic data made with a persona."""

    persona_id: str
    persona: str
    use_case: str
    text: str  # the released dataset's `synthesized text`
    description: str
    model: str
    prompt_hash: str
    number: int  # of the samples of one persona and use case, from 0
    input_tokens: int
    output_tokens: int
    fields: str = ""  # JSON object of the answer, "" where the use case has free text
    proof: Proof = Proof()
    scores: str = ""  # JSON object of a judge's name, score, points and comment, "" where none was asked


@dataclass(frozen=True)
class Rejected(Sample):
    """A sample that is not kept, and why; of an answer that cannot be read, the text is its beginning."""

    reason: str = ""  # a word to count by: "program-disagreed", "contaminated", "near-duplicate-sample" ...
    detail: str = ""

    @classmethod
    def of(cls, sample: Sample, reason: str, detail: str) -> Rejected:
        """`sample`, rejected; what is untrusted in `detail` is made printable here."""
        return cls(**{f.name: getattr(sample, f.name) for f in fields(Sample)}, reason=reason, detail=excerpt(detail))


@dataclass(frozen=True)
class DeadLetter:
    """A record that did not go on: which step stopped it and why, and where it is to be found."""

    stage: str  # the step, as in the graph: "read_corpus", "filter_persona" ...
    reason: str  # a word to count by: "gzip-truncated", "too-short", "duplicate" ...
    key: str  # document_id, persona_id, or the file
    detail: str  # the file and place, the cause in words, and the remedy where there is one
    excerpt: str = ""  # of the text itself, cut by `excerpt`


def content_id(text: str) -> str:
    """128 bits of a hash of `text`, as 32 hex digits."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def text_id(text: str) -> str:
    """Id of a text but for case, compatibility forms and white space."""
    return content_id(" ".join(nfkc(text).casefold().split()))


def persona_id(text: str) -> str:
    """Id of a persona: `text_id` of its text."""
    return text_id(text)


def partition_of(record_id: str, partitions: int) -> int:
    """Partition of a hex id in 0 .. partitions - 1; ids of one partition are neighbours in sorted order."""
    return int(record_id[:8], 16) * partitions >> 32


def is_named(source: str, names: AbstractSet[str]) -> bool:
    """Whether `names` has a source, or any of the addresses in it."""
    return source in names or (ADDRESS_END in source and not names.isdisjoint(source.split(ADDRESS_END)))


def printable(text: str) -> str:
    """An untrusted text for a terminal, on one line: a space for each character that might steer it.

    These are control characters (C0, C1, DEL), ends of lines, marks that turn the direction of writing, and whatever
    else shows no sign.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def excerpt(text: str, characters: int = EXCERPT_CHARACTERS) -> str:
    """The beginning of an untrusted text, on one line, cut to a bound."""
    head = printable(text[: characters + 1])
    return head if len(text) <= characters else head[: characters - 1] + "…"


def as_dict(record: Any) -> dict[str, Any]:
    """Field names and values of a record, as the edges (JSON, Avro, Parquet) want them."""
    return {field.name: getattr(record, field.name) for field in fields(record)}
