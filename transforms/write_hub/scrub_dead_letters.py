"""ScrubDeadLetters: what a dead letter shows of a text holds no personal data, unless the user wants to keep them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import apache_beam as beam

from persona_hub.transforms import pii
from persona_hub.transforms.records import DeadLetter
from persona_hub.transforms.wire.batches import Batch


@dataclass(kw_only=True)
class ScrubDeadLetters(beam.PTransform):
    """Batches of dead letters -> the same, their excerpts scrubbed unless `pii` is "keep"."""

    pii: str = "scrub"

    def expand(self, letters: beam.PCollection[Batch[DeadLetter]]) -> beam.PCollection[Batch[DeadLetter]]:
        """One step, or none."""
        if self.pii == "keep":
            return letters
        return letters | "Scrub" >> beam.Map(scrubbed).with_output_types(Batch)


def scrubbed(letters: Batch[DeadLetter]) -> Batch[DeadLetter]:
    """Dead letters whose excerpts hold no personal data. (Detail and key are ours: file, place, cause.)"""
    return Batch(
        replace(letter, excerpt=pii.scrub_text(letter.excerpt)) if letter.excerpt else letter for letter in letters
    )
