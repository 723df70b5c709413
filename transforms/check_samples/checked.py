"""What a check gives back."""

from __future__ import annotations

from typing import NamedTuple

import apache_beam as beam

from persona_hub.transforms.records import Rejected, Sample
from persona_hub.transforms.wire.batches import Batch

REJECTED_TAG = "rejected"  # of the output beside the samples


class Checked(NamedTuple):
    """The samples that go on, and those that do not."""

    samples: beam.PCollection[Batch[Sample]]
    rejected: beam.PCollection[Batch[Rejected]]
