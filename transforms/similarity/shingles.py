"""Texts to token sets: what near-duplicates are measured on.

A text is normalised as Unicode's NFKC_Casefold does, then read as
- words in scripts that put something between words (letters, marks and digits; combining marks belong to the word, so
  do + and # at its end, and - after a single letter: C, C++ and C# are three things, and A, A+ and A- as well),
- single characters in Han and kana,
- 3-grams of characters in the scripts of South-East Asia that are written without spaces (Thai, Lao, Khmer, Burmese
  and kin: Unicode's line breaking class SA). Single characters would not do: of 27,000 pairs of unrelated Thai
  sentences 8 reach 0.9.

A token is known by 32 bits of a hash: of two texts of 24 tokens one in ten million shares a token by chance.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import regex

from persona_hub.transforms.normal_forms import nfkc
from persona_hub.transforms.similarity.arrays import I64, U8, U32, U64, Numbers, mix, ragged, runs, spans, sums

GRAM = 3  # characters of a token where no space parts words
SEPARATOR, LETTER, MARK, SINGLE, UNSPACED = range(5)
BLOCK_HASHES = 1 << 14  # tokens hashed at a time
FEW_TOKENS = 32  # no more than these are hashed one by one: a step of numpy takes as long as 30 of Python
LARGEST_TOKEN = U32(0xFFFFFFFD)  # the two above are padding

IGNORABLE = regex.compile(r"[\p{Default_Ignorable_Code_Point}--\u200b]+", regex.V1)  # U+200B parts Khmer and Thai words
ASCII_WORDS = bytes(
    c if chr(c).isdigit() or chr(c).islower() or chr(c) in "+#-" else c + 32 if chr(c).isupper() else 32
    for c in range(128)
) + bytes([32] * 128)
PLUS, HASH, HYPHEN = b"+#-"
LOW_BYTES = np.array([(1 << (8 * i)) - 1 for i in range(8)] + [2**64 - 1], U64)


class Tokens(NamedTuple):
    """The tokens of some texts, in their order: bytes `start` .. `start + length` of `text`, with repetitions."""

    text: bytes  # normalised, UTF-8
    start: Numbers
    length: Numbers
    size: Numbers  # tokens of each text

    def words(self) -> list[list[str]]:
        """The tokens as strings, a list for each text."""
        pairs = zip(self.start.tolist(), self.length.tolist(), strict=True)
        words = [self.text[i : i + n].decode("utf-8", "surrogatepass") for i, n in pairs]
        return [words[i:j] for i, j in itertools.pairwise(spans(self.size).tolist())]


class TokenSets(NamedTuple):
    """Distinct tokens of each text, ascending, in one flat array of 32-bit hashes."""

    tokens: Numbers
    size: Numbers


def tokenise(texts: Sequence[str]) -> Tokens:
    """The tokens of texts."""
    joined = "".join(texts)
    if joined.isascii():
        return ascii_tokens(joined.encode(), spans(np.fromiter(map(len, texts), I64, len(texts))))
    return general_tokens(texts)


def tokenise_utf8(data: bytes, offsets: Numbers) -> Tokens:
    """The tokens of texts that lie side by side: text i is data[offsets[i] : offsets[i + 1]]."""
    if data.isascii():
        return ascii_tokens(data, offsets)
    high = np.searchsorted(offsets, np.flatnonzero(np.frombuffer(data, U8) > 127), "right") - 1
    other = np.zeros(len(offsets) - 1, bool)
    other[high] = True
    length = np.diff(offsets)
    plain = np.frombuffer(data, U8, int(offsets[-1] - offsets[0]), int(offsets[0]))[np.repeat(~other, length)]
    rows = np.flatnonzero(other)
    texts = [data[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") for i in rows.tolist()]
    return merge(
        ascii_tokens(plain.tobytes(), spans(length[~other])), np.flatnonzero(~other), general_tokens(texts), rows
    )


def ascii_tokens(data: bytes, offsets: Numbers) -> Tokens:
    """`tokenise_utf8` for plain ASCII: words of letters and digits, a byte at a time for all texts at once."""
    low = data.translate(ASCII_WORDS)
    codes = np.frombuffer(low, U8)
    inside = codes != 32
    symbols = np.flatnonzero((codes == PLUS) | (codes == HASH) | (codes == HYPHEN))
    if len(symbols):
        inside[symbols] = False
        inside[symbols_of_words(codes, inside, symbols, offsets)] = True
    start, end = inside.copy(), inside.copy()
    start[1:] &= ~inside[:-1]
    end[:-1] &= ~inside[1:]
    first = offsets[:-1][offsets[:-1] < len(low)]
    start[first] = inside[first]
    last = offsets[1:][offsets[1:] > 0] - 1
    end[last] = inside[last]
    starts = np.flatnonzero(start)
    return Tokens(low, starts, np.flatnonzero(end) + 1 - starts, np.diff(np.searchsorted(starts, offsets)))


def symbols_of_words(codes: Numbers, word: Numbers, symbols: Numbers, offsets: Numbers) -> Numbers:
    """Which of the `symbols`, positions of +, # and -, belong to the word before them; `word`: the code is in one.

    Text i is codes[offsets[i] : offsets[i + 1]], and what its neighbours are makes no difference.
    """
    text = np.searchsorted(offsets, symbols, "right") - 1
    hyphen = codes[symbols] == HYPHEN
    follows = np.zeros(len(symbols), bool)  # another + or # before it
    follows[1:] = (symbols[1:] == symbols[:-1] + 1) & (text[1:] == text[:-1]) & ~hyphen[1:] & ~hyphen[:-1]
    first = np.flatnonzero(~follows)
    count = np.diff(first, append=len(symbols))
    begin, end = symbols[first], symbols[first] + count
    start, stop = offsets[text[first]], offsets[text[first] + 1]
    after, before, beyond = begin > start, np.maximum(begin - 1, 0), np.minimum(end, len(codes) - 1)
    belongs = after & word[before] & ~((end < stop) & word[beyond])
    single = ((codes[before] < ord("0")) | (codes[before] > ord("9"))) & ~(
        (before > start) & word[np.maximum(before - 1, 0)]
    )
    belongs &= ~hyphen[first] | (single & ~((end < stop) & (codes[beyond] == HYPHEN)))
    return symbols[np.repeat(belongs, count)]


def normalise(text: str) -> str:
    """Unicode's NFKC_Casefold: compatibility forms and case folded, what is ignored by default gone."""
    return folded(IGNORABLE.sub("", folded(text).casefold()))


