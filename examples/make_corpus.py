"""Writes examples/corpus, in every format that ReadCorpus knows, from the texts in corpus_texts.json.

Some of it is broken on purpose (a truncated archive, a broken line, a wrong field), too short, or there twice, so that
a first run shows what becomes of such records.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

FOLDER = Path(__file__).parent
CORPUS = FOLDER / "corpus"
Row = dict[str, Any]
DATE = "2026-11-20T12:00:00Z"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")


def json_lines(rows: list[Row], field: str, key: str = "id") -> bytes:
    lines = [json.dumps({key: row["id"], field: row["text"]}, ensure_ascii=False) for row in rows]
    return "".join(line + "\n" for line in lines).encode()


def warc_record(kind: str, uri: str, content_type: str, payload: bytes) -> bytes:
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Date: {DATE}\r\nWARC-Target-URI: {uri}\r\n"
    head += f"Content-Type: {content_type}\r\nContent-Length: {len(payload)}\r\n\r\n"
    return head.encode() + payload + b"\r\n\r\n"


def response(uri: str, status: str, content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return warc_record("response", uri, "application/http; msgtype=response", head.encode() + body)


def page(title: str, paragraphs: list[str]) -> str:
    inner = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    menu = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in ("home", "about", "archive", "contact"))
    return (
        f"<!DOCTYPE html>\n<html><head><meta charset='utf-8'><title>{title}</title><script>track()</script></head>\n"
        f"<body><nav><ul>{menu}</ul></nav>\n<article><h1>{title}</h1>\n{inner}\n</article>\n"
        f"<footer>All rights shared. <a href='/cookies'>Cookies</a></footer></body></html>\n"
    )


def write(name: str, data: bytes) -> None:
    (CORPUS / name).write_bytes(data)


def main() -> None:
    texts: dict[str, list[Row]] = json.loads((FOLDER / "corpus_texts.json").read_text("utf-8"))
    CORPUS.mkdir(exist_ok=True)
    notes = texts["notes"]
    odd = [
        b'{"id": "short", "text": "Too short."}',
        b'{"id": "cut", "text": "The line breaks o',
        b'{"id": "seven", "text": 7}',
        b'{"id": "silent", "text": null}',
        b'{"id": "untitled", "headline": "A record with no text field"}',
    ]
    write("notes.jsonl", json_lines(notes, "text") + json_lines(notes[3:4], "text", "url") + b"\n".join(odd) + b"\n")
    write("world.jsonl.gz", gzip.compress(json_lines(texts["world"], "raw_content", "url"), mtime=0))
    write("letters.jsonl.zst", zstandard.compress(json_lines(texts["letters"], "text")))
    write("truncated.jsonl.gz", gzip.compress(json_lines(texts["lost"], "text"), mtime=0)[:-60])
    for row in texts["texts"]:
        write(row["file"], row["text"].encode(row["encoding"]))
    columns = {name: [row[name] for row in texts["columns"]] for name in ("id", "text")}
    pq.write_table(pa.table(columns), CORPUS / "columns.parquet", row_group_size=4)
    fields = [{"name": name, "type": "string"} for name in ("id", "text")]
    schema = fastavro.parse_schema({"type": "record", "name": "FieldWork", "fields": fields})
    with (CORPUS / "field-work.avro").open("wb") as file:
        fastavro.writer(file, schema, texts["field_work"], codec="deflate", sync_marker=b"persona-hub-demo")
    info = warc_record("warcinfo", "", "application/warc-fields", b"software: examples/make_corpus.py\r\n")
    wet = [warc_record("conversion", row["id"], "text/plain", row["text"].encode()) for row in texts["crawl"]]
    write("crawl.warc.wet", info + wet[0] + wet[1])
    write("crawl-2.warc.wet.gz", b"".join(gzip.compress(record, mtime=0) for record in [info, *wet[2:]]))
    pages = [
        response(row["url"], "200 OK", "text/html", page(row["title"], row["paragraphs"]).encode())
        for row in texts["pages"]
    ]
    pages.append(response("https://repair-cafe.example/logo.png", "200 OK", "image/png", PNG))
    pages.append(response("https://repair-cafe.example/gone", "404 Not Found", "text/html", b"<p>Not found</p>"))
    write("pages.warc.gz", b"".join(gzip.compress(record, mtime=0) for record in [info, *pages]))


if __name__ == "__main__":
    main()
