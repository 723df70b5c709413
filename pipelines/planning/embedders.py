"""Which embedder a job compares by, whatever path or flag names it, and whether it is the one of a hub's vectors."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from persona_hub.pipelines.cli.command_options import PersonaDedupOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.model_options import EmbedderOptions
from persona_hub.pipelines.runners.called_models import KnownVector
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.embed_dedup.near_duplicates import CELLS_FROM
from persona_hub.transforms.embedding.across_languages import AcrossLanguages, across_languages
from persona_hub.transforms.embedding.model_files import savedmodel_files
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import ONE_MODEL, split_embedder
from persona_hub.transforms.embedding.thresholds import FORMER_DEFAULT, chosen_for, embedder_named, threshold_of
from persona_hub.transforms.embedding.use.weights import use_files
from persona_hub.transforms.files.storage import is_local
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Persona, Vector

EMBEDDER, EMBEDDER_FILES = "embedder", "embedder_files"  # in a manifest's `models`
THRESHOLD_FOR = "threshold_for"  # there, too: the embedder that the threshold was chosen for
SAVED_MODEL, SENTENCE_ENCODER = "savedmodel", "use"
OFFLINE = "offline"  # which stands for `hash` in fingerprints, so that those of earlier releases stay
NO_MODELS: Mapping[str, str] = {}
LOOKED_AT = 4096  # records of a file

EmbedderOptionsT = TypeVar("EmbedderOptionsT", bound=EmbedderOptions)


def files_hash(options: EmbedderOptions, where: Where) -> str:
    """A hash of a SavedModel's files, or of `use` and its forward pass; "" for others, and where none is used.

    Raises SavedModelError or UseError where there is no such model. A path of a cluster's workers cannot be looked at
    from here.
    """
    backend, path = split_embedder(options.embedder)
    if backend not in (SAVED_MODEL, SENTENCE_ENCODER) or options.embedding_threshold == 1.0:
        return ""
    if backend == SENTENCE_ENCODER:
        return use_files()
    if is_local(path) and not where.one_machine:
        return ""
    return savedmodel_files(path)


def identified(options: EmbedderOptions, where: Where) -> dict[str, Any]:
    """What stands for the embedder's name in a fingerprint: a local model is its files, wherever they lie."""
    found, backend = files_hash(options, where), split_embedder(options.embedder)[0]
    if found:
        return {EMBEDDER: f"{backend}:{found}"}
    return {EMBEDDER: OFFLINE} if backend in ONE_MODEL else {}


def models_entry(
    embedder: EmbedderConfig, threshold: float = 1.0, before: Mapping[str, str] = NO_MODELS
) -> dict[str, str]:
    """The embedder as a manifest's `models` names it, and which one the threshold was chosen for.

    `before`: the `models` of the hub that the threshold was taken from, if it was.
    """
    entry = {EMBEDDER: embedder.name} | ({EMBEDDER_FILES: embedder.files} if embedder.files else {})
    return entry | ({THRESHOLD_FOR: threshold_for(embedder.name, threshold, before)} if threshold < 1.0 else {})


def threshold_for(name: str, threshold: float, before: Mapping[str, str]) -> str:
    """The embedders that a threshold was chosen for; `before` as for `models_entry`."""
    return before.get(THRESHOLD_FOR) or chosen_for(name, threshold)


def warn_of_threshold(options: EmbedderOptions, before: Mapping[str, str] = NO_MODELS) -> None:
    """Says so where the threshold was chosen for another embedder; `before` as for `models_entry`."""
    name, cosine = options.embedder, options.embedding_threshold
    other = threshold_for(name, cosine, models_of_threshold(options, before))
    backend, own = split_embedder(name)[0], threshold_of(name)
    if cosine == 1.0 or other == backend:
        return
    remedy = "measured" if own.measured else "the default, not measured"
    say(
        f"warning: --embedding_threshold {cosine:g} was chosen for other embedders ({other}); for {backend} "
        f"{own.cosine:g} is {remedy}: see docs/embed_dedup.md",
        file=sys.stderr,
        flush=True,
    )


