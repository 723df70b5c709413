"""Share of characters read rightly, of pages in twelve legacy charsets, whole and damaged, declared and not.

PERSONA_HUB_DATA=DIR python -m benchmarks.decoding. A page is three paragraphs of XQuAD or eight problems of MGSM.
0, 1 or 20 of its bytes become 0xFF or another byte beyond ASCII. What is right is what the page's own charset reads. A
page is mojibake if more than a tenth of its characters beyond ASCII are wrong ones. The bounds of
`transforms.corpus.charsets` were chosen on other texts. A number after the command is that of the pages of each kind.

With 28 of each, 2,016 in all, of 0.64 million characters for each damage: declared 1.00000 of them right, whatever the
damage; undeclared 1.00000, 1.00000 and 0.99996 with 0, 1 and 20 bytes damaged. No page was a dead letter or mojibake.
"""

from __future__ import annotations

import gzip
import itertools
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import orjson

from persona_hub.transforms.corpus.charsets.decoding import Undecodable
from persona_hub.transforms.corpus.charsets.fitting import REPLACEMENT, decoded_as
from persona_hub.transforms.corpus.charsets.html import decode_page
from persona_hub.transforms.corpus.charsets.labels import codec_of_label

CHARSETS = [
    ("ar", "windows-1256"),
    ("de", "iso-8859-1"),
    ("es", "windows-1252"),
    ("ru", "windows-1251"),
    ("ru", "koi8-r"),
    ("ru", "iso-8859-5"),
    ("ru", "ibm866"),
    ("th", "windows-874"),
    ("zh", "gb2312"),
    ("ja", "shift_jis"),
    ("ja", "euc-jp"),
    ("ja", "iso-2022-jp"),
]
DAMAGES = (0, 1, 20)
PAGES = 28  # of each charset and damage, declared and not: 2,016 in all


def texts(data: Path, language: str) -> list[str]:
    """Texts of one page each."""
    if language == "ja":
        lines, size = (data / "math/mgsm_ja.tsv").read_text("utf-8").splitlines(), 8
    else:
        with gzip.open(data / f"web/multiling/xquad_contexts.{language}.jsonl.gz") as file:
            lines, size = [orjson.loads(line)["text"] for line in file], 3
    return ["</p>\n<p>".join(lines[i : i + size]) for i in range(0, len(lines) - size + 1, size)]


def damaged(body: bytes, number: int, chance: random.Random) -> bytes:
    """`body` with `number` bytes of its text replaced."""
    changed = bytearray(body)
    for at in chance.sample(range(body.index(b"<p>") + 3, len(body)), number):
        changed[at] = chance.choice((0xFF, chance.randrange(128, 256)))
    return bytes(changed)


def pages(data: Path, each: int) -> Iterator[tuple[str, str, int, bytes]]:
    """(charset, "declared" or "undeclared", bytes damaged, page)."""
    chance = random.Random(12)
    for language, label in CHARSETS:
        found = texts(data, language)
        for declared, number, i in itertools.product((True, False), DAMAGES, range(each)):
            meta = f'<meta charset="{label}">' if declared else ""
            head = f"<html><head>{meta}<title>t</title></head><body><p>".encode()
            text = found[i % len(found)].encode(codec_of_label(label), "ignore")
            body = damaged(head + text + b"</p></body></html>", number, chance)
            yield label, "declared" if declared else "undeclared", number, body


def main() -> None:
    each = int(sys.argv[1]) if len(sys.argv) > 1 else PAGES
    whole, right, dead, mojibake = (Counter[tuple[str, int]]() for _ in range(4))
    seconds: defaultdict[tuple[str, int], float] = defaultdict(float)
    for label, declared, number, body in pages(Path(os.environ["PERSONA_HUB_DATA"]), each):
        wanted = decoded_as(body, codec_of_label(label)).text
        key = declared, number
        start = time.perf_counter()
        try:
            got = decode_page(body).text
        except Undecodable:
            dead[key] += 1
            continue
        finally:
            seconds[key] += time.perf_counter() - start
        beyond = sum(not c.isascii() for c in wanted)
        pairs = list(zip(wanted, got, strict=True)) if len(wanted) == len(got) else []
        wrong = sum(a != b for a, b in pairs) if pairs else beyond
        whole[key] += len(wanted)
        right[key] += len(wanted) - wrong
        if wrong - got.count(REPLACEMENT) > beyond / 10:
            mojibake[key] += 1
            print(f"mojibake: {label}, {declared}, {number} bytes damaged: {got[60:140]!r}")
    for key in sorted(whole):
        share = right[key] / whole[key]
        print(
            f"{key[0]:10} {key[1]:2} bytes damaged: {share:.5f} of {whole[key]:,} characters right, "
            f"{dead[key]} dead letters, {mojibake[key]} pages of mojibake, {seconds[key]:.1f} s"
        )


if __name__ == "__main__":
    main()
