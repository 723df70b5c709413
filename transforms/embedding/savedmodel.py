"""A TensorFlow SavedModel as embedder: strings in, one vector for each out, as the text encoders of TensorFlow Hub.

TensorFlow takes five seconds and 800 MB to load, so it is imported where the model is opened: in the worker.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.errors import InvalidInputError

SIGNATURE = "serving_default"
# What text encoders call the vector of a whole text, best first; a model with one output may call it anything.
OUTPUTS = ("default", "pooled_output", "sentence_embedding", "embeddings", "outputs", "output_0")


class SavedModelError(InvalidInputError):
    """A model that cannot embed texts; the message names the folder and what it lacks."""

    def __init__(self, path: str, problem: str):
        super().__init__(f"--embedder savedmodel:{path}: {problem}")


class SavedModelEmbedder:
    """Texts -> vectors of unit length by the signature `serving_default` of a SavedModel.

    The signature takes one tensor of strings, of shape [n]; its output is of floats, of shape [n, dimension]. Weights
    are read from any folder that TensorFlow reads (a local path, gs://). Raises SavedModelError otherwise.
    """

    def __init__(self, config: EmbedderConfig):
        self.path = config.name.partition(":")[2]
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the ops that text encoders are made of

        self.tf = tf
        if not tf.saved_model.contains_saved_model(self.path):
            raise SavedModelError(self.path, "no SavedModel there (a folder with saved_model.pb)")
        try:
            self.model = tf.saved_model.load(self.path)
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise SavedModelError(self.path, f"cannot be loaded: {error}") from error
        self.input, self.signature = self.open_signature()

    def open_signature(self) -> tuple[str, Callable[..., dict[str, Any]]]:
        """The signature, and the name of its one input."""
        if SIGNATURE not in self.model.signatures:
            found = ", ".join(self.model.signatures) or "none"
            raise SavedModelError(self.path, f"no signature {SIGNATURE!r}; there are: {found}")
        signature = self.model.signatures[SIGNATURE]
        inputs = signature.structured_input_signature[1]
        specs = [f"{name}: {spec.dtype.name} {spec.shape}" for name, spec in inputs.items()]
        if len(inputs) != 1 or next(iter(inputs.values())).dtype != self.tf.string:
            raise SavedModelError(self.path, f"{SIGNATURE!r} takes ({'; '.join(specs)}), not one tensor of strings")
        return next(iter(inputs)), signature

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One vector for each text."""
        strings = self.tf.constant([text.encode("utf-8", "replace") for text in texts], self.tf.string)
        outputs = self.signature(**{self.input: strings})
        name = next((name for name in OUTPUTS if name in outputs), next(iter(outputs)) if len(outputs) == 1 else "")
        if not name:
            raise SavedModelError(self.path, f"which of {', '.join(sorted(outputs))} is it?")
        vectors = outputs[name].numpy()
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.issubdtype(vectors.dtype, np.floating):
            raise SavedModelError(
                self.path,
                f"output {name!r} is {vectors.dtype} {vectors.shape} for {len(texts)} "
                f"texts, not float ({len(texts)}, dimension)",
            )
        return unit_length(vectors.astype(np.float32), self.path)


def unit_length(vectors: npt.NDArray[np.float32], path: str) -> npt.NDArray[np.float32]:
    """Vectors of length 1. What has no direction (an empty text, at times) gets the first axis."""
    if not np.isfinite(vectors).all():
        raise SavedModelError(path, "a vector is not finite")
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.where(length > 0, vectors, np.eye(1, vectors.shape[1], dtype=np.float32))
    return np.asarray(vectors / np.where(length > 0, length, 1), np.float32)
