"""The nearest personas of a version: by meaning, by words, and both in one list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persona_hub.pipelines.main import main
from persona_hub.transforms.calls.protocol import Budget
from persona_hub.transforms.embedding.bundle import Lost
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.hub.manifest import HubError, Manifest, fingerprint, version_name
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Tombstone, Vector, persona_id
from persona_hub.transforms.search.by_meaning import Near, nearest_vectors, vector_blocks
from persona_hub.transforms.search.by_words import RareWords
from persona_hub.transforms.search.question import embed_text
from persona_hub.transforms.search.search import Question, fused, search
from persona_hub.transforms.vectors.float16 import StoredVectors, to_stored
from persona_hub.transforms.wire.batches import Batch
from tests.helpers.embedding import embedder
from tests.material.personas import persona
from tests.servers.models.launch import FakeServer

NURSE = "A nurse who works at night on a ward for children"
SCHOOL = "A nurse who works\u202e at a school \x1b[31mby day"
DIVER = "A diver who repairs harbour walls"
GONE = "A nurse who works at night on a ward for sailors"
OFFLINE = EmbedderConfig("offline")


def version(
    output: Path, parent: str, texts: Sequence[str], vectors: bool = True, gone: str = "", by: EmbedderConfig = OFFLINE
) -> Manifest:
    """Publishes a version that adds personas, and takes one down."""
    content = fingerprint({"texts": texts, "gone": gone})
    parameters: dict[str, Any] = {"embedder": by.name, "embedding_threshold": 0.9 if vectors else 1.0}
    files = open_hub(str(output), parent).manifest.files if parent else ()
    draft = Manifest(version=version_name(parent, content), parent=parent, fingerprint=content, files=files)
    draft = replace(draft, parameters=parameters, models={"embedder": by.name})

    def written(kind: str, rows: list[Any]) -> Any:
        return write_shard(str(output), draft.folder, f"{kind}-0", type(rows[0]), "avro", [Batch(rows)])

    entries = [written("personas", [persona(text) for text in texts])]
    if vectors:
        rows = [Vector(persona_id(text), embed_text(by, text).astype("<f2").tobytes()) for text in texts]  # type: ignore[union-attr]
        entries.append(written("vectors", rows))
    if gone:
        entries.append(written("removed", [Tombstone(persona_id(gone), "persona")]))
    done = publish(str(output), draft, entries, {})
    assert isinstance(done, Manifest)
    return done


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub of two versions: the second has taken down a persona of the first."""
    output = tmp_path_factory.mktemp("search")
    first = version(output, "", [NURSE, DIVER, GONE])
    version(output, first.version, [SCHOOL], gone=GONE)
    return output


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["search", *arguments])
    return code, *capsys.readouterr()


def random_vectors(rows: int, seed: int = 0) -> tuple[Any, StoredVectors]:
    ids = np.array([f"{i:032x}".encode() for i in range(rows)], "S32")
    return ids, to_stored(np.random.default_rng(seed).standard_normal((rows, 24)).astype(np.float32))


def test_the_nearest_are_those_of_exact_cosines_however_the_rows_are_parted() -> None:
    ids, vectors = random_vectors(500)
    vectors[100:130] = vectors[7]  # thirty alike: the ids tell which come first
    wide = vectors.astype(np.float64)
    exact = wide @ wide[7] / np.linalg.norm(wide, axis=1) / np.linalg.norm(wide[7])
    order = sorted(range(500), key=lambda row: (-round(exact[row], 12), row))[:40]
    for size in (500, 64, 7):
        blocks = [(ids[i : i + size], vectors[i : i + size]) for i in range(0, 500, size)]
        near = nearest_vectors(reversed(blocks), vectors[7], 40)
        assert [one.persona_id for one in near] == [ids[row].decode() for row in order]
        assert [one.nearness for one in near] == pytest.approx(exact[order], abs=1e-12)


def test_a_vector_without_direction_is_near_to_none() -> None:
    ids, vectors = random_vectors(3)
    vectors[1] = 0
    near = nearest_vectors([(ids, vectors)], vectors[0], 3)
    assert {one.persona_id: one.nearness for one in near}[ids[1].decode()] == 0


def scores(question: str, texts: Sequence[str]) -> list[float]:
    words = RareWords(question)
    found = words.find(texts)
    words.count(found)
    return words.scores(found).tolist()


