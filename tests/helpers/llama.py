"""Builds through llama.cpp's server, and what is read of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.helpers.hubs import personas, rows, samples
from tests.helpers.jobs import Forker, Job
from tests.helpers.paid import spend
from tests.helpers.places import ROOT
from tests.material.trades import write_corpus

IN_FLIGHT = 4
SHORT_PROMPTS = ["--prompt_dir", str(ROOT / "tests" / "material" / "short_prompts")]
SAMPLING = ["--temperature", "0.2", "--seed", "7"]
# A busy machine needs minutes for an answer: a call that is given up would be paid twice.
PATIENCE = ["--call_timeout", "900"]


@dataclass(frozen=True)
class Build:
    """A command, to be run once or again."""

    forker: Forker
    output: Path
    flags: Sequence[str]

    def start(self, *flags: str) -> Job:
        """Starts it."""
        command = [
            "build",
            "--input",
            str(self.output.with_suffix(".jsonl")),
            "--output",
            str(self.output),
            "--embedder=hash",
        ]
        return self.forker.start([*command, *self.flags, *flags])

    @property
    def personas(self) -> list[str]:
        """The texts of the hub's personas."""
        return [one.text for one in personas(self.output)]

    @property
    def samples(self) -> list[dict[str, Any]]:
        """The rows of all samples."""
        cases = sorted(one.name for one in (self.output / "samples").glob("*"))
        return [row for case in cases for row in samples(self.output, case)]

    @property
    def dead_letters(self) -> list[dict[str, Any]]:
        """The rows of those of the hub's current version."""
        version = (self.output / "hub" / "CURRENT").read_text().strip()
        return rows(self.output / "dead_letters" / version)

    @property
    def calls(self) -> int:
        """How many calls the store counts."""
        return sum(one.calls for one in spend(self.output).values())

    @property
    def tokens(self) -> tuple[int, int]:
        """(tokens of the questions, tokens of the answers) that the store counts."""
        spent = spend(self.output).values()
        return sum(one.input_tokens for one in spent), sum(one.output_tokens for one in spent)


def small_build(forker: Forker, url: str, output: Path, texts: Sequence[str], *flags: str) -> Build:
    """A build of one document for each text, asked of the model server at `url`."""
    write_corpus(output.with_suffix(".jsonl"), *texts)
    model = ["--llm", "openai:smollm2", "--llm_base_url", url, "--max_in_flight", str(IN_FLIGHT)]
    return Build(forker, output, [*model, *SAMPLING, *PATIENCE, *flags])


def plain(text: str) -> str:
    """Words in lower case and nothing else, to compare texts by."""
    return " ".join(re.findall(r"\w+", text.lower()))
