"""The same records, written in every format that the corpus may come in."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from examples.make_corpus import page, response, warc_record
from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Limits
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.formats.readers import read_piece
from persona_hub.transforms.corpus.pieces import pieces_of

PACK: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}


def found_lazily(
    path: Path, text_field: str = "", format: str = "auto", piece_bytes: int = 1 << 30, **limits: Any
) -> Iterator[CorpusRecord]:
    """Everything that is found in a file, in its order, whatever the pieces that it is read in."""
    (file,) = match_corpus([str(path)], format)
    for piece in pieces_of(file, piece_bytes):
        yield from read_piece(piece, text_field, Limits(**limits))


def found_in(path: Path, *settings: Any, **more: Any) -> list[CorpusRecord]:
    """The same, all of it at once."""
    return list(found_lazily(path, *settings, **more))


def as_rows(extension: str, rows: Sequence[dict[str, str]]) -> bytes:
    """Rows of texts as JSON Lines, Parquet or Avro."""
    sink = io.BytesIO()
    if extension in (".csv", ".tsv"):
        return as_table([list(rows[0]), *(list(row.values()) for row in rows)], "\t" if extension == ".tsv" else ",")
    if extension == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), sink)
    elif extension == ".avro":
        fields = [{"name": name, "type": "string"} for name in rows[0]]
        fastavro.writer(sink, fastavro.parse_schema({"type": "record", "name": "Row", "fields": fields}), rows)
    else:
        sink.write("".join(json.dumps(row) + "\n" for row in rows).encode())
    return sink.getvalue()


def as_json_lines(texts: Sequence[str]) -> bytes:
    return "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts).encode()


def as_table(rows: Sequence[Sequence[str]], separator: str = ",") -> bytes:
    """Rows as CSV or TSV, quoted where they need it."""
    sink = io.StringIO()
    csv.writer(sink, delimiter=separator).writerows(rows)
    return sink.getvalue().encode()


def as_parquet(texts: Sequence[str]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": list(texts)}), sink)
    return sink.getvalue()


def as_avro(texts: Sequence[str]) -> bytes:
    sink = io.BytesIO()
    schema = {"type": "record", "name": "Row", "fields": [{"name": "text", "type": "string"}]}
    fastavro.writer(sink, fastavro.parse_schema(schema), [{"text": text} for text in texts])
    return sink.getvalue()


def as_wet(texts: Sequence[str]) -> bytes:
    return b"".join(warc_record("conversion", "", "text/plain", text.encode()) for text in texts)


def as_warc(texts: Sequence[str]) -> bytes:
    pages = [page("A page", [text]) for text in texts]
    return b"".join(response("https://a.example", "200 OK", "text/html", html.encode()) for html in pages)


def arc_record(uri: str, media_type: str, content: bytes, version: int = 1) -> bytes:
    """A record of an ARC file as the format's description has it, with the line feed that follows it."""
    more = f"{media_type} 200 - - 0 x.arc" if version == 2 else media_type
    return f"{uri} 192.0.2.7 20010203040506 {more} {len(content)}\n".encode() + content + b"\n"


def arc_head(version: int = 1) -> bytes:
    """The first record of an ARC file, about the file."""
    fields = "URL IP-address Archive-date Content-type " + (
        "Result-code Checksum Location Offset Filename " * (version - 1)
    )
    block = f"{version} 0 the crawler\n{fields}Archive-length\n".encode()
    return arc_record("filedesc://x.arc", "text/plain", block, version).replace(b"192.0.2.7", b"0.0.0.0")


def http_page(text: str, status: str = "200 OK", media_type: str = "text/html") -> bytes:
    """A page as a server sent it."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\n\r\n".encode() + page("A page", [text]).encode()


def as_arc(texts: Sequence[str]) -> bytes:
    return arc_head() + b"".join(arc_record("https://a.example", "text/html", http_page(text)) for text in texts)


SITE = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="de">
  <siteinfo>
    <sitename>Wiki</sitename>
    <base>https://wiki.example/wiki/Hauptseite</base>
    <namespaces>
      <namespace key="-2" case="first-letter">Medium</namespace>
      <namespace key="0" case="first-letter" />
      <namespace key="1" case="first-letter">Diskussion</namespace>
      <namespace key="6" case="first-letter">Datei</namespace>
      <namespace key="14" case="first-letter">Kategorie</namespace>
    </namespaces>
  </siteinfo>
"""


def wiki_page(title: str, *revisions: str, namespace: str = "0", more: str = "", model: str = "wikitext") -> str:
    """A page of a dump with the text of each of its revisions; `more` stands after its namespace."""
    texts = "".join(
        f"<revision><id>1</id><model>{model}</model><text>{escape(text)}</text></revision>" for text in revisions
    )
    return f"  <page>\n<title>{escape(title)}</title><ns>{namespace}</ns>{more}\n{texts}\n  </page>\n"


def as_dump(pages: Iterable[str]) -> bytes:
    """A MediaWiki dump of pages."""
    return f"{SITE}{''.join(pages)}</mediawiki>\n".encode()


WRITE: dict[str, Callable[[Sequence[str]], bytes]] = {
    ".jsonl": as_json_lines,
    ".csv": lambda texts: as_table([["id", "text"], *([f"{i}", text] for i, text in enumerate(texts))]),
    ".tsv": lambda texts: as_table([["id", "text"], *([f"{i}", text] for i, text in enumerate(texts))], "\t"),
    ".parquet": as_parquet,
    ".avro": as_avro,
    ".wet": as_wet,
    ".warc": as_warc,
    ".arc": as_arc,
    ".mediawiki": lambda texts: as_dump(wiki_page(f"Page {i}", text) for i, text in enumerate(texts)),
    ".txt": lambda texts: texts[0].encode(),
    ".html": lambda texts: page("A page", [texts[0]]).encode(),
}
