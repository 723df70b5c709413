"""A balance from the command line: weights and a quota sample, and samples of those personas alone."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.pipelines.pages.report.methods import what_it_is
from persona_hub.pipelines.pages.report.tables import FIGURES, figures_in, tables_of
from persona_hub.transforms.attributes import UNSPECIFIED, read_attributes
from persona_hub.transforms.evaluation.demographics.balance import Balance
from persona_hub.transforms.evaluation.demographics.cells import Cells
from persona_hub.transforms.evaluation.demographics.margins import WantedBalance
from persona_hub.transforms.evaluation.demographics.quota import chosen
from persona_hub.transforms.records import Attributes, Persona, content_id
from tests.helpers import hubs

COUNTRIES = {"Norway": "NO", "Peru": "PE", "Japan": "JP"}
RUN = ["--progress", "none"]
SHARES = {
    ("country", "NO"): 0.2,
    ("country", "PE"): 0.5,
    ("country", "JP"): 0.3,
    ("language", "en"): 0.5,
    ("language", "de"): 0.5,
}


def people() -> list[Persona]:
    """120 personas: most of Norway, most in English; ten of whom no country is told."""
    found: list[Persona] = []
    for i in range(120):
        place = "" if i % 12 == 11 else f"from {('Norway', 'Norway', 'Norway', 'Peru', 'Japan')[i % 5]} "
        language = "de" if i % 7 == 0 else "en"
        found.append(Persona(content_id(f"{i}"), f"A baker {place}who counts to {i}", "text", 0, "", "read", f"doc {i}",
                             "https://a.example", language, "made", ""))  # fmt: skip
    return found


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = []
    for one in people():
        said = {**vars(read_attributes(one.text, "en")), "given": ""}
        rows.append(Attributes(persona_id=one.persona_id, language=one.language, **said))
    return hubs.write_personas(tmp_path_factory.mktemp("balance") / "hub", people(), attributes=rows)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("margins") / "shares.csv"
    file.write_text("attribute,value,share\n" + "".join(f"{a},{v},{share}\n" for (a, v), share in SHARES.items()))
    return file


def evaluate(hub: Path, output: Path, *flags: str) -> int:
    return main(["evaluate", "--hub", str(hub), "--output", str(output), *RUN, *flags])


@pytest.fixture(scope="module")
def balanced(hub: Path, table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("report") / "out"
    assert evaluate(hub, output, "--balance", str(table), "--balance_rows", "12", "--partitions", "1") == DONE
    return output


def rows_in(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted((output / "balance").iterdir()) for line in file.open()]


def test_the_written_weights_have_the_margins(balanced: Path) -> None:
    by_id = {one.persona_id: one for one in people()}
    rows = rows_in(balanced)
    assert [row["persona_id"] for row in rows] == sorted(by_id)
    assert sum(row["weight"] for row in rows) == pytest.approx(len(by_id), rel=1e-6)
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        one = by_id[row["persona_id"]]
        said = next((code for name, code in COUNTRIES.items() if name in one.text), "")
        sums["country", said] += row["weight"]
        sums["language", one.language] += row["weight"]
    known = {name: sum(sums[a, v] for a, v in SHARES if a == name) for name in ("country", "language")}
    for (attribute, value), share in SHARES.items():
        assert sums[attribute, value] / known[attribute] == pytest.approx(share, abs=0.001)
    assert sums["country", ""] / 120 == pytest.approx(10 / 120, abs=1e-6)  # the unknown keep their share
    assert Counter(row["quota"] for row in rows) == {1: 12, 0: 108}


def test_the_quota_sample_is_that_of_the_function(balanced: Path) -> None:
    """`chosen` sees all rows at once; the job finds the last id of each cell, block by block."""
    rows = []
    for one in people():
        said = next((code for name, code in COUNTRIES.items() if name in one.text), UNSPECIFIED)
        rows.append((one.persona_id, (said, one.language)))
    margins = {name: {v: share for (a, v), share in SHARES.items() if a == name} for name in ("country", "language")}
    cells = Cells.of([cell for _, cell in rows], ("country", "language"))
    sample = Balance.of(cells, WantedBalance(margins, rows=12)).sample
    assert sample is not None
    assert {row["persona_id"] for row in rows_in(balanced) if row["quota"]} == chosen(rows, sample)


def test_blocks_make_no_difference(hub: Path, table: Path, balanced: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert evaluate(hub, out, "--balance", str(table), "--balance_rows", "12", "--partitions", "7") == DONE
    for name in ("report.json", "balance/part-00000-of-00001.jsonl"):
        assert (out / name).read_bytes() == (balanced / name).read_bytes()


def test_the_report_says_what_was_reached(balanced: Path) -> None:
    told = json.loads((balanced / "report.json").read_bytes())["demographics"]
    rows = rows_in(balanced)
    worth = sum(row["weight"] for row in rows) ** 2 / sum(row["weight"] ** 2 for row in rows)
    assert told["balance"]["effective_sample_size"]["value"] == pytest.approx(worth, rel=1e-6)
    assert told["balance"]["largest_weight"]["value"] == pytest.approx(max(row["weight"] for row in rows), rel=1e-6)
    reached = {(row["attribute"], row["value"]): row["weighted"] for row in told["balance_margins"]}
    assert reached == pytest.approx(SHARES, abs=1e-6)
    assert [row["value"] for row in told["balance_left_out"]] == ["unspecified"]
    assert told["balance_table"] == "balance/: 1 file"
    assert all(what_it_is(name) for name, _ in figures_in(told))
    assert all(one.about for one in tables_of(told) if one.title != FIGURES)


def test_samples_are_made_of_the_quota_sample(
    hub: Path, balanced: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = balanced / "balance"
    flags = ["synthesize", "--hub", str(hub), "--use_case", "knowledge_text", "--where", "given.quota=1", *RUN]
    assert main([*flags, "--columns", str(table), "--output", str(tmp_path / "out")]) == DONE
    (run,) = (tmp_path / "out").rglob("*.jsonl*")
    made = {json.loads(line)["persona_id"] for line in run.open()}
    assert made == {row["persona_id"] for row in rows_in(balanced) if row["quota"]}
    # A table with a row more: of a persona that the hub has not.
    other = tmp_path / "other.jsonl"
    other.write_bytes(next(table.iterdir()).read_bytes() + b'{"persona_id":"%s","quota":1}\n' % (b"f" * 32))
    capsys.readouterr()
    assert main([*flags, "--columns", str(other), "--output", str(tmp_path / "second")]) == WRONG_COMMAND
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert f"line 121: no persona {'f' * 32} is in the hub's version" in line


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        ("--balance town", WRONG_COMMAND, "--balance no attribute 'town'; there are language"),
        ("--balance ,", WRONG_COMMAND, "--balance names no attribute; name some, as in country,life_stage"),
        ("--balance education", WRONG_COMMAND, "--balance no table of education is in the package"),
        ("--balance nowhere.csv", WRONG_COMMAND, "--balance nowhere.csv: cannot be read; name a file that is there"),
        ("--balance bytes.csv", WRONG_COMMAND, "--balance bytes.csv: is not UTF-8; save it as such"),
        ("--balance short.csv", WRONG_COMMAND, "--balance short.csv: the shares of country add up to 0.5, where 1 is"),
        ("--balance_rows 9", WRONG_COMMAND, "--balance_rows: goes with --balance, and there is none"),
        (
            "--balance country --balance_most_weight 0.5",
            WRONG_COMMAND,
            "--balance_most_weight 0.5: the mean weight is 1",
        ),
    ],
)
def test_what_cannot_be_balanced_is_one_line(
    flags: str,
    code: int,
    said: str,
    hub: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bytes.csv").write_bytes(b"\xff\xfe")
    Path("short.csv").write_text("attribute,value,share\ncountry,NO,0.5\n")
    assert evaluate(hub, tmp_path / "out", *flags.split()) == code
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert said in line
    assert not (tmp_path / "out").exists()


def test_a_value_that_nobody_has_ends_the_job_with_one_line(
    hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "m.csv"
    file.write_text("attribute,value,share\ncountry,NO,0.5\ncountry,FR,0.5\n")
    assert evaluate(hub, tmp_path / "out", "--balance", str(file)) in (FAILED, WRONG_COMMAND)
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "--balance: the margin of country wants FR, which no persona has: add personas, take these from" in line
    assert not (tmp_path / "out" / "report.json").exists()


def test_columns_that_no_choice_names_are_refused(
    hub: Path, balanced: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["synthesize", "--hub", str(hub), "--use_case", "math", "--output", str(tmp_path / "out"), *RUN]
    for more, said in (
        (["--columns", str(balanced / "balance")], "--columns: no column given.NAME stands in --where or --choose"),
        (["--columns", str(balanced), "--where", "given.quota=1"], "must be JSON Lines, .jsonl, with persona_id"),
        (["--columns", str(tmp_path / "no"), "--where", "given.quota=1"], "matches no file"),
        (
            ["--columns", str(balanced / "balance"), "--where", "given.other=1"],
            "no persona of version .* came with a column given.other; there are: given.quota, given.weight",
        ),
    ):
        assert main([*flags, *more]) == WRONG_COMMAND
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert re.search(said, line)
