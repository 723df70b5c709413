"""What a check that asks a model makes of samples, for tests."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from persona_hub.transforms.counting.counts import CountDeadLetters, nested, verify
from persona_hub.transforms.records import DeadLetter, Rejected, Sample, persona_id
from persona_hub.transforms.wire.batches import batches
from tests.helpers.collecting import Collect, collected


class Outcome(NamedTuple):
    """What became of the samples, each list sorted; the equations have been checked."""

    kept: list[Sample]
    rejected: list[Rejected]
    dead_letters: list[DeadLetter]
    counts: dict[str, dict[str, int]]


def sample(problem: str, answer: str, number: int = 0, persona: str = "A clockmaker") -> Sample:
    """A sample of the use case math."""
    return Sample(
        persona_id=persona_id(persona),
        persona=persona,
        use_case="math",
        text=f"{problem}\n\nAnswer: {answer}",
        description="math",
        model="openai:gpt-5",
        prompt_hash="h",
        number=number,
        input_tokens=1,
        output_tokens=1,
        fields=json.dumps({"problem": problem, "answer": answer}),
    )


def checked(samples: Sequence[Sample], check: Any, size: int = 3) -> Outcome:
    """What a transform that gives CheckedByModel makes of `samples`, in batches of `size`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            out = pipeline | beam.Create(list(batches(samples, size)), reshuffle=False) | "Check" >> check
            lost = out.dead_letters | "CountLost" >> CountDeadLetters()
            _ = out.samples | "Kept" >> Collect(folder, "kept")
            _ = out.rejected | "Rejected" >> Collect(folder, "rejected")
            _ = out.dead_letters | "Dead" >> Collect(folder, "dead")
            _ = (*out.counts, lost) | "Counts" >> beam.Flatten() | "Collect" >> Collect(folder, "counts")
        counts = nested(collected(folder, "counts"))
        verify(counts, out.equations)
        kept, rejected, dead = (
            sorted((one for batch in collected(folder, kind) for one in batch), key=str)
            for kind in ("kept", "rejected", "dead")
        )
    return Outcome(kept, rejected, dead, counts)
