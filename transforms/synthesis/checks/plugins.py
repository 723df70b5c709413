"""Checks in Python that another package brings: entry points of the group `persona_hub.checks`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from persona_hub.transforms.records import Sample, excerpt
from persona_hub.transforms.synthesis.rejection import RejectedSample, SampleCheck
from persona_hub.transforms.synthesis.use_case import UseCaseError

GROUP = "persona_hub.checks"
USER_CHECK = "user-check"
REASON = re.compile(r"[a-z][a-z0-9-]{0,40}")  # it becomes a counter's name


def plugins() -> Mapping[str, EntryPoint]:
    """The checks that the installed packages bring, by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


@cache
def loaded(name: str) -> SampleCheck:
    """The function behind a name; where it is not installed, as on a worker without its package, this raises."""
    found: SampleCheck = plugins()[name].load()
    return found


@dataclass(frozen=True)
class Plugin:
    """A check by its name, loaded in the process that runs it.

    It is called with a Sample and gives one back, perhaps with another proof, or None for the same; it raises
    RejectedSample, or any other exception, for what is not to be kept.
    """

    name: str

    def __call__(self, sample: Sample) -> Sample:
        """The sample. Raises RejectedSample."""
        check = loaded(self.name)
        try:
            kept = check(sample)
        except RejectedSample as rejected:
            reason = rejected.reason if REASON.fullmatch(rejected.reason) else USER_CHECK
            raise RejectedSample(reason, f"{self.name}: {rejected.detail}") from rejected
        except Exception as error:  # of code that is not ours: it rejects this sample, and is told in the summary
            raise RejectedSample(USER_CHECK, f"{self.name} raised {type(error).__name__}: {error}") from error
        return kept if isinstance(kept, Sample) else sample


def plugin(name: str, where: str) -> Plugin:
    """The check of that name. Raises UseCaseError where no installed package brings it, or it cannot be imported."""
    there = plugins()
    if name not in there:
        names = ", ".join(sorted(there)) or "none"
        raise UseCaseError(
            f"{where}: no installed package brings a check {excerpt(name, 60)!r} (entry points of {GROUP}); there are: "
            f"{names}"
        )
    try:
        check = loaded(name)
    except Exception as error:  # of code that is not ours
        raise UseCaseError(
            f"{where}: {name} cannot be imported: {type(error).__name__}: {excerpt(str(error))}"
        ) from error
    if not callable(check):
        raise UseCaseError(f"{where}: {name} is no function; it takes a Sample and gives it back")
    return Plugin(name)
