"""CheckEachSample: the checks that look at one sample alone, its programs among them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms import pii
from persona_hub.transforms.check_samples.checked import REJECTED_TAG, Checked
from persona_hub.transforms.pii.words import language_or_by_script
from persona_hub.transforms.records import Rejected, Sample
from persona_hub.transforms.synthesis.rejection import RejectedSample, SampleCheck
from persona_hub.transforms.wire.batches import Batch

CONTACTS = ("email", "phone", "handle", "address", "number")  # links and IP addresses are matter of many tools
EXAMPLE_DOMAIN = re.compile(r"\bexample\.(com|org|net)\b|\.(example|test|invalid)\b", re.IGNORECASE)


@dataclass(kw_only=True)
class CheckEachSample(beam.PTransform):
    """Batch of samples -> those that pass every one of `checks`, in their order, and the others."""

    checks: Sequence[SampleCheck]

    def expand(self, samples: beam.PCollection[Batch[Sample]]) -> Checked:
        """One step."""
        out = samples | "Check" >> beam.ParDo(CheckEach(self.checks)).with_outputs(REJECTED_TAG, main="samples")
        return Checked(out.samples, out[REJECTED_TAG])


class CheckEach(beam.DoFn):
    """Batch of samples -> batch of those that pass; aside, the rejected ones."""

    def __init__(self, checks: Sequence[SampleCheck]):
        self.checks = tuple(checks)

    def process(self, batch: Batch[Sample]) -> Iterator[Any]:
        """At most one batch of each kind."""
        kept, rejected = Batch[Sample](), Batch[Rejected]()
        for sample in batch:
            try:
                kept.append(self.passed(sample))
            except RejectedSample as error:
                rejected.append(Rejected.of(sample, error.reason, error.detail))
        if kept:
            yield kept
        if rejected:
            yield TaggedOutput(REJECTED_TAG, rejected)

    def passed(self, sample: Sample) -> Sample:
        """The sample, with its proof where a check gives one. Raises RejectedSample."""
        for check in self.checks:
            sample = check(sample)
        return sample


def without_contacts(sample: Sample) -> Sample:
    """The sample, if nobody could be written to, called or found by it. Raises RejectedSample."""
    found = pii.find_contacts(sample.text, language_or_by_script(sample.text, "und"))
    if kinds := sorted({one.kind for one in found if one.kind in CONTACTS and not is_example(sample.text, one)}):
        raise RejectedSample("contact-data", f"it holds contact data: {', '.join(kinds)}")
    return sample


def is_example(text: str, found: pii.Finding) -> bool:
    """Whether a finding lies in a domain that RFC 2606 reserves for examples."""
    return EXAMPLE_DOMAIN.search(text[found.start : found.end]) is not None
