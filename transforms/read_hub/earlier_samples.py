"""EarlierSamples: what earlier runs in a folder have made of a use case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import apache_beam as beam

from persona_hub.transforms.hub.manifest import FileEntry
from persona_hub.transforms.hub.places import path_of
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.versions import list_runs
from persona_hub.transforms.records import Sample
from persona_hub.transforms.wire.batches import Batch, batches


@dataclass(kw_only=True)
class EarlierSamples(beam.PTransform):
    """Pipeline -> batches of the samples in some files of the folder `output`."""

    output: str
    files: Sequence[FileEntry]

    def expand(self, root: beam.Pipeline) -> beam.PCollection[Batch[Sample]]:
        """One element for each file."""
        paths = [path_of(self.output, entry.path) for entry in self.files]
        return root | beam.Create(paths) | "Read" >> beam.FlatMap(samples_in).with_output_types(Batch)


def samples_in(path: str) -> Iterator[Batch[Sample]]:
    """The samples of a file in batches."""
    yield from batches(read_file(path, Sample))


def earlier_files(output: str, own: str) -> dict[str, list[FileEntry]]:
    """{use case: its files of samples in `output`}, but for those of the run `own` and of attempts at it."""
    found: dict[str, list[FileEntry]] = {}
    for use_case, run in list_runs(output):
        if run.run != own and not run.run.startswith(f"{own}-") and (files := run.files_of("samples")):
            found.setdefault(use_case, []).extend(files)
    return found