def folded(text: str) -> str:
    """NFKC, a line at a time: a look tells of most that nothing is to be done, and of all together it never would."""
    return "\n".join([nfkc(line) for line in text.split("\n")])


@cache
def kinds() -> Numbers:
    """For each code point, what it is to a tokeniser. Marks go with what they stand after."""
    table = np.full(0x110000, SEPARATOR, U8)
    every = "".join(map(chr, range(0x110000)))
    for kind, pattern in (
        (LETTER, r"[\p{L}\p{N}]+"),
        (MARK, r"\p{M}+"),
        (SINGLE, r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー&&[\p{L}\p{N}]]+"),
        (UNSPACED, r"[\p{Line_Break=SA}&&[\p{L}\p{M}\p{N}]]+"),
    ):
        for found in regex.finditer(pattern, every, regex.V1):
            table[found.start() : found.end()] = kind
    return table


def general_tokens(texts: Sequence[str]) -> Tokens:
    """`tokenise` for any script: one pass over the code points of all texts, separated by newlines."""
    joined = normalise("\n".join([text.replace("\n", " ") for text in texts]))
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), U32)
    kind = kinds()[codes]
    word = (kind == LETTER) | (kind == MARK)
    symbols = np.flatnonzero((codes == PLUS) | (codes == HASH) | (codes == HYPHEN))
    ends = symbols_of_words(codes, word, symbols, np.array([0, len(codes)]))
    word[ends] = True
    begin, length = runs(word)
    keep = word[begin]
    begin, length = begin[keep], length[keep]
    other = kind == MARK
    other[ends] = True
    marks = np.r_[0, np.cumsum(other)]
    keep = marks[begin + length] - marks[begin] < length  # marks alone are no word
    single = np.flatnonzero(kind == SINGLE)
    gram_begin, gram_length = grams(kind == UNSPACED)
    start = np.concatenate([begin[keep], single, gram_begin])
    length = np.concatenate([length[keep], np.ones(len(single), I64), gram_length])
    order = np.argsort(start, kind="stable")
    start, length = start[order], length[order]
    ends = np.r_[np.flatnonzero(codes == 10), len(codes)]
    count = np.diff(np.searchsorted(start, ends), prepend=0)
    at = spans(1 + (codes > 0x7F).astype(I64) + (codes > 0x7FF) + (codes > 0xFFFF))
    return Tokens(
        joined.encode("utf-8", "surrogatepass"), at[start], at[start + length] - at[start], count[: len(texts)]
    )


