"""Blocks of texts through the second convolutions: one fixed shape, and a text's sums do not depend on its block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.embedding.use.places import longest_alike
from persona_hub.transforms.embedding.use.token_products import PROBES, Slots, TokenProducts
from persona_hub.transforms.embedding.use.toom_cook import toom_cook
from persona_hub.transforms.embedding.use.weights import (
    CHANNELS,
    LEFT,
    ORDERS,
    TABLE_PARTS,
    WORD_SIZE,
    Float32,
    Weights,
)

TILE = 4  # tokens of a tile: 4.75 products of 256 x 256 a token for all orders, where plain convolutions take 10
TILES = 192  # of a block; kernels for AVX2 round 176 of them alike
# Few, small and unlike: with these cosines to a float64 pass are over 0.999999.
POINTS: dict[int, tuple[float, ...]] = {2: (0, 1, -1, 0.5), 3: (0, 1, -1, 2, -0.5), 5: (0, 1, -1, 2, -2, 0.5, -0.5)}
FEATURES = WORD_SIZE + len(ORDERS) * CHANNELS
MOST_TOKENS = 640  # of a text: 160 tiles
# Rows of the matrix in one product with the planes, whose columns are tiles: with eight, kernels for AVX2 round the
# first 320 columns in another way than the rest, with four to six they do not.
POINTS_AT_ONCE = 6
CHANNELS_AT_ONCE = 64  # of these products: their inputs stay in the processor's cache, in half the time
REACH = 2  # tokens on either side that an order sees
# Numbers from one row of inputs to the next: with 256 all rows meet in a few sets of the processor's cache, and to read
# them crosswise takes 1.6 times as long.
ROW = CHANNELS + 16


class Convolution(NamedTuple):
    """The second convolution of one order: its matrices, and what it gives."""

    taps: int
    left: int
    points: Float32
    kernels: Float32
    back: Float32
    bias: Float32
    features: Float32  # tiles side by side


def convolution(weights: Weights, order: int, left: int) -> Convolution:
    """The matrices of one order."""
    back, kernels, points = toom_cook(TILE, order, POINTS[order])
    kernel = weights[f"w2_{order}"].reshape(order, CHANNELS, CHANNELS).astype(np.float64)
    return Convolution(
        order,
        left,
        points.astype(np.float32),
        np.ascontiguousarray(np.einsum("ik,kcd->idc", kernels, kernel), np.float32),
        np.hstack([back, np.ones((TILE, 1))]).astype(np.float32),  # the bias is one more product
        weights[f"b2_{order}"][:, None].copy(),
        np.zeros((TILE, CHANNELS, TILES), np.float32),
    )


def first_fit(sizes: Sequence[int], room: int) -> list[list[int]]:
    """What goes into which block of `room`: the largest first, each into the first block that has room for it."""
    blocks: list[list[int]] = []
    left: list[int] = []
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        for block, space in enumerate(left):
            if space >= sizes[i]:
                blocks[block].append(i)
                left[block] -= sizes[i]
                break
        else:
            blocks.append([i])
            left.append(room - sizes[i])
    return blocks


class Blocks:
    """Tokens of texts -> for each text the sums of its tokens' features, normed token by token. Reuses its buffers."""

    def __init__(self, weights: Weights, tokens: TokenProducts):
        self.weights, self.tokens = weights, tokens
        self.convolutions = [convolution(weights, n, left) for n, left in zip(ORDERS, LEFT, strict=True)]
        self.hidden, self.gathered = (np.zeros((TILE, TILES, CHANNELS), np.float32) for _ in range(2))
        self.spaced = np.zeros((TILE, TILES, ROW), np.float32)
        most = TILE + max(ORDERS) - 1  # plane k holds input k of each tile; tiles lie side by side
        self.planes, self.at_points = (np.zeros((most, CHANNELS, TILES), np.float32) for _ in range(2))
        self.products = np.zeros((most + 1, CHANNELS, TILES), np.float32)
        self.zeros = np.zeros(
            (CHANNELS, TILES), np.float32
        )  # numpy's maximum with one number takes three times as long
        self.bytes = np.zeros((TILE * TILES, WORD_SIZE), np.uint8)
        self.words = np.zeros((TILE * TILES, WORD_SIZE), np.float32)
        self.sums = np.zeros((TILES, FEATURES + 1), np.float32)  # of a tile's tokens; the last is that of their means
        self.first, self.tiles = 0, TILES
        probes = []
        for token in PROBES:
            slots = tokens.slots_for(np.full(TILE * TILES, token))
            self.fill(slots, np.full(TILES, TILE))
            probes.append(self.sums.copy())
        self.first, end = longest_alike(np.hstack(probes))
        self.tiles = end - self.first
        if self.tiles * TILE < MOST_TOKENS:  # no kernel seen does this: all texts have a vector, if not to the last bit
            self.first, self.tiles = 0, TILES

    def sums_of(self, slots: Slots, lengths: npt.NDArray[np.int64]) -> Float32:
        """The sums of texts, given the slots of all their tokens, text by text; shape (texts, FEATURES)."""
        out = np.empty((len(lengths), FEATURES), np.float32)
        tiles = -(-lengths // TILE)
        of_text = np.split(slots, np.cumsum(lengths[:-1]))
        for texts in first_fit(tiles.tolist(), self.tiles):
            self.fill(np.concatenate([of_text[i] for i in texts]), lengths[texts])
            first = self.first
            for i in texts:
                text = self.sums[first : first + tiles[i]].sum(0)
                np.subtract(text[:-1], text[-1], out=out[i])
                first += tiles[i]
        return out

    def fill(self, slots: Slots, lengths: npt.NDArray[np.int64]) -> None:
        """Computes `sums` of a block whose tiles from `first` on hold these texts, each from a tile of its own on."""
        tiles = -(-lengths // TILE)
        starts = self.first + np.cumsum(tiles) - tiles
        rows = np.arange(len(slots)) + np.repeat(TILE * starts - np.cumsum(lengths) + lengths, lengths)
        at, owner = (np.zeros(TILE * TILES + 2 * REACH, np.int64) for _ in range(2))
        at[rows + REACH], owner[rows + REACH] = slots, np.repeat(np.arange(1, len(lengths) + 1), lengths)
        middle = owner[REACH:-REACH]
        shifted = {}
        for shift in range(-REACH, REACH + 1):
            seen = slice(REACH + shift, REACH + shift + len(middle))
            near = np.where(owner[seen] == middle, at[seen], 0)
            shifted[shift] = np.ascontiguousarray(near.reshape(TILES, TILE).T).ravel()  # first tokens of tiles first
        here = shifted[0]
        total, squares = (self.tokens.moments[k][here].reshape(TILE, TILES) for k in range(2))
        for j, conv in enumerate(self.convolutions):
            self.first_layer(j, conv, shifted)
            self.neighbours(conv, starts, starts + tiles - 1)
            self.second_layer(conv, total, squares)
        mean = total / np.float32(FEATURES)
        scale = 1 / np.sqrt(squares / np.float32(FEATURES) - mean * mean + self.weights.eps)
        scale[here.reshape(TILE, TILES) == 0] = 0
        self.add_up(here, mean, scale)

    def first_layer(self, j: int, conv: Convolution, shifted: dict[int, Slots]) -> None:
        """The first convolution, from what is kept of each token, into the middle planes of the second."""
        hidden, gathered = self.hidden, self.gathered
        np.take(self.tokens.taps[j][0], shifted[-conv.left], 0, out=hidden.reshape(-1, CHANNELS), mode="clip")
        for k in range(1, conv.taps):
            np.take(self.tokens.taps[j][k], shifted[k - conv.left], 0, out=gathered.reshape(-1, CHANNELS), mode="clip")
            hidden += gathered
        np.maximum(hidden, self.zeros.reshape(TILES, CHANNELS), out=hidden)
        np.take(self.tokens.own[j], shifted[0], 0, out=gathered.reshape(-1, CHANNELS), mode="clip")
        np.add(hidden, gathered, out=self.spaced[:, :, :CHANNELS])
        for k, rows in enumerate(self.spaced):
            self.planes[conv.left + k] = rows[:, :CHANNELS].T

    def neighbours(self, conv: Convolution, firsts: Slots, lasts: Slots) -> None:
        """The planes that hold tokens of the tile before or after, of the same text."""
        planes, inside = self.planes, np.ones(TILES, np.float32)
        inside[firsts] = 0
        for k in range(conv.left):
            planes[k, :, 0] = 0
            np.multiply(planes[k + TILE, :, :-1], inside[1:], out=planes[k, :, 1:])
        inside[firsts], inside[lasts] = 1, 0
        for k in range(conv.left + TILE, len(conv.points)):
            planes[k, :, -1] = 0
            np.multiply(planes[k - TILE, :, 1:], inside[:-1], out=planes[k, :, :-1])

    def second_layer(self, conv: Convolution, total: Float32, squares: Float32) -> None:
        """The second convolution; adds its features' sums and sums of squares to those of each token."""
        points, parts = len(conv.points), -(-len(conv.points) // POINTS_AT_ONCE)
        planes, at_points, products = self.planes[:points], self.at_points[:points], self.products[: points + 1]
        for at in range(0, CHANNELS, CHANNELS_AT_ONCE):
            some = slice(at * TILES, (at + CHANNELS_AT_ONCE) * TILES)
            inputs = planes.reshape(points, -1)[:, some]
            for rows, out in zip(np.split(conv.points, parts), np.split(at_points, parts), strict=True):
                np.matmul(rows, inputs, out=out.reshape(len(rows), -1)[:, some])
        np.matmul(conv.kernels, at_points, out=products[:-1])
        products[-1] = conv.bias
        for at in range(0, CHANNELS, CHANNELS_AT_ONCE):
            some = slice(at * TILES, (at + CHANNELS_AT_ONCE) * TILES)
            np.matmul(
                conv.back, products.reshape(points + 1, -1)[:, some], out=conv.features.reshape(TILE, -1)[:, some]
            )
        for k, part in enumerate(conv.features):
            np.maximum(part, self.zeros, out=part)
            np.add(part, planes[conv.left + k], out=part)
            total[k] += np.add.reduce(part, axis=0)
            squares[k] += np.einsum("ct,ct->t", part, part)

    def add_up(self, here: Slots, mean: Float32, scale: Float32) -> None:
        """The sums of each tile's tokens, each token's features times its scale."""
        tokens, flat = self.tokens.token_in[here], scale.ravel()
        part = tokens % TABLE_PARTS
        np.take(self.weights.table, tokens, 0, out=self.bytes, mode="clip")
        np.copyto(self.words, self.bytes)
        self.words *= (flat * self.weights["scale"][part])[:, None]
        np.add.reduce(self.words.reshape(TILE, TILES, WORD_SIZE), axis=0, out=self.sums[:, :WORD_SIZE])
        self.sums[:, :WORD_SIZE] += np.add.reduce((flat * self.weights["lo"][part]).reshape(TILE, -1), axis=0)[:, None]
        for j, conv in enumerate(self.convolutions):
            at = WORD_SIZE + j * CHANNELS
            self.sums[:, at : at + CHANNELS] = np.einsum("kct,kt->ct", conv.features, scale).T
        np.add.reduce(mean * scale, axis=0, out=self.sums[:, -1])
