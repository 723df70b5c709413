"""The card: what it tells, and that nothing in it is anything but text."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.judging.agreement import Agreement
from persona_hub.transforms.training.card.card import CardFacts, card_of
from persona_hub.transforms.training.card.croissant import croissant_of
from persona_hub.transforms.training.card.licenses import Licenses
from persona_hub.transforms.training.data_set import DataSet, UseCaseSet
from persona_hub.transforms.training.files import DataFile
from persona_hub.transforms.training.forms import Layout
from tests.helpers.data_sets.made import whole_hub
from tests.servers.hub_card import faults_of_card, front_matter_of

EVIL = "x\n---\n# <script>a</script> | `b` [c](http://d) <!-- --> \u202e {{ e }} 'f': \"g\"\n```\n"
NO_LICENSE = Licenses()
SECTIONS = [
    f"## {name}"
    for name in (
        "What is in it",
        "Columns",
        "Split",
        "Who the personas are",
        "How it was made",
        "Checks",
        "Licences",
        "Limits",
        "Made anew",
    )
]


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The card of a hub's samples as chat."""
    place = tmp_path_factory.mktemp("card")
    hub = whole_hub(str(place / "hub"))
    command = ["export", "--hub", hub, "--form", "chat", "--output", str(place / "set"), "--license", "cc-by-4.0"]
    assert main([*command, "--source_license", "odc-by | <b>", "--model_license", "the model's own terms"]) == DONE
    return (place / "set" / "README.md").read_text("utf-8")


def made(**more: Any) -> DataSet:
    """A data set whose every text is bad."""
    run = RunManifest(
        run="0001-aa",
        models={"llm": EVIL},
        prompts={"own": EVIL},
        created=EVIL,
        counts={
            "check_own": {"samples": 2, "accepted": 1, f"rejected-{EVIL}": 1},
            "judge_own": {"answered": 1234, "gold-both": 6, "gold-neither": 4},
        },
        judged={"judge": EVIL},
    )
    file = DataFile("own-train.jsonl", "train", "jsonl", 1, 1, "0" * 64)
    one = UseCaseSet("own", Layout("chat"), [run], {"train": 1, "test": 0}, [file], EVIL)
    data = DataSet("chat", [one], Counter({"no-answer": 1}), clusters=Counter({"1": 1}))
    data.proofs["own", EVIL] = 1
    return replace(data, **more)


def evil_card(licenses: Licenses) -> str:
    commands = [f"persona-hub synthesize --llm '{EVIL}'"]
    return card_of(made(), CardFacts(name=EVIL, licenses=licenses, commands=commands, labels={"1": EVIL}))


def test_a_judge_stands_beside_its_agreement_with_people() -> None:
    page = evil_card(NO_LICENSE)
    assert f"| 1,234 | {Agreement(both=6, neither=4)} |" in page
    [one] = made().use_cases
    bare = replace(one, runs=[replace(one.runs[0], judged={"judge": "j"}, counts={"judge_own": {"answered": 3}})])
    facts = CardFacts(name="n", licenses=NO_LICENSE, commands=[], labels={})
    assert "| `own` | `j` | 3 | not measured |" in card_of(made(use_cases=[bare]), facts)


