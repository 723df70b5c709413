"""A report of a made hub: it depends on no block, and moves the right way where something is planted."""

from __future__ import annotations

import gzip
import html
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, WRONG_COMMAND, UsageError
from persona_hub.pipelines.evaluated_files import require_persona
from persona_hub.pipelines.main import main
from persona_hub.pipelines.pages.report.form import SECTION_TITLES
from persona_hub.pipelines.pages.report.given import reference_of_file
from persona_hub.pipelines.pages.report.methods import what_it_is
from persona_hub.pipelines.pages.report.tables import FIGURES, figures_in, tables_of
from persona_hub.transforms.ablation.outcome import ArmSamples, Primary, outcome
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.evaluate.evaluate import Evaluated, evaluated
from persona_hub.transforms.evaluate.hub_rows import (
    ATTRIBUTE_ROWS,
    MEMBER_ROWS,
    PERSONA_ROWS,
    VECTOR_ROWS,
    EvaluatedPersona,
    HubRows,
    attribute_cells,
    evaluated_personas,
    leaves_of_members,
    rows_of_block,
)
from persona_hub.transforms.evaluate.hub_sums import DuplicateSums, merged_sums, second_pass
from persona_hub.transforms.evaluate.sample_sums import SampleSums
from persona_hub.transforms.evaluate.sampled import Sampled
from persona_hub.transforms.evaluate.sections.diversity import beside_rows
from persona_hub.transforms.evaluate.sections.samples import BesideHub
from persona_hub.transforms.evaluation.demographics.cells import Cell
from persona_hub.transforms.evaluation.figures import Figure
from persona_hub.transforms.records import (
    Attributes,
    Member,
    content_id,
)
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import SPILLED
from persona_hub.transforms.wire.spill import spilling
from tests.helpers import hubs
from tests.material.hubs.report_hub import LANGUAGES, report_hub, varied, vectors_of