def grams(dense: Numbers) -> tuple[Numbers, Numbers]:
    """(begin, length) of all overlapping 3-grams of the runs that are true; a shorter run is one token."""
    begin, length = runs(dense)
    keep = dense[begin]
    begin, length = begin[keep], length[keep]
    number = np.maximum(length - GRAM + 1, 1)
    return ragged(begin, number), np.repeat(np.minimum(length, GRAM), number)


def merge(one: Tokens, one_rows: Numbers, two: Tokens, two_rows: Numbers) -> Tokens:
    """Tokens of two kinds of texts, put in the order of the texts."""
    count = np.zeros(len(one.size) + len(two.size), I64)
    count[one_rows], count[two_rows] = one.size, two.size
    first = spans(count)
    start, length = np.empty(first[-1], I64), np.empty(first[-1], I64)
    for part, rows, shift in ((one, one_rows, 0), (two, two_rows, len(one.text))):
        at = ragged(first[rows], part.size)
        start[at], length[at] = part.start + shift, part.length
    return Tokens(one.text + two.text, start, length, count)


def hash_tokens(tokens: Tokens) -> Numbers:
    """A 64-bit hash of each token's bytes, eight at a time."""
    start, length = tokens.start, tokens.length
    padded = tokens.text + bytes(16)
    words = np.ndarray((len(tokens.text) + 1,), U64, buffer=padded, strides=(1,))
    code = (words[start] & LOW_BYTES[np.minimum(length, 8)]) * U64(0x9E3779B97F4A7C15)
    more, done = np.flatnonzero(length > 8), 8
    while len(more) > FEW_TOKENS:
        word = words[start[more] + done] & LOW_BYTES[np.minimum(length[more] - done, 8)]
        code[more] = ((code[more] ^ (code[more] >> U64(29))) + word) * U64(0xBF58476D1CE4E5B9)
        done += 8
        more = more[length[more] > done]
    for i in more.tolist():
        code[i] = hash_on(int(code[i]), tokens.text[start[i] + done : start[i] + length[i]])
    code ^= code >> U64(32)
    code *= U64(0x94D049BB133111EB)
    code ^= code >> U64(29)
    return code


def hash_on(code: int, data: bytes) -> int:
    """The hash of a token with the rest of its bytes: by arrays, eight bytes of a single word of 30 MB took 15 us."""
    for (word,) in struct.iter_unpack("<Q", data + bytes(-len(data) % 8)):
        code = ((code ^ (code >> 29)) + word) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    return code


def token_sets(codes: Numbers, count: Numbers) -> TokenSets:
    """Sets of tokens from the 64-bit hashes of all of them: the upper 32 bits, distinct and ascending in each text."""
    rows = len(count)
    keys = np.repeat(np.arange(rows, dtype=U64) << U64(32), count)
    keys |= codes >> U64(32)
    keys.sort()
    new = np.ones(len(keys), bool)
    new[1:] = keys[1:] != keys[:-1]
    keys = keys[new]
    size = np.bincount((keys >> U64(32)).astype(I64), minlength=rows)
    return TokenSets(np.minimum(keys.astype(U32), LARGEST_TOKEN), size)


def set_hashes(sets: TokenSets) -> Numbers:
    """A 64-bit hash of each set, the same whatever the order of its tokens; 0 for an empty one."""
    codes = np.empty(len(sets.tokens), U64)
    for i in range(0, len(codes), BLOCK_HASHES):  # blocks stay in the cache
        codes[i : i + BLOCK_HASHES] = mix(
            sets.tokens[i : i + BLOCK_HASHES] + U64(1)
        )  # of 0 the hash is 0: no trace in a sum
    return sums(codes, sets.size)
