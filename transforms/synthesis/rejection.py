"""RejectedSample: what a check of a single sample raises."""

from __future__ import annotations

from collections.abc import Callable

from persona_hub.transforms.records import Sample


class RejectedSample(ValueError):
    """A sample that was read and is not to be kept; `reason` is a word to count by, a row of docs/dropped.md."""

    def __init__(self, reason: str, detail: str):
        super().__init__(detail)
        self.reason, self.detail = reason, detail


SampleCheck = Callable[[Sample], Sample]  # the sample, with its proof where the check gives one; raises RejectedSample
