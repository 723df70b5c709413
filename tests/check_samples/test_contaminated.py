"""Samples that stand in a benchmark are rejected, with the file, the row and the share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from persona_hub.transforms.check_samples import contaminated
from persona_hub.transforms.check_samples.benchmark_files import Benchmark, BenchmarkRow, benchmarks_of
from persona_hub.transforms.check_samples.contaminated import (
    CONTAMINATED,
    DropContaminated,
    drop_contaminated,
    end_of_path,
    load,
)
from persona_hub.transforms.corpus.corpus_records import CorpusError
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Rejected, Sample, content_id
from persona_hub.transforms.wire.batches import Batch, batches
from tests.helpers.collecting import Collect, collected

FERRY = "Marta runs a ferry that carries 12 cars. How many trips does she need to move 96 cars over the lake?"
CHANGED = "Ole runs a ferry that carries thirty cars. How many trips does he need to move 1,500 cars over the lake?"
BAKER = "A baker sells 40 loaves of bread each morning. How many does he sell in a week with a day off?"
OTHER = "Six hens lay an egg a day. In how many days do they fill a box that has room for a dozen and a half of them?"


@pytest.fixture
def benchmark(tmp_path: Path) -> str:
    file = tmp_path / "exam.jsonl"
    file.write_text("".join(json.dumps({"question": text}) + "\n" for text in (BAKER, FERRY)), "utf-8")
    return str(file)


def sample(who: int, text: str) -> Sample:
    return Sample(content_id(str(who)), f"persona {who}", "math", text, "a problem", "m", "h", 0, 10, 5)


def test_a_detail_names_the_file_the_row_and_the_share(benchmark: str) -> None:
    loaded = load(benchmarks_of([benchmark]))
    samples = [sample(1, f"Solve this: {FERRY}"), sample(2, OTHER), sample(3, CHANGED)]
    kept, rejected = drop_contaminated(samples, loaded)
    assert kept == [samples[1]]
    assert [(one.reason, one.text) for one in rejected] == [(CONTAMINATED, samples[0].text), (CONTAMINATED, CHANGED)]
    name = end_of_path(benchmark)
    assert rejected[0].detail == f"{name}, line 2: 100% of its runs of 8 words"
    assert rejected[1].detail == f"{name}, line 2: 100% of its runs of 4 words, numbers and names masked"


def test_in_a_pipeline_every_sample_is_kept_or_rejected(tmp_path: Path, benchmark: str) -> None:
    samples = [sample(n, text) for n, text in enumerate([OTHER, FERRY, CHANGED, BAKER.upper(), "", OTHER])]
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        given = pipeline | beam.Create(list(batches(samples, 2)), reshuffle=False).with_output_types(Batch)
        step = DropContaminated(stage="check_math", against=[benchmark])
        checked = given | step
        again = checked.samples | "Again" >> DropContaminated(stage="check_math", against=step.benchmarks)
        again.samples | "Kept" >> Collect(tmp_path, "kept")
        checked.rejected | "Rejected" >> Collect(tmp_path, "rejected")
        again.rejected | "None" >> Collect(tmp_path, "none")
    kept = [one for batch in collected(tmp_path, "kept") for one in batch]
    rejected = [one for batch in collected(tmp_path, "rejected") for one in batch]
    assert sorted(one.persona for one in kept) == ["persona 0", "persona 4", "persona 5"]
    assert sorted(one.persona for one in rejected) == ["persona 1", "persona 2", "persona 3"]
    assert all(isinstance(one, Rejected) for one in rejected)
    assert collected(tmp_path, "none") == []


def test_shares_can_be_set(benchmark: str) -> None:
    half = FERRY[: len(FERRY) * 2 // 3]
    [benchmarks] = [benchmarks_of([benchmark])]
    assert len(drop_contaminated([sample(1, half)], load(benchmarks))[1]) == 1
    assert len(drop_contaminated([sample(1, half)], load(benchmarks, 0.9, 0.9))[1]) == 0


def test_a_process_reads_a_benchmark_once(benchmark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def read_rows(one: Benchmark) -> Iterator[BenchmarkRow]:
        read.append(one)
        return iter(())

    monkeypatch.setattr(contaminated, "read_rows", read_rows)
    benchmarks = benchmarks_of([benchmark])
    contaminated._load.cache_clear()
    assert load(benchmarks) is load(benchmarks_of([benchmark]))
    assert read == list(benchmarks)
    contaminated._load.cache_clear()


@pytest.mark.parametrize("flags", [{"share": 0.1}, {"masked_share": 1.2}])
def test_wrong_shares_are_refused(benchmark: str, flags: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="a share of a row's runs of words"):
        DropContaminated(stage="check_math", against=[benchmark], **flags)


def test_files_are_read_when_it_is_constructed(tmp_path: Path) -> None:
    for against in ([], [str(tmp_path / "none.jsonl")]):
        with pytest.raises(CorpusError, match="--against_benchmark"):
            DropContaminated(stage="check_math", against=against)


def test_a_long_path_ends_as_it_ends() -> None:
    assert end_of_path("a/b.jsonl") == "a/b.jsonl"
    assert end_of_path("x" * 300 + "/b.jsonl").endswith("xx/b.jsonl")
    assert len(end_of_path("x" * 300)) == contaminated.SHOWN_NAME
