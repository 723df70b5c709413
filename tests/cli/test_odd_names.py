"""A name that is not UTF-8 goes into a manifest as it is printed."""

from __future__ import annotations

import os

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.option import recorded_values


def test_a_name_that_is_not_utf_8_is_recorded_as_it_is_printed() -> None:
    options = BuildOptions(input=(os.fsdecode(b"caf\xe9/*.jsonl"), "a\nb"), output=os.fsdecode(b"h\xfcb"))
    recorded = recorded_values(options)
    assert (recorded["input"], recorded["output"]) == ([r"caf\xe9/*.jsonl", "a\nb"], r"h\xfcb")
