"""A small proxy of training on an arm: how much of texts of people a linear model spans that knows the arm's set alone.

Latent semantic analysis (S. Deerwester et al., 1990) by scikit-learn, in seconds and without a GPU. It says whether an
arm's texts go in as many directions of words as people's do, and nothing of whether they are right, or of what a
language model would learn of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluation.figures import Figure, clipped, mean_figure

HELD_OUT_FLAG = "--held_out"
LEAST_TEXTS = 30  # held out; of fewer the interval says nothing
LEAST_ROWS = 2  # of a set
COMPONENTS = 50
LETTER_GRAMS = (2, 4)  # letters in a row inside a word, so that it holds for scripts without blanks, too
FEATURES = 1 << 18
LEAST_SINGULAR = 1e-6  # of the largest singular value
NEEDS_EXTRA = f"{HELD_OUT_FLAG}: needs the extra: pip install 'persona-hub[proxy]' (scikit-learn)"


class ProxyError(InvalidInputError):
    """The proxy cannot be trained; the message names the flag and the remedy."""


def require_proxy(texts: Sequence[str], path: str) -> None:
    """Raises ProxyError where scikit-learn is not installed, or the held-out texts are too few."""
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise ProxyError(NEEDS_EXTRA) from None
    if len(texts) < LEAST_TEXTS:
        raise ProxyError(f"{HELD_OUT_FLAG} {path}: {len(texts)} texts; give {LEAST_TEXTS} or more that people wrote")


def spanned_shares(sets: Mapping[str, Sequence[str]], held_out: Sequence[str]) -> dict[str, npt.NDArray[np.float64]]:
    """{arm: of each held-out text the share of its squared length, 0 to 1, that lies in the span of the arm's model}.

    Weights of the letters are those of the held-out texts, one for all arms, so that arms differ by their sets alone.
    Each model has as many components, at most COMPONENTS. Sets of fewer than LEAST_ROWS texts are left out.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    counts = HashingVectorizer(
        analyzer="char_wb", ngram_range=LETTER_GRAMS, n_features=FEATURES, norm=None, alternate_sign=False
    )
    people = counts.transform(held_out)
    weights = TfidfTransformer(sublinear_tf=True).fit(people)
    wanted = weights.transform(people)
    whole = np.asarray(wanted.multiply(wanted).sum(axis=1)).ravel()  # 1, or 0 of a text without a letter
    large = {arm: texts for arm, texts in sets.items() if len(texts) >= LEAST_ROWS}
    components = min([COMPONENTS, *(len(texts) - 1 for texts in large.values())])
    found = {}
    for arm, texts in large.items():
        with np.errstate(divide="ignore", invalid="ignore"):  # of copies there is no variance to share out
            model = TruncatedSVD(components, random_state=0).fit(weights.transform(counts.transform(texts)))
        real = model.singular_values_ > LEAST_SINGULAR * model.singular_values_.max()  # others point anywhere
        inside = np.square(model.transform(wanted)[:, real]).sum(axis=1)
        found[arm] = np.divide(inside, whole, out=np.zeros_like(inside), where=whole > 0)
    return found


def proxy_told(sets: Mapping[str, Sequence[str]], held_out: Sequence[str], control: str) -> list[dict[str, Any]]:
    """A row for each arm, as JSON: the mean share with its interval, and its distance to the control's, by pairs."""
    shares = spanned_shares(sets, held_out)
    rows = []
    for arm, own in shares.items():
        beside = shares.get(control) if arm != control else None
        rows.append(
            {"arm": arm, "rows": len(sets[arm]), "n": len(held_out), "spanned": mean_told(mean_figure(own), 0.0)}
            | {"less_control": None if beside is None else mean_told(mean_figure(own - beside), -1.0)}
        )
    return rows


def mean_told(figure: Figure, least: float) -> dict[str, float | None]:
    """A mean of shares, or of differences of shares, as JSON."""
    found = clipped(figure, least, 1.0)
    return {"value": found.value, "low": found.low, "high": found.high}
