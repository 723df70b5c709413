"""Personas beside the documents that they were made of: by words, by vectors, and by a judge with a budget."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.pipelines.pages.report.form import SECTION_TITLES
from persona_hub.pipelines.pages.report.methods import what_it_is
from persona_hub.pipelines.pages.report.tables import FIGURES, figures_in, tables_of
from persona_hub.transforms.embedding.hashing import DIMENSION, hashed
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.evaluate.documents import (
    FIRST_HOP,
    FIRST_ROWS,
    FirstPersona,
    one_of_each,
    questions_of,
    with_first_personas,
)
from persona_hub.transforms.evaluate.hub_rows import EvaluatedPersona, HubRows
from persona_hub.transforms.evaluate.sections.documents import told_of_documents, told_of_judge
from persona_hub.transforms.evaluation.hash_sample import HashSample
from persona_hub.transforms.vectors.float16 import to_stored
from tests.servers.models.launch import FakeServer

TOPICS = ("glaciers", "orchards", "violins", "harbours", "railways", "volcanoes", "mushrooms", "lanterns")
RUN = ["--progress", "none"]
JSON_DOCUMENTS = 8


def sample_of(pairs: list[tuple[str, str]]) -> HashSample:
    """Of (text, document_id), with the vectors of the embedder `hash`."""
    rows = to_stored(hashed([text for text, _ in pairs], DIMENSION))
    people = [FirstPersona(text, "en", doc, row.tobytes()) for (text, doc), row in zip(pairs, rows, strict=True)]
    return HashSample(FIRST_ROWS, FIRST_HOP).add([f"{n:032x}" for n in range(len(pairs))], people)


def test_figures_of_planted_pairs() -> None:
    """Each document has two of the three content words of its persona, and none of another's."""
    documents = {f"doc {n}": f"{topic} {topic}{n} were painted" for n, topic in enumerate(TOPICS)}
    pairs = [(f"A person who paints {topic} in winter", f"doc {n}") for n, topic in enumerate(TOPICS)]
    told = told_of_documents(sample_of([*pairs, ("A pilot", "doc 99")]), documents, None)
    assert told.figures["words_in_own_document"].value == pytest.approx(2 / 3)
    assert told.figures["words_in_another_document"].value == pytest.approx(1 / 3)  # painted
    assert {name: one.value for name, one in told.sought.items()} == {"of_personas": 9, "found": 8, "lacking": 1}
    assert (told.lacking, told.named) == (1, 9)
    by_vectors = told_of_documents(sample_of(pairs), documents, EmbedderConfig("hash"))
    assert by_vectors.figures.keys() >= {"cosine_to_own_document", "cosine_to_another_document"}
    assert told_of_documents(sample_of(pairs), {}, None).figures == {}


def test_one_persona_of_a_document_is_compared_and_asked_about() -> None:
    sample = sample_of([("A potter", "doc"), ("A baker", "doc"), ("A miner", "other"), ("A judge", "gone")])
    documents = {"doc": "Text.", "other": "More."}
    assert sorted(one.document_id for _, one in one_of_each(sample, documents)) == ["doc", "other"]
    (batch,) = questions_of(sample, documents, 5)
    assert sorted(one.document for one in batch) == ["More.", "Text."]
    assert sum(len(one) for one in questions_of(sample, documents, 1)) == 1


def test_later_hops_and_given_personas_have_no_document() -> None:
    made = [("text", 0), ("relation", 1), ("given", 0)]
    people = [EvaluatedPersona(f"{n}", "A", "en", "-", hop, "d", "", origin) for n, (origin, hop) in enumerate(made)]
    rows = HubRows(people, [], [""] * 3, np.zeros(0, np.intp), np.zeros((0, 0), np.float16))
    assert with_first_personas(HashSample(FIRST_ROWS, FIRST_HOP), rows).ids == ["0"]


def test_verdicts_are_shares_and_what_has_no_answer_is_counted() -> None:
    told = told_of_judge({"supported": 6, "invented": 2}, {"malformed": 1, "budget-exhausted": 3})
    figures = {name: one.value for name, one in told["judged"].items()}
    assert figures == {"supported": 0.75, "invented": 0.25, "contradicted": 0, "unreadable": 1, "unanswered": 3}
    assert told["judged"]["supported"].low < 0.75 < told["judged"]["supported"].high
    assert told["judged"]["unreadable"].n == 12
    assert told_of_judge(None, {}) == {}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight documents, and a text that is read in parts of 300 characters."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = [{"text": f"The keeper of {topic} explains how {topic} are looked after in spring."} for topic in TOPICS]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    parts = [
        f"Chapter on {topic}. " + f"Whoever loves {topic} will find a long story of them here. " * 4
        for topic in TOPICS[:4]
    ]
    (folder / "long.txt").write_text("\n\n".join(parts))
    return folder


