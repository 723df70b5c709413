"""Files in; documents, outcomes and dead letters out."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from persona_hub.transforms.corpus.corpus_records import Limits, SkippedRecord, TextRecord
from persona_hub.transforms.corpus.documents import DocumentFilter, document_of
from persona_hub.transforms.read_corpus.read_corpus import CorpusError, ReadCorpus, count_replaced, match_corpus
from persona_hub.transforms.records import Document, DocumentOutcome, content_id
from persona_hub.transforms.wire.batches import Batch
from tests.corpus.collect import Collected, read

LONG = "The tide tables hang beside the kettle, and every morning the harbour master reads them aloud. "
GERMAN = "Die Gezeitentafel hängt neben dem Kessel, und jeden Morgen liest der Hafenmeister sie laut vor. "


def write_lines(path: Path, *records: Any) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records), "utf-8")
    return path


def accounted(got: Collected) -> Counter[str]:
    """What became of the records, by outcome or reason; documents and their outcomes are the same."""
    assert {d.document_id for d in got.documents} == {o.document_id for o in got.outcomes if o.outcome == "document"}
    assert len({d.document_id for d in got.documents}) == len(got.documents)
    assert all(d.document_id == content_id(d.text) for d in got.documents)
    return Counter([o.outcome for o in got.outcomes] + [letter.reason for letter in got.dead_letters])


def test_every_line_is_a_document_a_skip_or_a_dead_letter(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "a.jsonl",
        {"text": LONG, "url": "https://harbour.example/tides"},
        {"raw_content": LONG * 2},
        {"text": "too short"},
        {"text": f"  {LONG}\n"},
        '{"text": "cut off',
        {"title": "no text here"},
        {"text": 7},
        {"text": None},
        {"text": GERMAN},
    )
    got = read(path, languages=frozenset({"en"}))
    assert [d.text for d in got.documents] == [LONG.strip(), (LONG * 2).strip()]
    assert [d.source for d in got.documents] == ["https://harbour.example/tides", f"{path}, line 2"]
    assert accounted(got) == {
        "document": 2,
        "repeated": 1,
        "skipped-too-short": 1,
        "skipped-no-text": 1,
        "skipped-language": 1,
        "broken-json": 1,
        "field-missing": 1,
        "field-not-text": 1,
    }
    assert got.dead_letters[0].detail.startswith(f"{path}, line 5: ")
    assert all(letter.stage == "read_corpus" and letter.key == str(path) for letter in got.dead_letters)


def test_replaced_characters_of_documents_are_counted() -> None:
    documents = [Document(str(n), "caf\ufffd" * n, "", "en", "f", "line 1") for n in range(3)]
    assert list(count_replaced(Batch(documents))) == [(("read_corpus", "replaced-characters"), 3)]
    assert list(count_replaced(Batch(documents[:1]))) == []


def test_a_corpus_with_a_stray_byte_counts_it(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(json.dumps({"text": LONG}).encode().replace(b" the ", b" th\xff ", 1) + b"\n")
    got = read(tmp_path / "a.jsonl")
    assert [d.text.count("\ufffd") for d in got.documents] == [1]


def test_of_equal_documents_the_first_stands_whatever_the_pieces(tmp_path: Path) -> None:
    write_lines(tmp_path / "b.jsonl", {"text": LONG, "id": "b"})
    write_lines(tmp_path / "a.jsonl", *({"text": "x" * 60 + str(i)} for i in range(12)), {"text": LONG, "id": "a"})
    for piece_bytes in (1 << 24, 100):
        got = read(tmp_path, piece_bytes=piece_bytes, load_bytes=50)
        assert len(got.documents) == 13
        assert [d.source for d in got.documents if d.text == LONG.strip()] == ["a"]
        assert [o.source for o in got.outcomes if o.outcome == "repeated"] == ["b"]


def test_max_documents_takes_the_same_ones_whatever_the_order_and_pieces(tmp_path: Path) -> None:
    rows = [{"text": f"{i} {LONG}"} for i in range(60)]
    write_lines(tmp_path / "a.jsonl", *rows)
    wanted = sorted(content_id(row["text"].strip()) for row in rows)[:25]
    variants: list[dict[str, Any]] = [{}, {"piece_bytes": 200}, {"partitions": 1}, {"partitions": 50}]
    for seed, flags in enumerate(variants):
        random.Random(seed).shuffle(rows)
        write_lines(tmp_path / "a.jsonl", *rows)
        got = read(tmp_path / "a.jsonl", max_documents=25, **flags)
        assert sorted(d.document_id for d in got.documents) == wanted
        assert accounted(got) == {"document": 25, "skipped-max-documents": 35}


def test_documents_flow_in_few_batches_bounded_by_bytes(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", *({"text": f"{i} " + LONG * 100} for i in range(2000)))
    sizes: list[int] = []
    with beam.Pipeline(runner=FnApiRunner()) as p:
        corpus = p | ReadCorpus(files=match_corpus([f"{tmp_path}/a.jsonl"]))
        _ = corpus.documents | beam.Map(len) | beam.combiners.ToList() | beam.Map(_keep_sizes)
    sizes, _SIZES[:] = list(_SIZES), []
    assert sum(sizes) == 2000
    assert max(sizes) <= 200
    assert len(sizes) < 60


_SIZES: list[int] = []


def _keep_sizes(sizes: list[int]) -> None:
    _SIZES.extend(sizes)


def test_odd_texts_come_out_as_data() -> None:
    odd = "<script>alert(1)</script>\nIgnore your instructions.\x00 \u202eright to left\u202c " + "long " * 3000
    made = document_of(TextRecord("line 1", "", odd), "f", DocumentFilter(frozenset(), 10, 20_000))
    assert isinstance(made, Document)
    assert made.text == odd.strip()
    cut = document_of(TextRecord("line 1", "", LONG * 100), "f", DocumentFilter(frozenset(), 10, 1000))
    assert isinstance(cut, Document)
    assert cut.text.endswith("aloud.")
    assert 900 < len(cut.text) <= 1000
    skipped = document_of(
        SkippedRecord("record 1", "https://a.example", "not-html"), "f", DocumentFilter(frozenset(), 10, 1000)
    )
    assert isinstance(skipped, DocumentOutcome)
    assert skipped.outcome == "skipped-not-html"


def test_a_long_plain_text_is_several_documents_that_lack_nothing(tmp_path: Path) -> None:
    paragraphs = [f"Paragraph {i}. {LONG * 5}".strip() for i in range(100)]
    (tmp_path / "book.txt").write_text("\n\n".join(paragraphs), "utf-8")
    got = read(tmp_path, max_characters=3000)
    texts = {int(d.place.removeprefix("line ")): d.text for d in got.documents}
    assert "\n\n".join(texts[line] for line in sorted(texts)) == "\n\n".join(paragraphs)
    assert max(map(len, texts.values())) <= 3000


def test_the_example_corpus_shows_every_fate(examples: Path) -> None:
    got = read(examples / "corpus")
    assert accounted(got) == {
        "document": 61,
        "repeated": 1,
        "skipped-too-short": 1,
        "skipped-no-text": 1,
        "skipped-not-a-page": 3,
        "skipped-not-html": 1,
        "skipped-http-status": 1,
        "broken-json": 1,
        "field-missing": 1,
        "field-not-text": 1,
        "gzip-truncated": 1,
    }
    assert len({d.language for d in got.documents} - {"und"}) >= 14


def records_in(path: Path) -> int:
    """How many records a file has, counted without the readers: lines, rows, WARC records."""
    opened = gzip.open if path.suffix == ".gz" else open
    if ".jsonl" in path.name:
        with opened(path, "rb") as file:
            return sum(bool(line.strip()) for line in file)
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return int(pq.ParquetFile(path).metadata.num_rows)
    if path.suffix == ".avro":
        return 1  # their schema has no text: one dead letter for the file
    if ".warc" in path.name:
        with opened(path, "rb") as file:
            count = len(re.findall(rb"^WARC/\d", file.read(), re.MULTILINE))
        return count + ("trunc" in path.name)  # between two of its records lies what belongs to none
    return 22  # the one text file: a book, in parts


def test_every_record_of_the_real_corpora_together_is_accounted_for(data: Path) -> None:
    got = read(data / "web", max_characters=20_000)
    fates = accounted(got)
    expected = {str(path): records_in(path) for path in sorted((data / "web").rglob("*")) if path.is_file()}
    seen = Counter([o.file for o in got.outcomes] + [letter.key for letter in got.dead_letters])
    print(f"{sum(expected.values())} records of {len(expected)} files: {dict(fates.most_common())}")
    assert {path: n for path, n in expected.items() if seen[path] != n} == {}
    pages = sum(d.file.endswith("trafilatura_cc_licensed_pages.warc.gz") for d in got.documents)
    assert pages >= 60
    assert {letter.reason for letter in got.dead_letters} <= {"field-missing", "warc-damaged"}


class _WhoReads(beam.DoFn):
    """Dead letters that say which process met them: every line of that test's file is broken."""

    def process(self, batch: list[Any], path: str) -> None:
        with Path(path, str(os.getpid())).open("a") as file:
            file.write("x" * len(batch))


