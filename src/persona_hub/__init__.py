"""Persona Hub on Beam: a corpus in, a hub of diverse personas and synthetic training data out.

`__all__` is the public API, which docs/api.md describes; every other name may change from one release to the next.
A name is imported when it is first used, so that `import persona_hub` and `persona-hub --help` load no Beam.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from persona_hub.transforms.api.batching import BatchRecords, UnbatchRecords
    from persona_hub.transforms.api.deduplicate import (
        DeduplicateByMeaning,
        DeduplicateByWords,
        DistinctTexts,
        DuplicateText,
    )
    from persona_hub.transforms.api.generate import Answers, Generate
    from persona_hub.transforms.api.read_hub import ReadHub
    from persona_hub.transforms.calls.protocol import Budget, ModelConfig
    from persona_hub.transforms.check_samples.judge_samples import JudgeSamples
    from persona_hub.transforms.embed_dedup.embed_dedup import EmbedDedup
    from persona_hub.transforms.embedding.protocol import EmbedderConfig
    from persona_hub.transforms.expand_persona.expand_persona import ExpandPersona
    from persona_hub.transforms.extract_persona.extract_persona import ExtractPersona
    from persona_hub.transforms.filter_persona.filter_persona import FilterPersona
    from persona_hub.transforms.hub.reading import read_personas
    from persona_hub.transforms.hub.versions import Hub, open_hub
    from persona_hub.transforms.judging.judge_task import Judge
    from persona_hub.transforms.judging.pairwise import JudgedPair, JudgePairs, Pair
    from persona_hub.transforms.llm.protocol import Sampling
    from persona_hub.transforms.minhash_dedup.minhash_dedup import MinHashDedup
    from persona_hub.transforms.read_corpus.read_corpus import ReadCorpus, match_corpus
    from persona_hub.transforms.records import (
        DeadLetter,
        Document,
        DocumentOutcome,
        Duplicate,
        Persona,
        Provenance,
        Sample,
    )
    from persona_hub.transforms.synthesis.use_case import UseCase
    from persona_hub.transforms.synthesis.use_cases import load_use_case
    from persona_hub.transforms.synthesize.synthesize import Synthesize

__all__ = [
    "Answers",
    "BatchRecords",
    "Budget",
    "DeadLetter",
    "DeduplicateByMeaning",
    "DeduplicateByWords",
    "DistinctTexts",
    "Document",
    "DocumentOutcome",
    "Duplicate",
    "DuplicateText",
    "EmbedDedup",
    "EmbedderConfig",
    "ExpandPersona",
    "ExtractPersona",
    "FilterPersona",
    "Generate",
    "Hub",
    "Judge",
    "JudgePairs",
    "JudgeSamples",
    "JudgedPair",
    "MinHashDedup",
    "ModelConfig",
    "Pair",
    "Persona",
    "Provenance",
    "ReadCorpus",
    "ReadHub",
    "Sample",
    "Sampling",
    "Synthesize",
    "UnbatchRecords",
    "UseCase",
    "load_use_case",
    "match_corpus",
    "open_hub",
    "read_personas",
]

_MODULES = {
    "transforms.api.batching": ("BatchRecords", "UnbatchRecords"),
    "transforms.api.deduplicate": ("DeduplicateByMeaning", "DeduplicateByWords", "DistinctTexts", "DuplicateText"),
    "transforms.api.generate": ("Answers", "Generate"),
    "transforms.api.read_hub": ("ReadHub",),
    "transforms.calls.protocol": ("Budget", "ModelConfig"),
    "transforms.check_samples.judge_samples": ("JudgeSamples",),
    "transforms.embed_dedup.embed_dedup": ("EmbedDedup",),
    "transforms.embedding.protocol": ("EmbedderConfig",),
    "transforms.expand_persona.expand_persona": ("ExpandPersona",),
    "transforms.extract_persona.extract_persona": ("ExtractPersona",),
    "transforms.filter_persona.filter_persona": ("FilterPersona",),
    "transforms.hub.reading": ("read_personas",),
    "transforms.hub.versions": ("Hub", "open_hub"),
    "transforms.judging.judge_task": ("Judge",),
    "transforms.judging.pairwise": ("JudgePairs", "JudgedPair", "Pair"),
    "transforms.llm.protocol": ("Sampling",),
    "transforms.minhash_dedup.minhash_dedup": ("MinHashDedup",),
    "transforms.read_corpus.read_corpus": ("ReadCorpus", "match_corpus"),
    "transforms.records": ("DeadLetter", "Document", "DocumentOutcome", "Duplicate", "Persona", "Provenance", "Sample"),
    "transforms.synthesis.use_case": ("UseCase",),
    "transforms.synthesis.use_cases": ("load_use_case",),
    "transforms.synthesize.synthesize": ("Synthesize",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