@pytest.fixture(scope="module")
def hub(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("hub") / "hub"
    flags = ["--expand_hops", "0", "--embedder", "hash", "--max_characters", "300", "--min_characters", "20", *RUN]
    assert main(["build", "--input", str(corpus / "*"), "--output", str(output), *flags]) == DONE
    return output


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with FakeServer() as running:
        yield running


def fidelity(output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((output / "report.json").read_bytes())["fidelity"]
    return found


def is_told(output: Path) -> bool:
    """Whether the page says of each figure and table what it is."""
    found = json.loads((output / "report.json").read_bytes())
    names = [name for section in SECTION_TITLES for name, _ in figures_in(found.get(section) or {})]
    tables = [one for section in SECTION_TITLES for one in tables_of(found.get(section) or {}) if one.title != FIGURES]
    return all(map(what_it_is, names)) and all(one.about for one in tables)


def test_documents_are_found_as_the_hub_was_built(hub: Path, corpus: Path, tmp_path: Path) -> None:
    """The parts of the long text, too: where it was cut stands in the hub's manifest."""
    flags = ["--hub", str(hub), "--input", str(corpus / "*"), "--judge", "offline", "--output", str(tmp_path / "out")]
    assert main(["evaluate", *flags, *RUN]) == DONE
    found = fidelity(tmp_path / "out")
    assert found["documents"]["lacking"]["value"] == 0
    assert found["documents"]["found"]["value"] > JSON_DOCUMENTS
    figures = found["fidelity"]
    assert figures["words_in_own_document"]["value"] > figures["words_in_another_document"]["value"]
    assert figures["cosine_to_own_document"]["value"] > figures["cosine_to_another_document"]["value"]
    assert all(found[name] for name in ("coverage", "uniformity", "complexity"))
    assert found["judged"]["supported"]["n"] == found["documents"]["found"]["value"]
    assert found["judge"] == "offline"
    assert is_told(tmp_path / "out")


def test_a_judge_with_a_budget_goes_on_where_it_ended(
    hub: Path, corpus: Path, server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The corpus lacks the long text: its personas are told, and nobody is asked about them."""
    server.tell(
        answer=json.dumps({"comment": "yes", "verdict": "supported"}),
        script=[
            {"word": "glaciers", "text": json.dumps({"comment": "no", "verdict": "contradicted"})},
            {"word": "orchards", "text": "I cannot say."},
        ],
    )
    judge = tmp_path / "judge.yaml"
    judge.write_text(f"llm: openai:test\nllm_base_url: {server.url}\n")
    flags = ["--hub", str(hub), "--input", str(corpus / "a.jsonl"), "--output", str(tmp_path / "out"), *RUN]
    flags += ["--judge", str(judge), "--retry_malformed", "0"]
    assert main(["evaluate", *flags, "--max_calls", "3"]) == BUDGET_SPENT
    out = capsys.readouterr().out
    assert "judge openai:test: at most 200 questions, 120,000 tokens in and 102,400 out, at a price that is not" in out
    assert "partial: the budget ran out: 3 of 3 calls are spent; 5 questions not asked" in out
    found = fidelity(tmp_path / "out")
    assert found["judged"]["unanswered"]["value"] == 5
    assert main(["evaluate", *flags, "--max_calls", "100"]) == DONE
    found = fidelity(tmp_path / "out")
    figures = {name: one["value"] for name, one in found["judged"].items()}
    assert figures == {
        "supported": pytest.approx(6 / 7), "invented": 0, "contradicted": pytest.approx(1 / 7), "unreadable": 1,
        "unanswered": 0,
    }  # fmt: skip
    assert found["documents"]["lacking"]["value"] > 0
    assert found["judge_cost"][0]["calls"] == server.counts()["calls"] == JSON_DOCUMENTS
    assert is_told(tmp_path / "out")
    told = json.loads((tmp_path / "out" / "report.json").read_bytes())["warnings"]
    assert any("--input lacks" in one["text"] for one in told)
    assert main(["evaluate", *flags, "--max_calls", "100"]) == DONE
    assert "nothing is to be done" in capsys.readouterr().out
    assert server.counts()["calls"] == JSON_DOCUMENTS


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--judge offline", "--judge: is about the hub's documents; name the corpus of these by --input"),
        ("--text_field x", "--text_field: is about the hub's documents; name the corpus"),
        ("--input nowhere.jsonl", "--input 'nowhere.jsonl' matches no file"),
        ("--input CORPUS --judged 9", "--judged: says how many a judge is asked about; name it with --judge MODEL"),
        ("--input CORPUS --judge openai:", "--judge openai:: name the model too, as in openai:MODEL"),
        ("--input CORPUS --judge export:x", "--judge export:x: a judge must answer at once"),
    ],
)
def test_flags_that_do_not_go_together(
    flags: str, said: str, hub: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = flags.replace("CORPUS", str(corpus / "a.jsonl")).split()
    assert main(["evaluate", "--hub", str(hub), "--output", str(tmp_path / "out"), *RUN, *given]) == WRONG_COMMAND
    assert said in capsys.readouterr().err
