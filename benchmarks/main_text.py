"""Recall and precision of the main text of 62 real pages against strings that people marked, by extractor.

PERSONA_HUB_DATA=DIR python -m benchmarks.main_text. A page's gold has strings `with`, which its main text must
contain, and `without`, which it must not. resiliparse is compared where it is installed; it is no dependency.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from persona_hub.transforms.corpus.formats.main_text import extract, main_text
from tests.material.main_text import score


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
