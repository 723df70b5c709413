"""The command, over a folder of every kind of file: each record is a document, a skip or a dead letter."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import fastavro
import pyarrow.parquet
import pytest
from warcio.archiveiterator import ArchiveIterator

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import DocumentOutcome
from tests.corpus.writing import WRITE, arc_head, arc_record, as_dump, http_page, wiki_page
from tests.helpers.hubs import dead_letters

ROWS = 6


def texts(kind: str) -> list[str]:
    """Texts that no other file has."""
    return [
        f"Ferry {i} of the {kind} crosses the river at dawn, and its crew writes a log, line by line."
        for i in range(ROWS)
    ]


def sqlite_file(folder: Path) -> bytes:
    with sqlite3.connect(folder / "db") as database:
        database.execute("CREATE TABLE texts (text TEXT)")
    database.close()
    return (folder / "db").read_bytes()


def rows_of_csv(data: bytes) -> int:
    return sum(1 for _ in csv.reader(io.StringIO(data.decode(), newline=""))) - 1


def rows_of_tsv(data: bytes) -> int:
    return sum(1 for _ in csv.reader(io.StringIO(data.decode(), newline=""), delimiter="\t")) - 1


def records_of_crawl(data: bytes) -> int:
    return sum(1 for _ in ArchiveIterator(io.BytesIO(data), arc2warc=False))


def pages_of_dump(data: bytes) -> int:
    return sum(element.tag.endswith("}page") for _, element in ElementTree.iterparse(bz2.open(io.BytesIO(data))))


def rows_of_parquet(data: bytes) -> int:
    return int(pyarrow.parquet.read_table(io.BytesIO(data)).num_rows)


def rows_of_avro(data: bytes) -> int:
    return sum(1 for _ in fastavro.reader(io.BytesIO(data)))


def lines_of_json(data: bytes) -> int:
    return len([json.loads(line) for line in data.splitlines()])


def one(data: bytes) -> int:
    """Of plain text, a page, and of what is refused."""
    return 1


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, int]:
    """Files whose names tell all, little or a lie, and how many records each has by another library."""
    folder = tmp_path_factory.mktemp("corpus")
    arc = [arc_record(f"http://arc.example/{i}", "text/html", http_page(t)) for i, t in enumerate(texts("ARC"))]
    arc.append(arc_record("http://arc.example/logo", "image/png", http_page("", media_type="image/png")))
    pages = [wiki_page(f"Ferry {i}", f"'''{text}''' {{{{stub}}}}") for i, text in enumerate(texts("wiki"))]
    pages += [wiki_page("Boat", "#REDIRECT [[Ferry 0]]"), wiki_page("Talk:Ferry", "A word.", namespace="1")]
    files: dict[str, tuple[bytes, Callable[[bytes], int]]] = {
        "a.csv": (WRITE[".csv"](texts("CSV")) + b"7,a text, too many fields\r\n", rows_of_csv),
        "b.tsv": (WRITE[".tsv"]([f"{text}\nOver two lines." for text in texts("TSV")]), rows_of_tsv),
        "a table": (WRITE[".csv"](texts("nameless table")), rows_of_csv),
        "crawl.arc.gz": (b"".join(map(gzip.compress, [arc_head(), *arc])), records_of_crawl),
        "crawl.txt": (WRITE[".wet"](texts("WET")), records_of_crawl),
        "crawl.html": (WRITE[".warc"](texts("WARC")), records_of_crawl),
        "dump.xml": (bz2.compress(as_dump(pages)), pages_of_dump),
        "rows.csv.parquet": (WRITE[".parquet"](texts("Parquet")), rows_of_parquet),
        "rows.json": (WRITE[".avro"](texts("Avro")), rows_of_avro),
        "lines": (WRITE[".jsonl"](texts("JSON")), lines_of_json),
        "notes.txt": (texts("notes")[0].encode(), one),
        "page.html": (WRITE[".html"](texts("page")), one),
        "report.txt": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", one),
        "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), one),
        "rows.db": (sqlite_file(folder.parent), one),
    }
    for name, (data, _) in files.items():
        (folder / name).write_bytes(data)
    return {folder / name: count(data) for name, (data, count) in files.items()}


def test_every_record_of_every_kind_is_a_document_a_skip_or_a_dead_letter(
    corpus: dict[Path, int], tmp_path: Path
) -> None:
    folder = next(iter(corpus)).parent
    assert main(["build", "--input", str(folder), "--output", str(tmp_path), "--expand_hops", "0"]) == DONE
    hub = open_hub(str(tmp_path))
    outcomes = list(read_table(hub, "documents", DocumentOutcome))
    lost = [letter for letter in dead_letters(tmp_path) if letter["stage"] == "read_corpus"]
    seen = Counter([row.file for row in outcomes] + [letter["key"] for letter in lost])
    assert {Path(name).name: n for name, n in seen.items()} == {path.name: n for path, n in corpus.items()}
    assert Counter(letter["reason"] for letter in lost) == {
        "wrong-fields": 1, "unread-pdf": 1, "unread-image": 1, "unread-sqlite": 1,
    }  # fmt: skip
    assert Counter(row.outcome for row in outcomes) == {
        "document": 10 * ROWS + 2,
        "skipped-not-a-page": 1,
        "skipped-not-html": 1,
        "skipped-redirect": 1,
        "skipped-not-an-article": 1,
    }
    assert hub.manifest.counts["read_corpus"]["records"] == sum(corpus.values())
