"""A default of one thing is the same wherever it stands: a step used from Python does what the command does."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.option import options_of
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.embed_dedup.embed_dedup import EmbedDedup
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.expand_persona.expand_persona import ExpandPersona
from persona_hub.transforms.extract_persona.extract_persona import ExtractPersona
from persona_hub.transforms.filter_persona.filter_persona import FilterPersona
from persona_hub.transforms.minhash_dedup.minhash_dedup import MinHashDedup
from persona_hub.transforms.read_corpus.read_corpus import ReadCorpus


@pytest.mark.parametrize(
    ("step", "field", "option"),
    [
        (ReadCorpus, "min_characters", "min_characters"),
        (ReadCorpus, "max_characters", "max_characters"),
        (ReadCorpus, "max_documents", "max_documents"),
        (ExtractPersona, "personas_per_document", "personas_per_document"),
        (ExtractPersona, "persona_language", "persona_language"),
        (FilterPersona, "pii", "pii"),
        (FilterPersona, "persona_language", "persona_language"),
        (ExpandPersona, "hops", "expand_hops"),
        (ExpandPersona, "per_persona", "expand_per_persona"),
        (ExpandPersona, "threshold", "minhash_threshold"),
        (ExpandPersona, "bucket_keys", "bucket_keys"),
        (ExpandPersona, "stop_below_novelty", "stop_below_novelty"),
        (MinHashDedup, "threshold", "minhash_threshold"),
        (MinHashDedup, "bucket_keys", "bucket_keys"),
        (EmbedDedup, "threshold", "embedding_threshold"),
        (ModelConfig, "name", "llm"),
        (ModelConfig, "max_in_flight", "max_in_flight"),
        (ModelConfig, "timeout", "call_timeout"),
        (ModelConfig, "attempts", "call_attempts"),
        (ModelConfig, "repairs", "retry_malformed"),
        (EmbedderConfig, "name", "embedder"),
        (EmbedderConfig, "dimensions", "embedding_dimensions"),
        (EmbedderConfig, "batch", "embedding_batch"),
    ],
)
def test_a_step_s_default_is_the_flag_s(step: Any, field: str, option: str) -> None:
    [found] = [one for one in fields(step) if one.name == field]
    assert found.default == options_of(BuildOptions)[option].default
