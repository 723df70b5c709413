"""Which samples a version shows: of its own runs and of the versions it came from, each once, of personas that stay.

Every command that reads samples for a user reads them here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from persona_hub.transforms.hub.manifest import RunManifest, version_order
from persona_hub.transforms.hub.reading import read_manifest_files, read_personas
from persona_hub.transforms.hub.tombstones import REMOVED_PERSONA
from persona_hub.transforms.hub.versions import Hub, lineage_names, runs_in, unreplaced
from persona_hub.transforms.records import Sample

UseCaseRun = tuple[str, RunManifest]  # (use case, the run's manifest)
TAKEN_DOWN, REPEATED, OTHER = "taken-down", "repeated", "not-chosen"  # why a sample is not shown


@dataclass(frozen=True)
class ShownSamples:
    """The runs that a version shows, and those in the folder that it does not."""

    runs: Sequence[UseCaseRun]
    aside: Sequence[UseCaseRun] = ()  # of versions that this one did not come from, as after a rollback
    gone: frozenset[str] = frozenset()  # ids of personas taken down, whose samples are hidden
    personas: AbstractSet[str] | None = None  # show samples of these only; None: of all
    hidden: Counter[str] = field(default_factory=Counter)  # {why: samples} of what has been read so far

    @property
    def use_cases(self) -> dict[str, list[RunManifest]]:
        """The runs by use case, the oldest first."""
        found: dict[str, list[RunManifest]] = {}
        for use_case, run in sorted(self.runs, key=lambda one: (one[0], age_of(one[1]))):
            found.setdefault(use_case, []).append(run)
        return found

    def read(self, output: str, use_case: str) -> Iterator[Sample]:
        """The samples of a use case: each (persona, number, prompt, model) once, of the oldest run that has it.

        Where several runs have samples of the use case, 100 bytes a sample are held.
        """
        return (sample for _, sample in self.read_by_run(output, use_case))

    def read_by_run(self, output: str, use_case: str) -> Iterator[tuple[RunManifest, Sample]]:
        """The same, each with the run that made it."""
        runs = self.use_cases.get(use_case, [])
        seen: set[bytes] = set()
        for run in runs:
            for sample in read_manifest_files(output, run, "samples", Sample):
                why = self._why_hidden(sample)
                if not why and len(runs) > 1:
                    key = key_of(sample)
                    why = REPEATED if key in seen else ""
                    seen.add(key)
                if why:
                    self.hidden[why] += 1
                else:
                    yield run, sample

    def _why_hidden(self, sample: Sample) -> str:
        if sample.persona_id in self.gone:
            return TAKEN_DOWN
        return "" if self.personas is None or sample.persona_id in self.personas else OTHER


def shown_samples(output: str, hub: Hub | None) -> ShownSamples:
    """The samples in the folder `output` that `hub` shows; all of a folder without a hub.

    A run belongs to a version if it was made of it, or of one that it came from. Of the versions that `gc` has removed,
    those before the oldest that is left count as such.
    """
    every = runs_in(output)
    if hub is None:
        return ShownSamples(unreplaced(every))
    names = lineage_names(output, hub.manifest)
    oldest = min(map(version_order, names))

    def belongs(run: RunManifest) -> bool:
        return not run.hub_version or run.hub_version in names or version_order(run.hub_version) < oldest

    shown = unreplaced([one for one in every if belongs(one[1])])
    aside = unreplaced([one for one in every if not belongs(one[1])])
    return ShownSamples(shown, aside, personas_gone(hub))


def personas_gone(hub: Hub) -> frozenset[str]:
    """Ids of the personas that were taken down, and which the version does not show again by another document."""
    gone = {key for kind, key in hub.tombstones().removed if kind == REMOVED_PERSONA}
    if gone:
        gone.difference_update(persona.persona_id for persona in read_personas(hub))
    return frozenset(gone)


def age_of(run: RunManifest) -> tuple[tuple[int, str], str, str]:
    """Sort key of runs: by the version they read, by time, by name."""
    return version_order(run.hub_version) if run.hub_version else (0, ""), run.created, run.run


def key_of(sample: Sample) -> bytes:
    """128 bits of a hash of what makes two samples one: persona, use case, number, prompt and model."""
    parts = (sample.persona_id, sample.use_case, str(sample.number), sample.prompt_hash, sample.model)
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
