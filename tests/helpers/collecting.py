"""What a pipeline puts out, for tests to look at: through files, as workers may be other processes."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any
from uuid import uuid4

import apache_beam as beam


class Collect(beam.PTransform):
    """Writes every element under a folder, for `collected`."""

    def __init__(self, folder: Path, name: str):
        super().__init__()
        self.folder, self.name = str(folder), name

    def expand(self, elements: beam.PCollection[Any]) -> beam.PCollection[None]:
        return elements | "Write" >> beam.Map(write, self.folder, self.name)


def write(element: Any, folder: str, name: str) -> None:
    (Path(folder) / f"{name}.{uuid4().hex}").write_bytes(pickle.dumps(element))


def collected(folder: Path, name: str) -> list[Any]:
    """The elements that were collected under `name`, in no order."""
    return [pickle.loads(file.read_bytes()) for file in folder.glob(f"{name}.*")]
