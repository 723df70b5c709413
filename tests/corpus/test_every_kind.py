"""The command, over a folder of every kind of file: each record is a document, a skip or a dead letter."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sqlite3
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import fastavro
import pyarrow as pa
import pyarrow.parquet
import pytest
import zstandard

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.corpus.content import ARCHIVES, COMPRESSIONS, codec_of, format_of
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.formats.readers import READERS
from persona_hub.transforms.corpus.streams import head_of
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import DocumentOutcome
from tests.corpus.other_readers import (
    UNPACK,
    any_lines,
    lines_of_json,
    one,
    pages_of_dump,
    records_of_crawl,
    rows_in_tar,
    rows_in_zip,
    rows_of_avro,
    rows_of_csv,
    rows_of_parquet,
    rows_of_tsv,
)
from tests.corpus.writing import WRITE, arc_head, arc_record, as_dump, http_page, wiki_page
from tests.helpers.hubs import dead_letters

ROWS = 3
WINDOW_MB = 256  # more than is allowed without --zstd_window_mb


class Corpus(NamedTuple):
    """Files whose names tell all, little or a lie."""

    folder: Path
    records: dict[str, int]  # of each file, or member of an archive, by another library


def texts(kind: str) -> list[str]:
    """Texts that no other file has."""
    return [
        f"Ferry {i} of the {kind} crosses the river at dawn, and its crew writes a log, line by line."
        for i in range(ROWS)
    ]


def parquet_with_null(kind: str) -> bytes:
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"text": [*texts(kind), None]}), sink)
    return sink.getvalue()


def avro_with_null(kind: str) -> bytes:
    sink = io.BytesIO()
    schema = {"type": "record", "name": "Row", "fields": [{"name": "text", "type": ["null", "string"]}]}
    fastavro.writer(sink, fastavro.parse_schema(schema), [{"text": text} for text in [*texts(kind), None]])
    return sink.getvalue()


def sqlite_file(folder: Path) -> bytes:
    with sqlite3.connect(folder / "db") as database:
        database.execute("CREATE TABLE texts (text TEXT)")
    database.close()
    return (folder / "db").read_bytes()


def members(kind: str) -> dict[str, bytes]:
    """Files for an archive."""
    return {
        "deep/a.csv": WRITE[".csv"](texts(f"CSV in {kind}")),
        "b.jsonl": WRITE[".jsonl"](texts(f"JSON in {kind}")),
        "c.parquet": WRITE[".parquet"](texts(f"Parquet in {kind}")),
    }


def in_tar(files: Mapping[str, bytes]) -> bytes:
    """The files, and a link to one of them."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "b.jsonl"
        archive.addfile(link)
    return sink.getvalue()


def in_zip(files: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


def with_wide_window(data: bytes) -> bytes:
    parameters = zstandard.ZstdCompressionParameters(window_log=28, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return compressor.compress(data) + compressor.flush()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zstd": with_wide_window,
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("corpus")
    arc = [arc_record(f"http://arc.example/{i}", "text/html", http_page(t)) for i, t in enumerate(texts("ARC"))]
    arc.append(arc_record("http://arc.example/logo", "image/png", http_page("", media_type="image/png")))
    pages = [wiki_page(f"Ferry {i}", f"'''{text}''' {{{{stub}}}}") for i, text in enumerate(texts("wiki"))]
    pages += [wiki_page("Boat", "#REDIRECT [[Ferry 0]]"), wiki_page("Talk:Ferry", "A word.", namespace="1")]
    odd_lines = b'{"text": "cut off\n{"text": null}\n[1]\n{"text": 7}\n{"title": "no text"}\n'
    files: dict[str, tuple[bytes, Callable[[bytes], int | dict[str, int]]]] = {
        "a.csv": (WRITE[".csv"](texts("CSV")) + b"7,a text, too many fields\r\n", rows_of_csv),
        "b.tsv": (WRITE[".tsv"]([f"{text}\nOver two lines." for text in texts("TSV")]), rows_of_tsv),
        "a table": (WRITE[".csv"](texts("nameless table")), rows_of_csv),
        "crawl.arc.gz": (b"".join(map(gzip.compress, [arc_head(), *arc])), records_of_crawl),
        "crawl.txt": (WRITE[".wet"](texts("WET")), records_of_crawl),
        "crawl.html": (WRITE[".warc"](texts("WARC")), records_of_crawl),
        "dump.xml": (bz2.compress(as_dump(pages)), pages_of_dump),
        "rows.csv.parquet": (parquet_with_null("Parquet"), rows_of_parquet),
        "rows.json": (avro_with_null("Avro"), rows_of_avro),
        "lines": (WRITE[".jsonl"](texts("JSON")) + odd_lines, any_lines),
        "notes.txt": (texts("notes")[0].encode(), one),
        "page.html": (WRITE[".html"](texts("page")), one),
        "report.txt": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", one),
        "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), one),
        "rows.db": (sqlite_file(folder.parent), one),
        "many.tar.gz": (gzip.compress(in_tar(members("tar"))), rows_in_tar),
        "many": (in_zip(members("zip")), rows_in_zip),
    }
    for codec, pack in PACK.items():
        unpack = UNPACK[codec]
        packed = pack(WRITE[".jsonl"](texts(codec)))
        files[f"packed with {codec}"] = (packed, lambda data, unpack=unpack: lines_of_json(unpack(data)))  # type: ignore[misc]
    records: dict[str, int] = {}
    for name, (data, count) in files.items():
        (folder / name).write_bytes(data)
        found = count(data)
        records |= {f"{name}!{inner}": n for inner, n in found.items()} if isinstance(found, dict) else {name: found}
    return Corpus(folder, records)


def test_no_kind_of_file_is_left_out(corpus: Corpus) -> None:
    formats = {format_of(head_of(file), file.path) for file in match_corpus([str(corpus.folder)])}
    assert formats >= {*READERS, *ARCHIVES}
    assert {codec_of(path.read_bytes()) for path in corpus.folder.iterdir()} >= set(COMPRESSIONS.values())


def test_every_record_of_every_kind_is_a_document_a_skip_or_a_dead_letter(corpus: Corpus, tmp_path: Path) -> None:
    flags = ["--expand_hops", "0", "--zstd_window_mb", str(WINDOW_MB)]
    assert main(["build", "--input", str(corpus.folder), "--output", str(tmp_path), *flags]) == DONE
    hub = open_hub(str(tmp_path))
    outcomes = list(read_table(hub, "documents", DocumentOutcome))
    lost = [letter for letter in dead_letters(tmp_path) if letter["stage"] == "read_corpus"]
    seen = Counter([row.file for row in outcomes] + [letter["key"] for letter in lost])
    assert {name.removeprefix(f"{corpus.folder}/"): n for name, n in seen.items()} == corpus.records
    assert Counter(letter["reason"] for letter in lost) == {
        "wrong-fields": 1, "unread-pdf": 1, "unread-image": 1, "unread-sqlite": 1,
        "broken-json": 1, "not-an-object": 1, "field-not-text": 1, "field-missing": 1,
    }  # fmt: skip
    assert Counter(row.outcome for row in outcomes) == {
        "document": (10 + 3 + 3 + len(PACK)) * ROWS + 2,
        "skipped-no-text": 3,
        "skipped-link": 1,
        "skipped-not-a-page": 1,
        "skipped-not-html": 1,
        "skipped-redirect": 1,
        "skipped-not-an-article": 1,
    }
    assert hub.manifest.counts["read_corpus"]["records"] == sum(corpus.records.values())