RUN = ["--progress", "none"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hub of `tests.material.hubs.report_hub`."""
    return report_hub(tmp_path_factory.mktemp("evaluate") / "hub")


def evaluate(hub: Path, output: Path, *flags: str) -> int:
    return main(["evaluate", "--hub", str(hub), "--output", str(output), *RUN, *flags])


@pytest.fixture(scope="module")
def report(hub: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("report") / "out"
    assert evaluate(hub, output, "--partitions", "1") == DONE
    return output


def read(output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((output / "report.json").read_bytes())
    return found


def test_neither_blocks_nor_files_make_a_difference(report: Path, tmp_path: Path) -> None:
    """64 blocks in place of one, and each table in five files, which do not follow the order of ids."""
    other = report_hub(tmp_path / "hub", files=5)
    assert evaluate(other, tmp_path / "out", "--partitions", "64") == DONE
    here, there = read(report)["hub"], read(tmp_path / "out")["hub"]
    assert here["evaluation"] != there["evaluation"]  # it names the files
    for name in ("report.json", "index.html"):
        found = (tmp_path / "out" / name).read_text("utf-8")
        for fact in ("evaluation", "created"):
            found = found.replace(there[fact], here[fact])
        assert found == (report / name).read_text("utf-8")


def test_rows_of_a_block_wait_on_disk() -> None:
    """On one machine: those of a million personas took 1.4 GB in memory."""
    people = varied()
    said = [Attributes(one.persona_id, "en", "2", "", "", "", "NO", "", "") for one in people]
    with spilling():
        waiting = {
            PERSONA_ROWS: evaluated_personas(0, Batch(people)),
            ATTRIBUTE_ROWS: attribute_cells(0, Batch(said)),
            MEMBER_ROWS: leaves_of_members(0, Batch(Member(one.persona_id, "1.1") for one in people)),
        }
        assert all(packed.startswith(SPILLED) for _, packed in waiting.values())
        rows = rows_of_block({name: [packed] for name, (_, packed) in waiting.items()} | {VECTOR_ROWS: []})
    assert len(rows.personas) == len(people)
    assert set(rows.clusters) == {"1.1"}
    assert {cell[4] for cell in rows.cells} == {"NO"}


def test_every_section_has_its_figures(report: Path) -> None:
    found = read(report)
    assert found["diversity"]["meaning"]["vendi"]["n"] == 240
    assert 1 < found["diversity"]["meaning"]["vendi"]["value"] < 240
    assert {row["of"] for row in found["diversity"]["words_beside"]} == {"personas", "samples"}
    assert {row["by"] for row in found["diversity"]["groups"]} == {"hop", "language", "source", "cluster"}
    assert found["repetition"]["duplicates"]["largest"]["value"] == 4
    assert found["repetition"]["duplicates"]["dropped"] == {"value": 3, "low": None, "high": None, "n": 243}
    assert found["demographics"]["known"]["country"]["value"] == 1
    assert {row["value"] for row in found["demographics"]["shares"] if row["attribute"] == "language"} == {
        "en",
        "de",
        "fr",
    }
    assert found["fidelity"]["fidelity"]["own_persona_nearest_of_20"]["value"] > 0.9
    assert found["fidelity"]["fidelity"]["cosine_to_root_at_hop_1"]["n"] == 120
    assert found["fidelity"]["coverage"]["reached"]["value"] == 1
    assert found["quality"]["accepted"]["value"] == 120 / 128
    assert [row["answers"] for row in found["quality"]["rejected"]] == [8]
    assert len(found["quality"]["errors"]) == 3
    assert found["quality"]["proofs"] == [{"use_case": "math", "proof": "program", "samples": 120}]
    assert found["novelty"]["hops"] == [{"hop": 0, "made": 122, "kept": 120}, {"hop": 1, "made": 121, "kept": 120}]
    figures = [name for section in SECTION_TITLES for name, _ in figures_in(found.get(section) or {})]
    assert len(figures) > 50
    assert [name for name in figures if not what_it_is(name)] == []
    tables = [one for section in SECTION_TITLES for one in tables_of(found.get(section) or {}) if one.title != FIGURES]
    assert len(tables) > 12
    assert [one.title for one in tables if not one.about] == []
    page = (report / "index.html").read_text("utf-8")
    assert "Hub 0001-aa" in page
    assert len(found["map"]["points"]) == 240


def test_done_again_it_does_nothing(hub: Path, report: Path, capsys: pytest.CaptureFixture) -> None:
    before = (report / "report.json").stat().st_mtime_ns
    assert evaluate(hub, report) == DONE
    assert "nothing is to be done" in capsys.readouterr().out
    assert (report / "report.json").stat().st_mtime_ns == before


def test_a_hub_of_texts_alone_says_what_is_missing(tmp_path: Path) -> None:
    """No vectors, attributes or samples; a reference of people, and an experiment."""
    hub = hubs.write_personas(tmp_path / "hub", varied(30))
    people = tmp_path / "people.jsonl"
    people.write_text(
        "".join(json.dumps({"question": f"How many apples are in {n} bags of nine?"}) + "\n" for n in range(50))
    )
    arms = {
        name: ArmSamples(vectors_of([f"{name} {i % kinds}" for i in range(60)]), np.arange(60))
        for name, kinds in (("none", 12), ("hub:60", 55), ("few", 14))
    }
    told = outcome(arms, Primary(treatment="hub:60", control="none", threshold=0.999))
    told["arms"]["few"] |= {"cost": {"usd": 1.25}, "candidates": 71}
    experiment = tmp_path / "ablation.json"
    experiment.write_text(json.dumps(told | {"warnings": ["one cluster holds most <b>"]}))
    flags = ["--reference", str(people), "--ablation", str(experiment)]
    assert evaluate(hub, tmp_path / "out", *flags) == DONE
    found = read(tmp_path / "out")
    section = found["ablation"]
    assert section["verdict"] == told["verdict"] == "gain"
    assert section["effect"] == told["effect"] | {"n": 60}
    assert [row["arm"] for row in section["arms"]] == ["none", "hub:60", "few"]
    assert section["arms"][2]["figure"]["value"] == told["arms"]["few"]["distinct"]["value"] / 60
    assert (section["arms"][2]["cost_usd"], section["arms"][2]["answers"]) == (1.25, 71)
    assert [(row["arm"], row["verdict"]) for row in section["comparisons"]] == [("few", "too little data")]
    assert any("one cluster holds most" in one["text"] for one in found["warnings"])
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert html.escape(told["words"]) in page
    assert "Arms of the experiment" in page
    assert found["fidelity"] is None
    assert found["quality"] is None
    assert found["map"] is None
    assert "meaning" not in found["diversity"]
    assert [row["texts"] for row in found["diversity"]["words_beside"]] == [30, 30]
    assert any("no vectors" in one["text"] for one in found["warnings"])


def test_files_of_personas_are_evaluated_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Vectors and attributes are made on the way; what cannot be read is told."""
    given = tmp_path / "nemotron.jsonl"
    rows = [{"persona": one.text, "sex": ("Male", "Female")[i % 2]} for i, one in enumerate(varied(40))]
    lines = [json.dumps(row) for row in [*rows, rows[0], rows[0]]]
    given.write_text("\n".join([*lines, "no JSON", '{"persona": " "}']) + "\n")
    samples, reference = tmp_path / "samples.csv", tmp_path / "people.tsv"
    made = (f'"{one["persona"]}","{one["persona"]} counts {n} coins. How many?"' for n, one in enumerate(rows))
    samples.write_text("\n".join(["persona,problem", *made, ",", '"open,x']), "utf-8-sig")
    reference.write_text("question\n" + "".join(f"How many apples are in {n} bags of nine?\n" for n in range(50)))
    other = tmp_path / "other.jsonl"
    other.write_text('{"nothing": 1}\n' * 7)
    files = f"{given},{other}"
    beside = ["--samples", str(samples), "--reference", str(reference)]
    flags = ["--personas", files, *beside, "--output", str(tmp_path / "out"), "--partitions", "3", *RUN]
    assert main(["evaluate", *flags]) == BUDGET_SPENT  # a report of the rest
    told = f"warning: {other}: no persona was read of its 7 rows; name the field of its text by --persona_field"
    assert told in capsys.readouterr().out
    assert main(["evaluate", *flags]) == BUDGET_SPENT
    assert told in capsys.readouterr().out
    found = read(tmp_path / "out")
    assert found["hub"]["personas"] == 40
    assert found["diversity"]["meaning"]["vendi"]["n"] == 40
    assert found["demographics"]["known"]["sex"]["value"] == 1
    assert found["demographics"]["known"]["country"]["value"] > 0.5
    assert found["repetition"]["duplicates"]["dropped"]["value"] == 2
    told = " ".join(one["text"] for one in found["warnings"])
    for reason in ("broken-json", "1 row or file of personas (no-text)", "--samples (no-text)", "(unclosed-quote)"):
        assert reason in told
    assert found["hub"]["samples"] == 40
    assert found["fidelity"]["fidelity"]["own_persona_nearest_of_20"]["value"] > 0.9
    for table in ("words_beside", "words_of_samples"):
        assert {row["texts"] for row in found["diversity"][table]} == {40}
    by_meaning = {row["of"]: row["distinct_clusters_a_row"]["value"] for row in found["diversity"]["meaning_beside"]}
    assert by_meaning["samples"] > by_meaning["reference"]  # which is one question with other numbers


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--version", "7"], "no version 7"),
        (["--personas", "{folder}/text.jsonl"], "not with --hub"),
        (["--samples", "{folder}/none"], "no samples are there"),
        (["--samples", "{folder}/none.jsonl"], "no such file"),
        (["--reference", "{folder}/none.jsonl"], "cannot be read"),
        (["--reference", "{folder}/table.csv"], "area,attribute,value,count"),
        (["--reference", "{folder}/less.csv"], "error: --reference {folder}/less.csv, line 2: count is '-1'"),
        (["--reference", "{folder}/table.docx"], "must be a table"),
        (["--output", "{report}", "--reference", "{folder}/text.jsonl"], "another hub, version or samples"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(
    flags: list[str], said: str, hub: Path, report: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "table.csv").write_text("a,b\n")
    (tmp_path / "less.csv").write_text("area,attribute,value,count\nworld,sex,male,-1\n")
    (tmp_path / "text.jsonl").write_text('{"text": "a"}\n')
    given = [flag.format(folder=tmp_path, report=report) for flag in flags]
    output = [] if "--output" in flags else ["--output", str(tmp_path / "out")]
    assert main(["evaluate", "--hub", str(hub), *RUN, *output, *given]) == WRONG_COMMAND
    assert said.format(folder=tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("user 1 personas,talk\nI cook.,Hi\n", "no column persona .* but user 1 personas, talk. .* --persona_field"),
        ("persona\n", "it has no row"),
        ("", "it has no row"),
        ("persona,age\n,3\n", "row 1: its text is empty"),
    ],
)
def test_files_without_a_persona_are_refused_before_any_work(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "given.csv").write_text(content)
    files = match_corpus([str(tmp_path / "given.csv")], flag="--personas")
    with pytest.raises(UsageError, match=said):
        require_persona(files, ())


def test_a_reference_is_a_table_of_a_population_or_texts(tmp_path: Path) -> None:
    table = "\ufeff# source: a census\narea,attribute,value,count\nworld,sex,female,3\nworld,sex,male,1\n"
    (tmp_path / "census.csv").write_text(table)
    (tmp_path / "census.csv.gz").write_bytes(gzip.compress(table.encode()))
    for name in ("census.csv", "census.csv.gz"):
        found = reference_of_file(str(tmp_path / name))
        assert found.tables["sex"].shares == {"female": 0.75, "male": 0.25}
        assert not found.texts
    (tmp_path / "people.csv").write_text("question,answer\nHow many?,3\n,4\n")
    found = reference_of_file(str(tmp_path / "people.csv"))
    assert (found.texts, found.lost, found.tables) == (["How many?"], {"no-text": 1}, {})


@pytest.mark.parametrize("texts", [["A nurse"], ["A nurse", "A nurse who reads"], ["A nurse"] * 3, ["ы" * 5000, "一"]])
def test_few_and_odd_personas_have_a_report(texts: list[str]) -> None:
    found = sections(texts, ["NO"] * len(texts), ["en"] * len(texts))
    assert (
        found["repetition"]["openings"]
        == [{"value": "a nurse", "rows": 3, "share": Figure(1.0, n=3)}][: len(texts) == 3]
    )
    assert found["repetition"]["values_that_may_be_missed"] == "none"
    assert found["demographics"]["associations"] == []
    assert math.isnan(found["demographics"]["divergence_from_reference"]["occupation"].value)
    assert found["diversity"]["groups"] == []


def test_corpora_are_compared_at_as_many_texts_as_are_long_enough() -> None:
    """Of released personas a fifth is too short: 1,073 texts stood beside 1,319, and fewer look more diverse."""
    short = ["one two"] * 2 + [f"one two three {n}" for n in range(9)]
    rows = beside_rows({"personas": short, "reference": [f"one two three four {n}" for n in range(20)]})
    assert [(row["words_of_each_text"], row["texts"], row["distinct_1"].n) for row in rows] == [(4, 9, 9)] * 2
    assert [row["left_out_as_short"].value for row in rows] == [pytest.approx(2 / 11), 0]


def sections(texts: Sequence[str], countries: Sequence[str], languages: Sequence[str]) -> dict[str, Any]:
    """The sections of a hub of these texts, in two blocks, without Beam."""
    ids = sorted(content_id(f"{i}") for i in range(len(texts)))
    people = [
        EvaluatedPersona(one, text, language, "-", 0, one, "")
        for one, text, language in zip(ids, texts, languages, strict=True)
    ]
    stored = vectors_of(texts, 64)
    cells: list[Cell] = [
        (language, "2", "", "", country, "", "") for country, language in zip(countries, languages, strict=True)
    ]
    blocks = []
    for half in (slice(0, len(texts) // 2), slice(len(texts) // 2, None)):
        vectors = stored[half]
        blocks.append(HubRows(people[half], cells[half], ["1"] * len(vectors), np.arange(len(vectors)), vectors))
    sampled = Sampled()
    for block in blocks:
        sampled = sampled.add(block)
    second = second_pass(sampled, 0.8)
    sums = merged_sums(map(second.sums_of, blocks))
    assert sums is not None
    beside = BesideHub(0.8, 0.9, None)
    found: Evaluated = evaluated(sums, beside, sampled, DuplicateSums(), SampleSums(), {}, {}, {})
    return dict(found.sections)


def test_what_is_planted_moves_its_figures() -> None:
    """Copies, one template, one country, one language: each beside the varied hub."""
    texts = [one.text for one in varied()]
    countries = [("NO", "PE", "JP", "GH")[i % 4] for i in range(240)]
    languages = [LANGUAGES[i % 4] for i in range(240)]
    plain = sections(texts, countries, languages)
    copies = sections([texts[i % 10] for i in range(240)], countries, languages)
    assert copies["diversity"]["meaning"]["vendi"].value < 0.8 * plain["diversity"]["meaning"]["vendi"].value
    assert copies["diversity"]["meaning"]["mean_cosine"].value > plain["diversity"]["meaning"]["mean_cosine"].value
    assert copies["diversity"]["meaning"]["alone"].value == 0
    assert copies["diversity"]["meaning"]["distinct_clusters"].value <= 10
    assert copies["diversity"]["words"]["distinct_2"].value < plain["diversity"]["words"]["distinct_2"].value / 2
    assert copies["diversity"]["words"]["self_bleu"].value == pytest.approx(1)
    assert copies["novelty"]["one_more"]["new_clusters"].value == 0
    template = sections(
        [f"A nurse from Oslo who has {i} cats, keeps bees and reads" for i in range(240)], countries, languages
    )
    assert template["repetition"]["templates"]["repeated"].value == 1
    assert template["repetition"]["templates"]["largest"].value == 240
    assert template["repetition"]["openings"][0]["rows"] == 240
    one = sections(texts, ["NO"] * 240, ["en"] * 240)
    for attribute in ("country", "language"):
        far, near = (found["demographics"]["divergence_from_reference"][attribute].value for found in (one, plain))
        assert far > near
