"""Main text of 62 real pages against strings that people marked."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import orjson

from persona_hub.transforms.corpus.charsets.html import decode_page
from persona_hub.transforms.corpus.corpus_records import Damage, Limits
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.formats.http import decoded_body, parse_http_response
from persona_hub.transforms.corpus.formats.warc import warc_records

PAGES = "web/warc/trafilatura_cc_licensed_pages"


class Score(NamedTuple):
    pages: int  # with a main text
    recall: float
    precision: float
    seconds: float


def pages(data: Path) -> dict[str, str]:
    """HTML by address."""
    (file,) = match_corpus([str(data / f"{PAGES}.warc.gz")])
    found: dict[str, str] = {}
    for record in warc_records(file, Limits()):
        assert not isinstance(record, Damage), record
        response = parse_http_response(record.content)
        found[record.uri] = decode_page(decoded_body(response, Limits()), response.headers.get("content-type", "")).text
    return found


def score(data: Path, extractor: Callable[[str, str], str]) -> Score:
    """How `extractor` does on the pages: share of `with` found, and of marked strings found those that belong."""
    htmls = pages(data)
    gold = [orjson.loads(line) for line in (data / f"{PAGES}.gold.jsonl").read_bytes().splitlines()]
    extractor("<html><body><p>Whatever is loaded late is loaded now.</p></body></html>", "")
    start = time.perf_counter()
    texts = {url: extractor(html, url) for url, html in htmls.items()}
    seconds = time.perf_counter() - start
    right = wanted = wrong = 0
    for page in gold:
        text = " ".join(texts[page["url"]].split())
        found = [" ".join(mark.split()) in text for mark in page["with"]]
        wanted += len(found)
        right += sum(found)
        wrong += sum(" ".join(mark.split()) in text for mark in page["without"])
    return Score(sum(map(bool, texts.values())), right / wanted, right / (right + wrong), seconds)