def test_nothing_in_a_card_is_markup_of_a_stranger() -> None:
    page = evil_card(Licenses(EVIL, EVIL, EVIL))
    assert faults_of_card(page) == []
    assert front_matter_of(page)["pretty_name"] == EVIL
    body = page.split("\n---\n", 1)[1]
    assert "\u202e" not in body
    rest = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", re.sub(r"^(`{3,}).*?^\1$", "", body, flags=re.S | re.M))
    assert not re.findall(r"<(?!!-- Written by)|\[c\]|http://d|\{\{", rest)
    [heading] = [line for line in rest.splitlines() if line.startswith("# ")]
    assert heading.startswith("# x --- &#35; &#60;script&#62;a&#60;/script&#62; &#124; &#96;b&#96; &#91;c&#93;")
    assert [line for line in rest.splitlines() if line.startswith("## ")] == SECTIONS
    for table in re.findall(r"(?:^\|.*\n)+", body, re.M):  # each row of a table has the cells of its head
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_the_card_counts(card: str) -> None:
    for line in (
        "| `math` | math problem | 42 | 6 |",
        "| bees, honey &#124; &#60;b&#62; | 126 |",
        "| `0001-aa-11` | `math` | `openai:m\u00a6<b>` | `abc` | 2026-03-01 |",
        "| `math` | 60 | 58 | 58 | 48 | 48 |",
        "| `program` | 48 |",
        "| `program-disagreed` | 70 |",
        "| `math` | 60 | 600 | 1,200 | 1.5000 |",
        "| the documents | odc-by &#124; &#60;b&#62; |",
        "| the models' output | the model's own terms |",
    ):
        assert line in card.splitlines(), line


def test_it_says_how_it_is_made_anew_without_places_of_ours(card: str) -> None:
    made_anew = "persona-hub synthesize --hub HUB --output HUB --use_case"
    assert f"{made_anew} game_npc,instruction,knowledge_text,latin.yaml,logical_reasoning,math,tool" in card
    assert "--llm openai:m --temperature 0.7" in card
    assert "persona-hub export --hub HUB --form chat --format jsonl --test_share 0.1 --license cc-by-4.0" in card
    assert "/secret/place" not in card
    assert "http://in" not in card


@pytest.mark.parametrize(
    ("named", "metadata"),
    [
        ("", {}),
        ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        ("My own: terms!", {"license": "other", "license_name": "my-own-terms"}),
        ("条款", {"license": "other", "license_name": "other"}),
    ],
)
def test_licences_that_the_hub_knows_stand_under_its_names(named: str, metadata: dict[str, str]) -> None:
    licenses = Licenses(named)
    assert licenses.metadata() == metadata
    assert faults_of_card(evil_card(licenses)) == []


def test_what_was_not_checked_and_what_is_not_priced_is_not_told_as_nothing() -> None:
    run = RunManifest(run="r", counts={"synthesize_own": {"asked": 1}}, usage={"synthesize_own": {"calls": 3}})
    [one] = made().use_cases
    page = card_of(
        made(use_cases=[replace(one, runs=[run])], proofs=Counter()),
        CardFacts(name="n", licenses=NO_LICENSE, commands=[], labels={}),
    )
    assert "| `own` | 1 | 0 | not run | not run | 0 |" in page
    assert "| `own` | 3 | 0 | 0 | not known |" in page
    assert "has named no licence" in page


def test_what_several_runs_of_one_store_cost_is_told_once() -> None:
    def run(name: str, calls: int, cost: float) -> RunManifest:
        usage = {"calls": calls, "input_tokens": 10 * calls, "output_tokens": calls, "cost_usd": cost}
        other = {"calls": 9, "input_tokens": 9, "output_tokens": 9, "cost_usd": 9.0}
        return RunManifest(run=name, usage={"synthesize_own": usage, "judge_own": usage, "synthesize_my_own": other})

    [one] = made().use_cases
    data = made(use_cases=[replace(one, runs=[run("a", 10, 0.5), run("b", 30, 1.25)])])
    page = card_of(data, CardFacts(name="n", licenses=NO_LICENSE, commands=[], labels={}))
    assert "| `own` | 60 | 600 | 60 | 2.5000 |" in page


def test_croissant_is_the_same_on_any_day_and_names_what_it_knows() -> None:
    first = croissant_of(made(), "name", "", NO_LICENSE)
    assert first == croissant_of(made(), "name", "", NO_LICENSE)
    assert b'"url"' not in first
    assert b'"license"' not in first
    assert b'"url": "https://a.org"' in croissant_of(made(), "name", "https://a.org", NO_LICENSE)


def test_a_card_of_ones_own_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub, out = whole_hub(str(tmp_path / "hub")), tmp_path / "out"
    command = ["export", "--hub", hub, "--form", "chat", "--use_case", "math", "--output", str(out)]
    assert main(command) == DONE
    first = (out / "README.md").read_bytes()
    assert main(command) == DONE
    assert (out / "README.md").read_bytes() == first
    (out / "README.md").write_text("# Mine\n")
    assert main(command) == 2
    assert f"{out}/README.md: not written by export" in capsys.readouterr().err
    assert (out / "README.md").read_text() == "# Mine\n"
