"""Fidelity by vectors: cosine to the document or the root persona, and blind matching of samples to their personas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.evaluation.hash_sample import row_keys
from persona_hub.transforms.vectors.float16 import StoredVectors, cosines, with_norms
from persona_hub.transforms.vectors.quantised import QUANTISED_NORM, quantise

DRAWN = 20  # personas of a line-up, the own one among them: by chance 1 in 20 is right
MATCHING = "blind matching"  # the purpose by which line-ups are drawn


def row_cosines(left: StoredVectors, right: StoredVectors) -> npt.NDArray[np.float64]:
    """The cosine of each row with the same row of the other, exact, shape (rows,).

    Of a persona and its document; or, for the drift by hop, of a persona and the root of its chain.
    """
    both = with_norms(np.concatenate([left, right]))
    rows = np.arange(len(left))
    return cosines(both, rows, rows + len(left))


def matched(
    sample_ids: Sequence[str],
    samples: StoredVectors,
    owner_ids: Sequence[str],
    owners: StoredVectors,
    pool_ids: Sequence[str],
    pool: StoredVectors,
) -> npt.NDArray[np.float64]:
    """Whether a sample lies nearer to its own persona than to DRAWN - 1 others: 1, 0, or 1 / k of k that are as near.

    The others follow one another in `pool`, a hash sample of personas in its order, from a place by the sample's hash.
    Shape (samples,). The mean says how well samples tell whose they are; samples of one persona go together, so it is
    taken over personas (`GroupMeans`). Raises ValueError for a pool of fewer than DRAWN + 1 personas.
    """
    if len(pool_ids) <= DRAWN:
        raise ValueError(f"a pool of {len(pool_ids)} personas is too small: {DRAWN + 1} is the least")
    start = row_keys(sample_ids, MATCHING) % np.uint64(len(pool_ids))
    place = (start.astype(np.int64)[:, None] + np.arange(DRAWN)) % len(pool_ids)
    number = {one: at for at, one in enumerate(pool_ids)}
    is_own = place == np.array([number.get(one, -1) for one in owner_ids])[:, None]
    is_own[:, -1] |= ~is_own.any(axis=1)  # one too many was drawn, in case the own persona is among them
    rows, others = quantise(samples), quantise(pool)
    near = np.einsum("sd,skd->sk", rows, others[place], dtype=np.float32)
    near[is_own] = -2 * QUANTISED_NORM**2
    own = np.einsum("sd,sd->s", rows, quantise(owners), dtype=np.float32)
    better = (near > own[:, None]).any(axis=1)
    return np.where(better, 0.0, 1.0 / (1 + (near == own[:, None]).sum(axis=1)))
