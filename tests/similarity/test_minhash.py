"""MinHash: datasketch's signatures, and bands that find what they are said to find."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.similarity import minhash
from persona_hub.transforms.similarity.jaccard import Threshold, overlaps
from persona_hub.transforms.similarity.plan import RECALL, Plan, bands_for
from persona_hub.transforms.similarity.shingles import hash_tokens, token_sets, tokenise


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(), max_size=6))
def test_signatures_are_datasketchs_bit_for_bit(texts: list[str]) -> None:
    tokens = tokenise(texts)
    ours = minhash.signatures(minhash.sha1_tokens(tokens, hash_tokens(tokens)), tokens.size)
    for signature, words in zip(ours.T, tokens.words(), strict=True):
        theirs = MinHash(num_perm=minhash.PERMUTATIONS)
        theirs.update_batch([word.encode("utf-8", "surrogatepass") for word in words])
        np.testing.assert_array_equal(signature, theirs.hashvalues)


class Slow(np.ndarray):
    """An array that lets other threads go first."""

    def __getitem__(self, at):
        time.sleep(random.random() * 0.002)
        return np.asarray(super().__getitem__(at))

    def __setitem__(self, at, values):
        time.sleep(random.random() * 0.002)
        super().__setitem__(at, values)


def test_tokens_keep_their_hashes_in_threads_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of a cluster runs bundles in threads: what one remembers must not become the hash of another's token."""
    monkeypatch.setattr(minhash, "REMEMBERED_BITS", 1)  # all want the same places
    table = tuple(np.zeros(2, dtype).view(Slow) for dtype in (np.uint64, np.uint32))
    monkeypatch.setattr(minhash, "sha1_cache", lambda: table)
    asked = [(tokens, hash_tokens(tokens)) for tokens in (tokenise([word]) for word in ("nurse", "baker", "pilot"))]
    expected = [minhash.sha1_tokens(*each) for each in asked]
    with ThreadPoolExecutor(len(asked)) as pool:
        found = list(pool.map(lambda each: minhash.sha1_tokens(*each), asked * 50))
    np.testing.assert_array_equal(found, expected * 50)


def test_permutations_are_datasketchs() -> None:
    for ours, theirs in zip(minhash.permutations(), MinHash(num_perm=minhash.PERMUTATIONS).permutations, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_band_keys_are_equal_where_all_rows_of_a_band_are() -> None:
    one = np.arange(128, dtype=np.uint32)[:, None]
    other = one.copy()
    other[9 * 3 + 8] += 1
    equal = minhash.band_keys(one, 14, 9) == minhash.band_keys(other, 14, 9)
    assert equal.ravel().tolist() == [True] * 3 + [False] + [True] * 10


def test_bands_at_the_default_threshold_are_fourteen_of_nine() -> None:
    assert bands_for(0.9, RECALL) == (14, 9)


@pytest.mark.parametrize("threshold", [0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99])
def test_bands_reach_the_recall_with_the_hashes_there_are(threshold: float) -> None:
    plan = Plan.of(threshold)
    assert plan.recall >= RECALL
    assert plan.bands * plan.rows <= minhash.PERMUTATIONS


@pytest.mark.parametrize(
    ("threshold", "keys", "words"),
    [
        (0.9, "minhash", "14 bands of 9"),
        (0.9, "partition", "exact; texts of over 60 words by MinHash"),
        (0.6, "minhash", "rarest words: exact"),
        (1.0, "minhash", "equal sets of words"),
    ],
)
def test_a_plan_says_what_it_will_do(threshold: float, keys: str, words: str) -> None:
    assert words in Plan.of(threshold, keys).describe


SETS = st.lists(st.sets(st.integers(0, 40), max_size=30), min_size=2, max_size=6)


@given(SETS, st.sampled_from([0.5, 0.7, 0.8, 0.9, 0.95, 1.0]))
def test_jaccard_in_whole_numbers(sets: list[set[int]], threshold: float) -> None:
    tokens = np.array([token for each in sets for token in sorted(each)], np.uint32)
    size = np.array([len(each) for each in sets])
    left, right = np.triu_indices(len(sets), 1)
    found = overlaps(tokens, size, left, right)
    assert found.tolist() == [len(sets[i] & sets[j]) for i, j in zip(left, right, strict=True)]
    exact = Threshold.of(threshold)
    sizes = size[left] + size[right]
    differing = sizes - 2 * found
    np.testing.assert_array_equal(exact.reached(found, sizes), differing <= exact.slack(sizes))


WORDS = [f"w{i}" for i in range(60)]


@st.composite
def near_pairs(draw: st.DrawFn) -> tuple[str, str]:
    words = draw(st.lists(st.sampled_from(WORDS), unique=True, min_size=1, max_size=60))
    other = list(words)
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, len(other)))
        if draw(st.booleans()):
            other.insert(at, draw(st.sampled_from(WORDS)))
        elif len(other) > 1:
            del other[min(at, len(other) - 1)]
    return " ".join(words), " ".join(other)


EXACT = [(0.8, "partition"), (0.9, "partition"), (0.95, "partition"), (0.5, ""), (0.6, "")]


@settings(max_examples=300, deadline=None)
@given(near_pairs(), st.sampled_from(EXACT))
def test_exact_keys_of_near_duplicates_always_meet(pair: tuple[str, str], plan: tuple[float, str]) -> None:
    threshold, kind = plan
    one, other = (set(text.split()) for text in pair)
    if len(one & other) < threshold * len(one | other):
        return
    tokens = tokenise(pair)
    codes = hash_tokens(tokens)
    sets = token_sets(codes, tokens.size)
    table = np.zeros(1 << 16, np.int64)
    keys, owner = Plan.of(threshold, kind or "minhash").keys(tokens, codes, sets, np.arange(2), table)
    assert set(keys[owner == 0].tolist()) & set(keys[owner == 1].tolist())
