"""Which embedders tell one persona in two languages, from which cosine on, and in which languages."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.transforms.embedding.registry import split_embedder
from persona_hub.transforms.embedding.use.languages import TRAINED
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.vectors.across_languages import PairThresholds

LEAST, MOST = 0.5, 0.99
UNDETERMINED = frozenset({"", "und", "mul", "zxx"})
# Of twenty personas in eight languages each lies at 0.63 and more to its translation from English, and none of them at
# 0.6 to any of 2,486 real ones (benchmarks/vectors/across_languages.py).
THRESHOLD_OF_USE = 0.6
# Cosines of translations are lower where one of the languages is not of Europe, and so are those of other texts. Both
# thresholds are the lowest, in steps of 0.05, at which at most 1% of the texts of such pairs are taken for others, in
# half of the benchmark's texts. Korean and Turkish were not there, nor were French, Italian, Dutch, Polish, Portuguese.
DISTANT_OF_USE = 0.55
DISTANT_LANGUAGES = frozenset(["ar", "ja", "ko", "th", "tr", "zh"])


@dataclass(frozen=True)
class AcrossLanguages:
    """From which cosine on two personas of different languages are one, and which languages are compared.

    `distant`: from which, if one of the two languages is among `distant_languages`.
    """

    threshold: float
    languages: frozenset[str] = frozenset()  # ISO 639 codes; none: all that are known
    distant: float = MOST
    distant_languages: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not LEAST <= self.threshold <= MOST:
            raise InvalidInputError(
                f"--across_languages_threshold {self.threshold}: a cosine from {LEAST} to {MOST}, or 0 for the one of "
                "the embedder"
            )

    @property
    def thresholds(self) -> PairThresholds:
        """The threshold of each pair of languages."""
        distant = self.distant if self.distant_languages else self.threshold
        return PairThresholds(self.threshold, distant, frozenset(code.encode() for code in self.distant_languages))

    def __str__(self) -> str:
        """As statistics say it: "cosine 0.6; 0.55 with ar, ja, ko, th, tr, zh"."""
        more = f"; {self.distant:g} with {', '.join(sorted(self.distant_languages))}" if self.distant_languages else ""
        return f"cosine {self.threshold:g}{more}"

    def code(self, language: str) -> bytes:
        """What stands for a persona's language in arrays, at most 8 bytes: b"" if it is not compared with others.

        "pt-BR" and "pt" are one language, b"pt".
        """
        code = language.partition("-")[0].lower()
        if code in UNDETERMINED or (self.languages and code not in self.languages):
            return b""
        return code.encode()[:8]


def across_languages(embedder: str, threshold: float = 0.0) -> AcrossLanguages:
    """How an embedder compares languages, `threshold` 0 for its own.

    Raises InvalidInputError for `hash`, which knows no translation, and for one that has no threshold of its own.
    """
    backend, _ = split_embedder(embedder)
    if backend == "use":
        if threshold:
            return AcrossLanguages(threshold, TRAINED)
        return AcrossLanguages(THRESHOLD_OF_USE, TRAINED, DISTANT_OF_USE, DISTANT_LANGUAGES)
    if backend in ("offline", "hash"):
        raise InvalidInputError(
            f"--across_languages: --embedder {embedder} compares letters, and knows no translation; take `use`, or a "
            "multilingual model"
        )
    if not threshold:
        raise InvalidInputError(
            f"--across_languages: from which cosine on {embedder} has one persona in two languages is not known here; "
            "measure it on translations, and give --across_languages_threshold"
        )
    return AcrossLanguages(threshold)
