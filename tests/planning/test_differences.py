"""What a refused build is told: each parameter that differs from the hub in its way, with both values."""

from __future__ import annotations

from dataclasses import replace

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.option import recorded_values
from persona_hub.pipelines.planning.differences import SAME_NAMES, differences
from persona_hub.transforms.hub.manifest import Manifest

OPTIONS = BuildOptions(input=("a.jsonl",), output="out")
BUILT = Manifest(version="0001-aa", parameters=recorded_values(OPTIONS), prompts={"math": "0" * 16})


def test_each_parameter_is_told_with_both_values() -> None:
    now = replace(OPTIONS, input=("a.jsonl", "b.jsonl"), expand_hops=1, language=("de", "fr"), partitions=7)
    assert differences(now, BUILT) == (
        "--expand_hops 1, before 6; --input a.jsonl,b.jsonl, before a.jsonl; --language de,fr, before not given"
    )
    assert differences(OPTIONS, replace(BUILT, parameters=recorded_values(now))).startswith(
        "--expand_hops 6, before 1; "
    )


def test_what_is_decided_by_files_is_told() -> None:
    assert differences(OPTIONS, BUILT) == SAME_NAMES
    another = replace(BUILT, prompts={"extract_persona": "0" * 16})
    assert (
        differences(OPTIONS, another) == "the prompt extract_persona is another, by --prompt_dir or by another release"
    )


def test_values_are_cut_and_hold_no_key() -> None:
    now = replace(OPTIONS, input=("s3://user:secret@box/x?token=geheim" + "y" * 200,))
    said = differences(now, BUILT)
    assert "secret" not in said
    assert "geheim" not in said
    assert len(said) < 150