def test_rare_words_weigh_more_than_common_ones_and_short_texts_more_than_long_ones() -> None:
    texts = ["A diver", "a cook", "a smith", "A smith who dives", "!", "night, NIGHT!"]
    found = scores("A diver, a DIVER at night", texts)
    assert found[1] == found[2] > found[3] > 0 == found[4]
    assert found[5] > found[0] - found[1] > found[1]
    assert scores("!?", ["a nurse", ""]) == [0, 0]
    assert scores("a", []) == scores("a", [""])[1:] == []


def test_scores_are_those_of_the_formula_whatever_the_batches() -> None:
    """BM25 as written in the paper: two of three texts have "a", one has "nurse"; 2 words on average."""
    rare, common = np.log(1 + 2.5 / 1.5), np.log(1 + 1.5 / 2.5)

    def saturated(size: int) -> float:
        return float(2.2 / (1 + 1.2 * (0.25 + 0.75 * size / 2)))

    wanted = [common * saturated(2), (rare + common) * saturated(3), 0]
    assert scores("a nurse", ["a cook", "a night nurse", "cooks"]) == pytest.approx(wanted)
    words, texts = RareWords("a nurse"), [["a cook"], ["a night nurse", "cooks"]]
    parts = [words.find(batch) for batch in texts]
    for part in parts:
        words.count(part)
    assert [score for part in parts for score in words.scores(part)] == pytest.approx(wanted)


def test_a_hub_of_more_personas_than_are_held_is_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    personas = [Batch([persona(text)]) for text in ("a cook", "a nurse", "a judge", "a nurse in Graz")]
    here = fused(Question("a nurse"), [], personas, 9)
    assert [one.persona.text for one in here][:2] == ["a nurse", "a nurse in Graz"]
    monkeypatch.setattr("persona_hub.transforms.search.search.HELD_PERSONAS", 2)
    assert fused(Question("a nurse"), [], personas, 9) == here


def test_a_place_in_both_lists_outweighs_the_first_place_in_one() -> None:
    both, meaning, words = persona("a b"), persona("x y"), persona("a b c")
    by_meaning = [Near(meaning.persona_id, 0.9), Near(both.persona_id, 0.5), Near("0" * 32, 0.4)]
    found = fused(Question("a b c"), by_meaning, [Batch([both]), Batch([meaning, words])], 9)
    best, *others = found
    assert (best.score, best.persona, best.cosine) == (1 / 62 + 1 / 62, both, 0.5)
    first = sorted([(meaning, 0.9), (words, None)], key=lambda one: one[0].persona_id)
    assert [(one.score, one.persona, one.cosine) for one in others] == [(1 / 61, *one) for one in first]
    score = {one.persona: one.words for one in found}
    assert score[words] > score[both] > score[meaning] == 0
    assert [one.persona for one in fused(Question("a b c"), by_meaning, [Batch([both, meaning, words])], 1)] == [both]


def test_what_was_taken_down_is_found_in_the_version_before_only(hub: Path) -> None:
    question = Question(GONE, embed_text(OFFLINE, GONE))  # type: ignore[arg-type]
    assert [one.persona.text for one in search(open_hub(str(hub)), question, 10)][:1] == [NURSE]
    assert GONE not in [one.persona.text for one in search(open_hub(str(hub)), question, 10)]
    assert search(open_hub(str(hub), "1"), question, 1)[0].persona.text == GONE


def test_a_vector_of_another_size_names_its_file(hub: Path) -> None:
    with pytest.raises(
        HubError, match=r"vectors-0-\w+\.avro: the vector of \w+ has \d+ numbers, and .* for 7: another"
    ):
        list(vector_blocks(open_hub(str(hub)), 7))


def test_the_command_prints_a_line_each_that_steers_no_terminal(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--hub", str(hub), "a nurse who works at night", "--n", "2")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{2 / 61:.4f}  {persona_id(NURSE)}  en    {NURSE}",
        f"{2 / 62:.4f}  {persona_id(SCHOOL)}  en    A nurse who works  at a school  [31mby day",
    ]
    code, out, _ = run(capsys, "a nurse who works at night", "--hub", str(hub), "--format", "json", "--n", "2")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(row["persona_id"], row["language"]) for row in rows] == [
        (persona_id(NURSE), "en"),
        (persona_id(SCHOOL), "en"),
    ]
    assert rows[1]["text"] == "A nurse who works  at a school  [31mby day"
    assert rows[0]["words"] > rows[1]["words"] > 0
    assert rows[0]["cosine"] > rows[1]["cosine"]