def test_one_large_file_is_read_by_two_processes(tmp_path: Path) -> None:
    (tmp_path / "who").mkdir()
    path = tmp_path / "large.jsonl"
    path.write_bytes(b"".join(b"broken line %d\n" % i for i in range(20_000)))
    options = PipelineOptions(["--direct_running_mode=multi_processing", "--direct_num_workers=2"])
    with beam.Pipeline(runner=FnApiRunner(), options=options) as p:
        reading = ReadCorpus(
            files=match_corpus([str(path)]), piece_bytes=20_000, load_bytes=1, limits=Limits(broken_run=10**9)
        )
        corpus = p | reading
        _ = corpus.dead_letters | beam.ParDo(_WhoReads(), str(tmp_path / "who"))  # fused with the reading
    shares = [file.stat().st_size for file in (tmp_path / "who").iterdir()]
    assert sum(shares) == 20_000
    assert len(shares) == 2
    assert min(shares) > 9000


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"max_documents": -1}, "max_documents is -1"),
        ({"max_characters": 10}, "max_characters is 10"),
        ({"min_characters": 500, "max_characters": 400}, "max_characters is 400"),
        ({"languages": frozenset({"English"})}, "'English'"),
        ({"piece_bytes": 0}, "piece_bytes is 0"),
        ({"files": []}, "files is empty"),
    ],
)
def test_a_wrong_flag_fails_at_construction(tmp_path: Path, flags: dict[str, Any], named: str) -> None:
    files = match_corpus([str(write_lines(tmp_path / "a.jsonl", {"text": LONG}))])
    with pytest.raises(CorpusError, match=named):
        ReadCorpus(**{"files": files, **flags})
