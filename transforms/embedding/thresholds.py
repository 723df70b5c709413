"""From which cosine on two texts are one persona: a property of the embedder that made their vectors."""

from __future__ import annotations

from typing import NamedTuple

DEFAULT_EMBEDDER = "use"
FORMER_NAMES = {"offline": "hash"}  # what hubs and flags of earlier releases say
FORMER_DEFAULT = ("hash", 0.9)  # of earlier releases, whose hubs go on with it


class Threshold(NamedTuple):
    """A default threshold, and whether it was chosen by measured pairs."""

    cosine: float
    measured: bool


# By benchmarks/thresholds.py, docs/embed_dedup.md has the table: the lowest with a precision of 0.95.
THRESHOLDS = {
    "use": Threshold(0.965, measured=True),  # of all pairs, of those in other words, and with nonsense: 0.785 are found
    "hash": Threshold(0.93, measured=True),  # of all pairs; of those in other words it has no threshold
    "savedmodel": Threshold(0.9, measured=False),  # any model: the mean of SentencePiece's pieces has none at all
    "openai": Threshold(0.9, measured=False),  # any model of a server
    "gemini": Threshold(0.9, measured=False),
    "vertex": Threshold(0.9, measured=False),
}
UNKNOWN = Threshold(0.9, measured=False)  # of a name that is refused elsewhere


def embedder_named(name: str) -> str:
    """The embedder's name of today: "hash" of "offline"."""
    return FORMER_NAMES.get(name, name)


def threshold_of(name: str) -> Threshold:
    """The threshold of an embedder, BACKEND or BACKEND:MODEL, one that does not exist among them."""
    return THRESHOLDS.get(embedder_named(name).partition(":")[0], UNKNOWN)


def default_threshold(name: str) -> float:
    """The cosine that counts where none is given."""
    return threshold_of(name).cosine


def chosen_for(name: str, cosine: float) -> str:
    """Which backend a threshold was chosen for: the embedder's own, unless it is the default of others and not its."""
    backend = embedder_named(name).partition(":")[0]
    others = [other for other, default in THRESHOLDS.items() if default.cosine == cosine]
    is_own = backend in others or (backend, cosine) == FORMER_DEFAULT
    return backend if is_own or not others else ", ".join(others)
