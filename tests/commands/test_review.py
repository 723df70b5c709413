"""review export and review import, from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import DONE, WRONG_COMMAND
from persona_hub.pipelines.commands.review.export import arm_names
from persona_hub.pipelines.main import main
from persona_hub.pipelines.pages.review.items import review_of
from tests.helpers.pages.raters import item, rows_of, write_rows


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """Two files of samples for the same personas, and an empty one."""
    for name in ("with", "without"):
        rows = [{"persona": f"persona {n}", "text": f"{name} {n}", "use_case": "math"} for n in range(30)]
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(map(orjson.dumps, rows)).replace(b"}{", b"}\n{"))
    (tmp_path / "empty.jsonl").touch()
    return tmp_path


def test_a_page_is_written_the_same_each_time(samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["review", "export", "--samples", str(samples / "with.jsonl"), "--pairs", str(samples / "without.jsonl")]
    for name in ("a.html", "b.html"):
        assert main([*command, "--sample", "20", "--output", str(samples / name)]) == DONE
    assert capsys.readouterr().out.startswith("20 samples, 10 pairs, page ")
    assert (samples / "a.html").read_bytes() == (samples / "b.html").read_bytes()
    assert main([*command, "--sample", "100", "--output", str(samples / "c.html")]) == DONE
    assert "fewer than --sample 100" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        ("--samples with.jsonl --output x.txt", WRONG_COMMAND, "must be a file that ends in .html"),
        ("--samples empty.jsonl --output x.html", WRONG_COMMAND, "--samples empty.jsonl: no sample is there; name"),
        (
            "--samples with.jsonl --pairs empty.jsonl --output x.html",
            WRONG_COMMAND,
            "--pairs empty.jsonl: no sample is there; name",
        ),
        ("--samples with.jsonl --pairs with.jsonl --output x.html", WRONG_COMMAND, "is --samples itself"),
        ("--samples with.jsonl --pairs ./with.jsonl --output x.html", WRONG_COMMAND, "is --samples itself"),
        ("--samples with.jsonl --pairs without.jsonl --sample 1 --output x.html", WRONG_COMMAND, "takes two samples"),
        ("--samples with.jsonl --sample 3000 --output x.html", WRONG_COMMAND, "out of range: from 1 to 2000"),
        ("--samples nowhere --output x.html", WRONG_COMMAND, "no sample is there; name a folder that"),
    ],
)
def test_what_cannot_be_rated(
    flags: str, code: int, said: str, samples: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(samples)
    assert main(["review", "export", *flags.split()]) == code
    assert said in capsys.readouterr().err
    assert not (samples / "x.html").exists()


def test_ratings_become_findings_and_a_gold_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    review = review_of([lambda: iter([item(n) for n in range(6)])], 6)
    files = [
        str(write_rows(tmp_path / f"{who}.jsonl", rows_of(review, who, lambda one: ("yes" if one.number else "no", 3))))
        for who in ("Ann", "Bo")
    ]
    assert main(["review", "import", *files, "--output", str(tmp_path / "out")]) == DONE
    out = capsys.readouterr().out
    assert out.startswith("2 raters, 6 samples, 0 pairs\n")
    assert "agreement on validity: Krippendorff's α unknown, for all ratings are alike\n" in out
    assert "gold set: 6 samples\n" in out
    found = orjson.loads((tmp_path / "out" / "review.json").read_bytes())
    assert found["agreement"]["validity"] == {"value": None, "low": None, "high": None, "n": 6}
    assert len((tmp_path / "out" / "gold.jsonl").read_text().splitlines()) == 6
    assert main(["review", "import", files[0], files[0], "--output", str(tmp_path / "out")]) == WRONG_COMMAND
    assert "Ann has rated this page in" in capsys.readouterr().err
    assert main(["review", "import", str(tmp_path), "--output", str(tmp_path / "out")]) == WRONG_COMMAND
    assert "Is a directory; name the files that the page of `review export` saved" in capsys.readouterr().err


def test_without_the_extra_nothing_is_written_and_it_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    review = review_of([lambda: iter([item(n) for n in range(6)])], 6)
    files = [
        str(
            write_rows(
                tmp_path / f"{who}.jsonl",
                rows_of(review, who, lambda one: ("no" if one.persona_id < f"{3:032x}" else "yes", 3)),
            )
        )
        for who in ("Ann", "Bo")
    ]
    monkeypatch.setitem(sys.modules, "krippendorff", None)
    assert main(["review", "import", *files, "--output", str(tmp_path / "out")]) == WRONG_COMMAND
    assert "needs the extra: pip install 'persona-hub[review]'" in capsys.readouterr().err
    assert not (tmp_path / "out" / "review.json").exists()


def test_arms_are_called_by_the_last_name_that_tells_them_apart() -> None:
    assert arm_names(["a/with", "b/without"]) == ["with", "without"]
    assert arm_names(["a/hub", "b/hub"]) == ["a/hub", "b/hub"]
