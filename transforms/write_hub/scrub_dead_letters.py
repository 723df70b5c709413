"""ScrubDeadLetters: what a dead letter shows of a text holds no personal data, unless the user wants to keep them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import apache_beam as beam

from persona_hub.transforms import pii
from persona_hub.transforms.llm.protocol import MALFORMED_REASONS
from persona_hub.transforms.records import DeadLetter, Rejected
from persona_hub.transforms.wire.batches import Batch

SHOWS_CONTACTS = MALFORMED_REASONS | {"contact-data"}


@dataclass(kw_only=True)
class ScrubDeadLetters(beam.PTransform):
    """Batches of dead letters -> the same, their excerpts scrubbed unless `pii` is "keep"."""

    pii: str = "scrub"

    def expand(self, letters: beam.PCollection[Batch[DeadLetter]]) -> beam.PCollection[Batch[DeadLetter]]:
        """One step, or none."""
        if self.pii == "keep":
            return letters
        return letters | "Scrub" >> beam.Map(scrubbed).with_output_types(Batch)


@dataclass(kw_only=True)
class ScrubRejected(beam.PTransform):
    """Batches of rejected samples -> the same; unless `pii` is "keep", without the contact data they were rejected for.

    An answer that could not be read is scrubbed as its dead letter is.
    """

    pii: str = "scrub"

    def expand(self, rejected: beam.PCollection[Batch[Rejected]]) -> beam.PCollection[Batch[Rejected]]:
        """One step, or none."""
        if self.pii == "keep":
            return rejected
        return rejected | "Scrub" >> beam.Map(scrubbed_samples).with_output_types(Batch)


def scrubbed_samples(rejected: Batch[Rejected]) -> Batch[Rejected]:
    """Rejected samples of which none shows contact data; the fields, which hold the same text, go with them."""
    return Batch(
        replace(one, text=pii.scrub_text(one.text), fields="") if one.reason in SHOWS_CONTACTS else one
        for one in rejected
    )


def scrubbed(letters: Batch[DeadLetter]) -> Batch[DeadLetter]:
    """Dead letters whose excerpts hold no personal data. (Detail and key are ours: file, place, cause.)"""
    return Batch(
        replace(letter, excerpt=pii.scrub_text(letter.excerpt)) if letter.excerpt else letter for letter in letters
    )
