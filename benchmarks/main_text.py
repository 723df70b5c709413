"""Recall and precision of the main text of 62 real pages against strings that people marked, by extractor.

PERSONA_HUB_DATA=DIR python -m benchmarks.main_text. A page's gold has strings `with`, which its main text must
contain, and `without`, which it must not. resiliparse is compared where it is installed; it is no dependency.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.formats.encoding import decode_page
from persona_hub.transforms.corpus.formats.http import body_of, http_response
from persona_hub.transforms.corpus.formats.main_text import extract, main_text
from persona_hub.transforms.corpus.formats.warc import warc_records
from persona_hub.transforms.corpus.found import Damage, Limits

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
        response = http_response(record.content)
        found[record.uri] = decode_page(body_of(response, Limits()), response.headers.get("content-type", ""))
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


def main() -> None:
    data = Path(os.environ["PERSONA_HUB_DATA"])
    import trafilatura

    def variant(**options: Any) -> Callable[[str, str], str]:
        return lambda html, url: trafilatura.extract(html, url=url or None, **options) or ""

    extractors: dict[str, Callable[[str, str], str]] = {
        "ours (trafilatura)": extract,
        "ours, in its own process": lambda html, url: main_text(html, url, 60),
        "trafilatura, defaults": variant(),
        "trafilatura, fast": variant(fast=True, include_comments=False),
        "trafilatura, precision": variant(favor_precision=True, include_comments=False),
        "trafilatura, fast recall": variant(fast=True, favor_recall=True, include_comments=False),
        "trafilatura, recall": variant(favor_recall=True, include_comments=False),
    }
    try:
        from resiliparse.extract.html2text import extract_plain_text

        extractors["resiliparse"] = lambda html, url: extract_plain_text(html, main_content=True)
    except ImportError:
        pass
    for name, extractor in extractors.items():
        got = score(data, extractor)
        print(
            f"{name:26} {got.pages} pages, recall {got.recall:.3f}, precision {got.precision:.3f}, {got.seconds:.2f} s"
        )


if __name__ == "__main__":
    main()
