"""`decode`: bytes to text, by one rule for pages, files and fields.

1. A byte order mark, or UTF-8 that fits: no legacy text of any length is UTF-8 by chance. UTF-8 with a few faults is
   UTF-8 still.
2. What is declared, if it fits: bytes that do not fit become U+FFFD and are counted. It gives way only to a guess that
   is much more like the bytes, and whose text is a language (`verdict`).
3. A guess whose text is a language.
4. A text that is ASCII but for a few bytes: those become U+FFFD.
5. None of these: `Undecodable`, for the dead letters. No guess becomes a text because nothing else was left.
"""

from __future__ import annotations

from collections.abc import Sequence

from persona_hub.transforms.corpus.charsets.fitting import Decoded, decoded_as, unfit
from persona_hub.transforms.corpus.charsets.guesses import MOST_UNFIT, confidences, sample_of
from persona_hub.transforms.corpus.charsets.labels import codec_of_label
from persona_hub.transforms.corpus.charsets.shapes import (
    escaped,
    is_binary,
    is_mostly_utf_8,
    is_utf_8,
    marked,
    perhaps_wide,
    wide_without_mark,
)
from persona_hub.transforms.corpus.charsets.verdict import LATIN, differ, is_language, is_western, main_script, oddity
from persona_hub.transforms.corpus.corpus_records import BrokenError

HEAD_BYTES = 128 * 1024  # of a text tell its encoding
FEW_BYTES, SOME_BYTES = 4, 16  # beyond ASCII: fewer say nothing against what is declared, or little
# What is declared stands if it is this likely beside the best guess. Right declarations had 0.9 and more on passages of
# 300 characters; with few characters beyond ASCII 0.73.
LIKELY, LIKELY_OF_FEW = 0.85, 0.6
LEAST_CONFIDENCE, LEAST_OF_LATIN = 0.3, 0.2  # of a guess, see `guesses`
MARGIN = 1.1  # by which it has to be more likely than the next that reads another text,
MORE_ODD = 0.1  # unless that has more controls and the like within its words
MOST_WESTERN = 0.15  # of the characters of a sample
MOST_REPLACED, MOST_REPLACED_OF_UTF_8 = 0.02, 0.05  # of an ASCII text


class Undecodable(BrokenError):
    """The bytes are no text, or no text that can be told from mojibake; the message has the remedy."""


def decode(data: bytes, *declared: str) -> Decoded:
    """The text of `data`, how many of its bytes became U+FFFD, and the codec.

    `declared` are labels, the one to be believed first. Raises Undecodable.

    >>> decode("Größe".encode("cp1252"), "iso-8859-1").text
    'Größe'
    """
    return decoded_as(data, codec_of(data[:HEAD_BYTES], declared, len(data) <= HEAD_BYTES))


def codec_of(head: bytes, declared: Sequence[str] = (), complete: bool = True) -> str:
    """The codec of a text that begins with `head`, and ends with it if `complete`. Raises Undecodable."""
    named = list(dict.fromkeys(codec for label in declared if (codec := codec_of_label(label))))
    return _by_shape(head, named, complete) or _by_evidence(head, named, complete)


def _by_shape(head: bytes, named: list[str], complete: bool) -> str:
    if codec := marked(head) or wide_without_mark(head):
        return codec
    fits = is_utf_8(head, complete)
    if is_binary(head) or (b"\0" in head and not fits):
        wide = [codec for codec in [*named, perhaps_wide(head)] if codec.startswith(("utf-16", "utf-32"))]
        for codec in wide:
            read = decoded_as(head[: len(head) // 4 * 4], codec)
            if unfit(read) <= 0.01 and is_language(read.text):
                return codec
    if is_binary(head):
        raise Undecodable("not-text", "binary data, or text of no known encoding. Leave it out or convert it.")
    if named and named[0].startswith(("iso2022", "hz")):
        return named[0]
    if codec := escaped(head):
        return codec
    return "utf-8" if fits or is_mostly_utf_8(sample_of(head) or head) else ""


def _by_evidence(head: bytes, named: list[str], complete: bool) -> str:
    sample = sample_of(head) or head
    number = sum(byte > 127 for byte in sample)
    able = [codec for codec in named if _able(sample, codec)]
    likely = _without_odd(sample, confidences(sample, tuple(able)))
    best = max(likely, key=lambda codec: likely[codec], default="")
    bound = 0.0 if number < FEW_BYTES else LIKELY_OF_FEW if number < SOME_BYTES else LIKELY
    good = [codec for codec in able if likely.get(codec, 0.0) >= bound * likely.get(best, 0.0)]
    if good:
        return max(good, key=lambda codec: likely.get(codec, 0.0)) if number >= SOME_BYTES else good[0]
    if best and _sure(sample, best, likely):
        return best
    if able:
        return able[0]
    if _western(sample):
        return "cp1252"
    if number <= MOST_REPLACED * len(head) or ("utf-8" in named and number <= MOST_REPLACED_OF_UTF_8 * len(head)):
        return "utf-8"
    detail = "the bytes fit no encoding in which they are a language. Convert it to UTF-8, or name its charset."
    raise Undecodable("undecodable", detail)


def _without_odd(sample: bytes, likely: dict[str, float]) -> dict[str, float]:
    """Confidences, less for a codec that puts what stands in no word where letters are, such as controls."""
    least = max(likely.values(), default=0.0) / 2
    result = dict(likely)
    for codec, one in likely.items():
        text = decoded_as(sample, codec).text if one > least else ""
        if main_script(text)[0] not in ("", LATIN):  # among Latin ones, damage would decide
            result[codec] = one * (1 - min(1.0, oddity(text)))
    return result


def _western(sample: bytes) -> bool:
    """Whether a text of a few quotes, dashes and letters of Western Europe is one in windows-1252."""
    text = decoded_as(sample, "cp1252").text
    few = sum(not c.isascii() for c in text) <= MOST_WESTERN * len(text)
    return few and is_western(text) and oddity(text) <= MORE_ODD and is_language(text, likely=True)


def _able(sample: bytes, codec: str) -> bool:
    """Whether `sample` may be in a declared codec: not if most of what is beyond ASCII does not fit."""
    return not codec.startswith(("utf-", "iso2022", "hz")) and unfit(decoded_as(sample, codec)) <= MOST_UNFIT


def _sure(sample: bytes, codec: str, likely: dict[str, float]) -> bool:
    """Whether a guess is likely, more so than all that read another text, and makes a language of the bytes."""
    text = decoded_as(sample, codec).text
    least = LEAST_OF_LATIN if main_script(text)[0] == LATIN else LEAST_CONFIDENCE
    others = {other: decoded_as(sample, other).text for other in likely if MARGIN * likely[other] > likely[codec]}
    clean = oddity(text) + MORE_ODD
    rivals = [likely[other] for other, read in others.items() if differ(text, read) and oddity(read) <= clean]
    return likely[codec] >= max(least, MARGIN * max(rivals, default=0.0)) and is_language(
        text, likely=likely[codec] >= LEAST_CONFIDENCE
    )
