"""What the first convolutions need of a token, which is a function of the token alone: computed once, and kept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.embedding.use.places import longest_alike
from persona_hub.transforms.embedding.use.weights import CHANNELS, LEFT, ORDERS, Float32, Weights

SLOTS = 8192  # tokens that are kept, 13 KB each; with 6,144 a persona takes 0.05 ms more, and a process 26 MB less
STEP = 144  # rows of a product; kernels for AVX2 round 128 of them alike
HALF_LIFE = 50  # tokens seen for each slot, until their counts are halved
PROBES = (1000, 20_000, 70_000, 120_000)  # any tokens
Slots = npt.NDArray[np.int64]


class TokenProducts:
    """Tokens -> slots, in which their products lie: `taps`, `own`, `moments`. Slot 0 is no token: all zero.

    A token's numbers do not depend on when it came, or with which others.
    """

    def __init__(self, weights: Weights, slots: int = SLOTS):
        self.weights, self.slots = weights, slots
        self.projection, self.bias = weights.by_order("proj"), weights.by_order("proj_b")
        self.gain, self.shift = weights.by_order("ln_g"), weights.by_order("ln_b")
        self.kernels = [
            np.ascontiguousarray(
                weights[f"w1_{n}"].reshape(n, CHANNELS, CHANNELS).transpose(1, 0, 2).reshape(CHANNELS, -1)
            )
            for n in ORDERS
        ]
        self.tap_bias = [weights[f"b1_{n}"] for n in ORDERS]
        self.taps = [np.zeros((n, slots, CHANNELS), np.float32) for n in ORDERS]
        self.own = [np.zeros((slots, CHANNELS), np.float32) for _ in ORDERS]
        self.moments = np.zeros((2, slots), np.float32)  # sum, and sum of squares, of a token's vector
        self.slot_of = np.full(len(weights.table), -1, np.int64)
        self.token_in = np.zeros(slots, np.int64)
        self.free = np.arange(slots - 1, 0, -1)
        self.uses, self.seen = np.zeros(slots, np.int64), 0
        probes = [np.hstack([x, *y]) for x, y in (self.compute(np.full(STEP, token))[1:] for token in PROBES)]
        self.first, end = longest_alike(np.hstack(probes))
        self.rows = end - self.first

    def slots_for(self, ids: npt.NDArray[np.int64]) -> Slots:
        """A slot for each token; at most `slots` - 1 different ones."""
        tokens, counts = np.unique(ids, return_counts=True)
        new = tokens[self.slot_of[tokens] < 0]
        if len(new) > len(self.free):
            self.make_room(len(new) - len(self.free), self.slot_of[tokens])
        if len(new):
            slots, self.free = self.free[-len(new) :], self.free[: -len(new)]
            self.keep(new, slots)
        self.uses[self.slot_of[tokens]] += counts
        self.seen += len(ids)
        if self.seen > HALF_LIFE * self.slots:  # what was frequent long ago makes room for what is frequent now
            self.uses, self.seen = self.uses >> 1, 0
        return self.slot_of[ids]

    def make_room(self, count: int, needed: Slots) -> None:
        """Empties the slots that were used least, but none of the `needed`."""
        uses = self.uses.copy()
        uses[[0, *self.free, *needed[needed > 0]]] = np.iinfo(np.int64).max
        least = np.argpartition(uses, count - 1)[:count]
        self.slot_of[self.token_in[least]] = -1
        self.free = np.append(self.free, least)

    def keep(self, ids: npt.NDArray[np.int64], slots: Slots) -> None:
        """Computes tokens' products and puts them into slots."""
        for start in range(0, len(ids), self.rows):
            some, to = ids[start : start + self.rows], slots[start : start + self.rows]
            padded = np.zeros(STEP, np.int64)
            padded[self.first : self.first + len(some)] = some
            used = slice(self.first, self.first + len(some))
            words, inputs, products = self.compute(padded)
            self.moments[0, to], self.moments[1, to] = words[used].sum(1), (words[used] * words[used]).sum(1)
            for j, n in enumerate(ORDERS):
                self.own[j][to] = inputs[used, j * CHANNELS : (j + 1) * CHANNELS]
                for k in range(n):
                    self.taps[j][k, to] = products[j][used, k * CHANNELS : (k + 1) * CHANNELS]
                self.taps[j][LEFT[j], to] += self.tap_bias[j]
        self.slot_of[ids], self.token_in[slots], self.uses[slots] = slots, ids, 0

    def compute(self, ids: npt.NDArray[np.int64]) -> tuple[Float32, Float32, list[Float32]]:
        """STEP tokens -> their vectors, the convolutions' inputs, and those by each tap of their kernels."""
        words = self.weights.words(ids)
        x = by_columns(words, self.projection) + self.bias
        x -= x.mean(1, keepdims=True)
        x /= np.sqrt((x * x).mean(1, keepdims=True) + self.weights.eps)
        x = np.ascontiguousarray(x * self.gain + self.shift)
        parts = [x[:, j * CHANNELS : (j + 1) * CHANNELS] for j in range(len(ORDERS))]
        return words, x, [by_columns(part, kernel) for part, kernel in zip(parts, self.kernels, strict=True)]


def by_columns(left: Float32, right: Float32) -> Float32:
    """The product of two matrices, with the rows of the result side by side in memory (see places.py)."""
    out = np.empty((right.shape[1], len(left)), np.float32)
    np.matmul(left, right, out=out.T)
    return out.T