def models_of_threshold(options: EmbedderOptions, before: Mapping[str, str]) -> Mapping[str, str]:
    """The `models` of the hub that the threshold was taken from; none where it was given."""
    return NO_MODELS if "embedding_threshold" in options.given else before


def as_in_earlier_releases(options: EmbedderOptionsT) -> EmbedderOptionsT:
    """The same command before `use` was the default, and before a threshold was the embedder's."""
    former = dict(zip((EMBEDDER, "embedding_threshold"), FORMER_DEFAULT, strict=True))
    changes: dict[str, Any] = {name: value for name, value in former.items() if name not in options.given}
    return replace(options, **changes)


def across_of(options: PersonaDedupOptions) -> AcrossLanguages | None:
    """How personas of different languages are compared, None if they are not.

    Raises UsageError where the step that does it is off, InvalidInputError where the embedder cannot.
    """
    if not options.across_languages:
        if options.across_languages_threshold:
            raise UsageError(
                f"--across_languages_threshold {options.across_languages_threshold}: decides nothing without "
                "--across_languages; give that, too, or leave it out"
            )
        return None
    if options.embedding_threshold < CELLS_FROM or options.embedding_threshold == 1.0:
        raise UsageError(
            f"--across_languages: compares what --embedding_threshold leaves, which must be {CELLS_FROM} to 0.99; "
            f"it is {options.embedding_threshold}"
        )
    return across_languages(options.embedder, options.across_languages_threshold)


def is_embedder_of(models: Mapping[str, str], embedder: EmbedderConfig) -> bool:
    """Whether a hub's vectors, made by the `models` of its manifest, are of this embedder.

    Of a local model by its files, where they are known of both; hubs of earlier releases know its path only.
    """
    before = models.get(EMBEDDER_FILES, "")
    if before and embedder.files:
        return before == embedder.files
    return embedder_named(models.get(EMBEDDER, embedder.name)) == embedder.name


def known_vector(hub: Hub) -> KnownVector | None:
    """A persona of the hub that has a vector, out of the beginning of its first files; None where none is found."""
    for path in hub.paths("vectors")[:1]:
        vectors = {row.persona_id: row.vector for row in islice(read_file(path, Vector), LOOKED_AT)}
        for table in hub.paths("personas")[:1]:
            for persona in islice(read_file(table, Persona), LOOKED_AT):
                if persona.persona_id in vectors:
                    return KnownVector(persona.text, vectors[persona.persona_id])
    return None


def check_embedder(options: EmbedderOptions, hub: Hub, where: Where) -> None:
    """Raises UsageError where vectors of the new personas could not be compared with the hub's."""
    if options.embedding_threshold == 1.0:
        return
    models = hub.manifest.models
    asked = EmbedderConfig(options.embedder)
    if models.get(EMBEDDER, asked.name).partition(":")[0] in (SAVED_MODEL, SENTENCE_ENCODER):
        asked = EmbedderConfig(options.embedder, files=files_hash(options, where))
    if not is_embedder_of(models, asked):
        if models.get(EMBEDDER) == asked.name == SENTENCE_ENCODER:
            raise UsageError(
                f"--embedder {asked.name}: the vectors of this hub are of another release of it (files "
                f"{models[EMBEDDER_FILES][:8]}, here {asked.files[:8]}); install the release of this package that made "
                f"the hub, or build a new hub"
            )
        if models.get(EMBEDDER) == asked.name:
            raise UsageError(
                f"--embedder {asked.name}: another model lies there than the one of this hub's vectors (files "
                f"{asked.files[:8]}, then {models[EMBEDDER_FILES][:8]}); put that one back, or build a new hub"
            )
        raise UsageError(
            f"--embedder {asked.name}: the vectors of this hub are of {embedder_named(models[EMBEDDER])}, and those of "
            f"two embedders cannot be compared; leave the flag out, or build a new hub"
        )
    before = hub.manifest.parameters.get("embedding_dimensions", 0)
    if options.embedding_dimensions != before:
        raise UsageError(
            f"--embedding_dimensions {options.embedding_dimensions}: the vectors of this hub were asked for with "
            f"{before}, and those of two sizes cannot be compared; leave the flag out, or build a new hub"
        )
