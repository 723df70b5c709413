"""search: the personas of a hub nearest to a text, or to one of them, by meaning and by words."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import orjson

from persona_hub.pipelines.cli.command_options import SearchOptions
from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, UsageError
from persona_hub.pipelines.cli.log_lines import say, say_lines
from persona_hub.pipelines.cli.parser import inherit
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.embedders import check_embedder
from persona_hub.pipelines.planning.models import HERE, called_models, embedder_of
from persona_hub.pipelines.planning.trust import guarded, to_type
from persona_hub.pipelines.runners.called_models import check_models
from persona_hub.pipelines.runners.response_store import check_store
from persona_hub.transforms.embedding.bundle import Lost
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import is_paid
from persona_hub.transforms.hub.places import as_told
from persona_hub.transforms.hub.reading import read_personas, read_table
from persona_hub.transforms.hub.versions import Hub, open_hub
from persona_hub.transforms.records import Vector, printable
from persona_hub.transforms.search.question import embed_text
from persona_hub.transforms.search.search import FoundPersona, Question, search
from persona_hub.transforms.vectors.float16 import StoredVectors

NO_VECTORS = "this version has no vectors (--embedding_threshold 1.0)"


class Meaning(NamedTuple):
    """The vector that is searched for, or why the search is by words alone."""

    vector: StoredVectors | None
    why: str = ""
    code: int = DONE  # of the command


def search_hub(options: SearchOptions, _: Sequence[str]) -> int:
    """Prints the personas that are found, a line each, the nearest first; returns the exit code."""
    if bool(options.text.strip()) == bool(options.like):
        raise UsageError('name either what to search for, as in search --hub DIR "a nurse", or --like PERSONA_ID')
    hub = open_hub(options.hub, options.version)
    text = text_of(hub, options.like) if options.like else options.text
    meaning = meaning_of_persona(hub, options.like) if options.like else meaning_of(options, hub)
    if meaning.why:
        say(f"persona-hub search: by words alone: {meaning.why}", file=sys.stderr, flush=True)
    found = search(hub, Question(text, meaning.vector, options.like), options.n)
    say_lines(as_json(found) if options.format == "json" else as_text(found))
    if not found:
        say("persona-hub search: nothing is found", file=sys.stderr)
    return meaning.code


def text_of(hub: Hub, persona_id: str) -> str:
    """The text of a persona that the version shows. Raises UsageError where it shows none of this id."""
    for persona in read_personas(hub):
        if persona.persona_id == persona_id:
            return persona.text
    raise UsageError(
        f"--like {as_told(persona_id)}: version {hub.manifest.version} of {hub.output} shows no persona of this id; "
        "name one that `search` or `export --format parquet` tells"
    )


def meaning_of_persona(hub: Hub, persona_id: str) -> Meaning:
    """The vector that the hub holds of a persona; no embedder is asked."""
    for row in read_table(hub, "vectors", Vector):
        if row.persona_id == persona_id and len(row.vector) % 2 == 0:
            return Meaning(np.frombuffer(row.vector, "<f2").astype(np.float16))
    return Meaning(None, "this persona has no vector" if hub.paths("vectors") else NO_VECTORS)


def meaning_of(options: SearchOptions, hub: Hub) -> Meaning:
    """The vector of the text by the hub's own embedder; nothing that only a manifest names is used.

    Raises UsageError for another embedder than that of the hub's vectors.
    """
    if not hub.paths("vectors"):
        return Meaning(None, NO_VECTORS)
    asked = inherit(options, hub.manifest.parameters)
    if typed := to_type(options, hub, guarded(type(options)) if is_paid(asked.embedder) else ["embedder"]):
        why = "the manifest names what you have not used with this hub on this machine; if you trust that, add "
        return Meaning(None, why + typed, BUDGET_SPENT)
    if asked.embedding_threshold == 1.0:
        return Meaning(None, "--embedding_threshold 1.0")
    check_embedder(asked, hub, HERE)
    embedder = embedder_of(asked, HERE)
    found = embedded(embedder, options.text, hub)
    if isinstance(found, Lost):
        return Meaning(None, f"--embedder {embedder.name}: {found.reason} {found.detail}".rstrip(), BUDGET_SPENT)
    return Meaning(found)


def embedded(embedder: EmbedderConfig, text: str, hub: Hub) -> StoredVectors | Lost:
    """The vector of the text, or why there is none: what a server does not give is no reason to find nothing."""
    if embedder.calls is not None:
        check_store(embedder.calls.store, HERE, hub.output)
        try:
            check_models(called_models(None, embedder), HERE)
        except UsageError as error:  # no key, nobody at the address
            return Lost("not asked:", str(error))
    return embed_text(embedder, text)


def as_text(found: Sequence[FoundPersona]) -> Iterator[str]:
    """A line for each persona: score, id, language, text."""
    for one in found:
        yield f"{one.score:.4f}  {one.persona.persona_id}  {one.persona.language:4}  {one.persona.text}"


def as_json(found: Sequence[FoundPersona]) -> Iterator[str]:
    """A JSON object for each persona, with what its score comes of."""
    for one in found:
        row = {
            "score": round(one.score, 6),
            "persona_id": one.persona.persona_id,
            "text": printable(one.persona.text),
            "language": printable(one.persona.language),
            "cosine": None if one.cosine is None else round(one.cosine, 6),
            "words": round(one.words, 6),
        }
        yield orjson.dumps(row).decode()


if __name__ == "__main__":
    sys.exit(run_command("search", search_hub))