def test_like_asks_no_embedder_and_leaves_out_the_persona_itself(
    hub: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persona_hub.pipelines.commands.search.embed_text", None)
    code, out, _ = run(capsys, "--hub", str(hub), "--like", persona_id(NURSE))
    assert code == 0
    assert [line.split("  ")[1] for line in out.splitlines()] == [persona_id(SCHOOL), persona_id(DIVER)]


@pytest.mark.parametrize("arguments", [("--like", "f" * 32), ("--like", persona_id(GONE)), (), ("a", "--like", "b")])
def test_a_wrong_question_is_one_line(
    hub: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code, out, err = run(capsys, "--hub", str(hub), *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert ("shows no persona of this id" in err) == (len(arguments) == 2)
    assert "--like" in err


def test_another_embedder_than_the_hub_s_is_refused(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "--hub", str(hub), "a nurse", "--embedder", "use")
    assert code == 2
    assert "the vectors of this hub are of hash" in err


def test_a_hub_without_vectors_is_searched_by_words_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version(tmp_path, "", [NURSE, DIVER], vectors=False)
    code, out, err = run(capsys, "--hub", str(tmp_path), "night nurse")
    assert (code, out.split("  ")[1]) == (0, persona_id(NURSE))
    assert "by words alone: this version has no vectors" in err
    code, out, err = run(capsys, "--hub", str(tmp_path), "zebra")
    assert (code, out.strip()) == (0, "")
    assert "nothing is found" in err


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"embedder": "savedmodel:/evil/model"}, "--embedder=savedmodel:/evil/model"),
        (
            {"embedder": "openai:m", "embedder_base_url": "http://evil.example/v1"},
            "--embedder=openai:m --embedder_base_url=http://evil.example/v1",
        ),
        (
            {"embedder": "openai:m", "response_store": "redis://evil.example"},
            "--response_store=redis://evil.example --embedder=openai:m",
        ),
    ],
)
def test_nothing_that_only_a_stranger_s_manifest_names_is_used(
    hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, str], told: str
) -> None:
    opened = open_hub(str(hub))
    strange = replace(opened.manifest, parameters={**opened.manifest.parameters, **changed}, models=changed)
    for path in hub.rglob("*.avro"):
        (tmp_path / path.relative_to(hub)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path.relative_to(hub)).write_bytes(path.read_bytes())
    (tmp_path / "hub" / "CURRENT").write_text(strange.version)
    (tmp_path / strange.folder / "manifest.json").write_bytes(strange.to_json())
    code, out, err = run(capsys, "--hub", str(tmp_path), "a nurse who works at night")
    assert (code, out.split("  ")[1]) == (3, persona_id(NURSE))
    assert "by words alone" in err
    assert err.rstrip().endswith(f"add {told}")
    assert not (tmp_path / "responses.sqlite").exists()


def test_a_paid_embedder_is_asked_once_and_within_its_budget(
    server: FakeServer, tmp_path: Path, credentials: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = embedder(server, f"sqlite:{tmp_path}/responses.sqlite", budget=Budget(calls=4))
    version(tmp_path, "", [NURSE, DIVER], by=config)
    server.tell()
    spent = ["--embedder", "openai:embed", "--embedder_base_url", server.url, "--max_calls", "3"]
    for _ in range(2):
        code, out, err = run(capsys, "--hub", str(tmp_path), "a nurse", *spent)
        assert (code, err, out.count("\n")) == (0, "", 2)
    assert server.counts()["calls"] == 1
    code, out, err = run(capsys, "--hub", str(tmp_path), "another nurse", *spent)
    assert (code, out.split("  ")[1]) == (3, persona_id(NURSE))
    assert "by words alone: --embedder openai:embed: budget-exhausted" in err
    assert server.counts()["calls"] == 1
    away = [*spent[:2], "--embedder_base_url", "http://127.0.0.1:9/v1"]
    code, out, err = run(capsys, "--hub", str(tmp_path), "a third nurse", *away)
    assert (code, out.split("  ")[1]) == (3, persona_id(NURSE))
    assert "connection refused" in err
    assert isinstance(embed_text(config, "a fourth nurse"), np.ndarray)
    assert isinstance(embed_text(config, "a fifth nurse"), Lost)
