"""A default threshold is a property of the embedder; earlier names, fingerprints and hubs go on as they were."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from persona_hub.pipelines.cli.parser import inherit
from persona_hub.pipelines.planning.differences import changed_parameters
from persona_hub.pipelines.planning.embedders import (
    as_in_earlier_releases,
    identified,
    is_embedder_of,
    models_entry,
    warn_of_threshold,
)
from persona_hub.pipelines.planning.models import HERE
from persona_hub.pipelines.planning.plan import build_fingerprint
from persona_hub.transforms.embed_dedup.embed_dedup import EmbedDedup
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import EMBEDDERS, split_embedder
from persona_hub.transforms.embedding.thresholds import THRESHOLDS, chosen_for, default_threshold
from tests.helpers.flags import build_options


def fingerprint_of(*flags: str, earlier: bool = False) -> str:
    options = build_options(*flags)
    job = as_in_earlier_releases(options) if earlier else options
    return build_fingerprint(job, [], [], [], identified(job, HERE))


@pytest.mark.parametrize(
    ("flags", "embedder", "threshold"),
    [
        ("", "use", 0.965),
        ("--embedder hash", "hash", 0.93),
        ("--embedder offline", "hash", 0.93),
        ("--embedder savedmodel:/m", "savedmodel:/m", 0.9),
        ("--embedder openai:m", "openai:m", 0.9),
        ("--embedding_threshold 0.8", "use", 0.8),
        ("--embedding_threshold 1.0", "use", 1.0),
    ],
)
def test_where_no_threshold_is_given_it_is_the_embedders(flags: str, embedder: str, threshold: float) -> None:
    options = build_options(*flags.split())
    assert (options.embedder, options.embedding_threshold) == (embedder, threshold)


def test_every_embedder_has_a_threshold() -> None:
    assert THRESHOLDS.keys() == {*EMBEDDERS.local, *EMBEDDERS.served}
    assert all(0.5 <= one.cosine <= 0.99 for one in THRESHOLDS.values())
    assert {name for name, one in THRESHOLDS.items() if one.measured} == {"use", "hash"}


def test_a_step_of_python_takes_the_threshold_of_its_embedder() -> None:
    assert EmbedDedup(blocks=1).cosine == default_threshold("use")
    assert EmbedDedup(blocks=1, embedder=EmbedderConfig("hash")).cosine == default_threshold("hash")
    assert EmbedDedup(blocks=1, embedder=EmbedderConfig("hash"), threshold=0.7).cosine == 0.7


def test_offline_is_a_former_name_of_hash() -> None:
    assert split_embedder("offline") == ("hash", "")
    assert EmbedderConfig("offline") == EmbedderConfig("hash")
    assert is_embedder_of({"embedder": "offline"}, EmbedderConfig("hash"))
    assert not is_embedder_of({"embedder": "offline"}, EmbedderConfig("use"))
    with pytest.raises(
        ValueError, match="--embedder hash:x: `hash` is one model and takes no name; say --embedder hash"
    ):
        split_embedder("hash:x")


@pytest.mark.parametrize(
    ("flags", "fingerprint"),
    [
        ("", "71797c2d9d76b43d"),
        ("--embedding_threshold 1.0", "aa4baaae8525d10e"),
        ("--embedder offline --embedding_threshold 0.8", "323c7e44afe637b8"),
    ],
)
def test_the_same_command_has_the_fingerprint_of_earlier_releases(flags: str, fingerprint: str) -> None:
    """Written down by the release in which `hash` was called `offline`, was the default, and went from 0.9 on."""
    given = flags.split()
    assert fingerprint_of(*given, earlier=True) == fingerprint
    assert fingerprint_of("--embedder", "hash", "--embedding_threshold", "0.9") == "71797c2d9d76b43d"
    assert (fingerprint_of(*given) == fingerprint) == (bool(given)), "but the default is another one now"


def test_a_refresh_takes_embedder_and_threshold_of_an_earlier_hub() -> None:
    before = {"embedder": "offline", "embedding_threshold": 0.9, "embedding_dimensions": 0}
    asked = inherit(build_options(), before)
    assert (asked.embedder, asked.embedding_threshold) == ("hash", 0.9)
    assert not [one for one in changed_parameters(asked, before) if "embed" in one], "another name is no difference"


def test_a_manifest_says_which_embedder_the_threshold_was_chosen_for() -> None:
    use = EmbedderConfig("use", files="f" * 32)
    assert models_entry(use, 0.965) == {"embedder": "use", "embedder_files": "f" * 32, "threshold_for": "use"}
    assert models_entry(use, 0.8)["threshold_for"] == "use", "a user's own choice"
    assert models_entry(use, 0.93)["threshold_for"] == "hash"
    assert models_entry(use, 0.965, {"threshold_for": "hash"})["threshold_for"] == "hash", "as the hub has it"
    assert "threshold_for" not in models_entry(use, 1.0)
    assert chosen_for("offline", 0.9) == "hash", "in hubs of earlier releases"


@pytest.mark.parametrize(
    ("flags", "before", "told"),
    [
        ("", {}, ""),
        ("--embedding_threshold 0.8", {}, ""),
        ("--embedding_threshold 1.0", {"threshold_for": "hash"}, ""),
        ("--embedder offline --embedding_threshold 0.9", {}, ""),
        ("--embedding_threshold 0.93", {}, "0.93 was chosen for other embedders (hash); for use 0.965 is measured"),
        ("--embedding_threshold 0.9", {}, "0.9 was chosen for other embedders (savedmodel, openai, gemini, vertex)"),
        ("", {"threshold_for": "hash"}, "0.965 was chosen for other embedders (hash); for use 0.965 is measured"),
        ("--embedding_threshold 0.8", {"threshold_for": "hash"}, ""),
        ("--embedder openai:m --embedding_threshold 0.965", {}, "for openai 0.9 is the default, not measured"),
    ],
)
def test_a_threshold_of_another_embedder_is_told(
    flags: str, before: Mapping[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    warn_of_threshold(build_options(*flags.split()), before)
    said = capsys.readouterr().err
    assert told in said
    assert bool(said) == bool(told)
