"""How many records a file has, by libraries that this project does not read it with."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from xml.etree import ElementTree

import fastavro
import pyarrow.parquet
import zstandard
from warcio.archiveiterator import ArchiveIterator


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


def any_lines(data: bytes) -> int:
    """Of JSON Lines with some that are broken."""
    return len(data.splitlines())


def one(data: bytes) -> int:
    """Of plain text, a page, and of what is refused."""
    return 1


UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "bzip2": bz2.decompress,
    "xz": lzma.decompress,
    "lzma": lzma.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor(max_window_size=1 << 28).decompressobj().decompress(data),
}
MEMBERS: dict[str, Callable[[bytes], int]] = {"csv": rows_of_csv, "jsonl": lines_of_json, "parquet": rows_of_parquet}


def rows_of_member(name: str, data: bytes) -> int:
    return MEMBERS[name.rpartition(".")[2]](data)


def rows_in_tar(data: bytes) -> dict[str, int]:
    """By member; what is no file is a record of its own."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = {info.name: archive.extractfile(info) if info.isfile() else None for info in archive}
        return {name: rows_of_member(name, file.read()) if file else 1 for name, file in files.items()}


def rows_in_zip(data: bytes) -> dict[str, int]:
    """By member."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: rows_of_member(name, archive.read(name)) for name in archive.namelist()}
