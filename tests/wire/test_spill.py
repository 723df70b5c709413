"""Spilled values: what comes back is what went in, on this machine, while it lasts."""

from __future__ import annotations

import os
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from persona_hub.transforms.wire import spill
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays, unpack_sorted
from persona_hub.transforms.wire.spill import LEAST_BYTES, spilling

LARGE = np.arange(LEAST_BYTES, dtype=np.uint64)


def test_a_large_value_travels_as_its_place_and_comes_back_whole() -> None:
    with spilling():
        packed = [pack_arrays(LARGE + np.uint64(i), LARGE) for i in range(3)]
        assert all(len(each) < 300 for each in packed)
        assert [unpack_arrays(each)[0][0] for each in packed] == [0, 1, 2]
        assert (unpack_arrays(packed[1])[0] == LARGE + np.uint64(1)).all()


def test_a_small_value_travels_itself() -> None:
    with spilling():
        small = pack_arrays(np.arange(3))
        assert os.listdir(os.environ[spill.FOLDER]) == []
    assert unpack_arrays(small)[0].tolist() == [0, 1, 2]


def test_nothing_is_spilled_unless_asked_for() -> None:
    assert len(pack_arrays(LARGE)) > LEAST_BYTES


def test_the_files_are_gone_at_the_end() -> None:
    with spilling():
        pack_arrays(LARGE)
        folder = Path(os.environ[spill.FOLDER])
        assert list(folder.iterdir())
    assert not folder.exists()
    assert spill.FOLDER not in os.environ


def test_on_a_full_disk_values_travel_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with spilling():
        assert (unpack_arrays(pack_arrays(LARGE))[0] == LARGE).all()


@pytest.mark.parametrize("workers", [1, 2])
def test_every_worker_reads_what_another_has_written(workers: int, tmp_path: Path) -> None:
    flags = ["--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"] if workers > 1 else []
    with spilling(), beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(flags)) as pipeline:
        _ = (
            pipeline
            | beam.Create(range(4))
            | "Pack" >> beam.Map(lambda i: (i % 2, pack_arrays(LARGE + np.uint64(i)))).with_output_types(KeyedArrays)
            | beam.GroupByKey()
            | beam.MapTuple(lambda key, packs: (key, int(unpack_sorted(packs)[0].sum() % 1_000_003)))
            | beam.Map(lambda found: (tmp_path / str(found[0])).write_text(str(found[1])))
        )
    for key in (0, 1):
        expected = int(sum((LARGE + np.uint64(i)).sum() for i in (key, key + 2)) % 1_000_003)
        assert int((tmp_path / str(key)).read_text()) == expected
