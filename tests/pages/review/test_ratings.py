"""Files of raters are anyone's: an error names the file and the line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.pages.review import ratings
from persona_hub.pipelines.pages.review.items import Pair, Review
from persona_hub.pipelines.pages.review.ratings import Rating, read_rater_files
from tests.helpers.pages.raters import item, rows_of, write_rows

ITEMS = tuple(item(n) for n in range(3))
REVIEW = Review(ITEMS, (Pair(ITEMS[0], ITEMS[1]),))
Change = Callable[[list[Any]], object]


def test_what_the_page_saves_is_read(tmp_path: Path) -> None:
    rows = rows_of(
        REVIEW, "  Ann\u202e  B ", lambda one: ("yes", 5) if one == ITEMS[0] else ("no", None), lambda _: "tie"
    )
    (read,) = read_rater_files([str(write_rows(tmp_path / "a.jsonl", rows))])
    assert read.rater == "Ann B"
    assert read.page == REVIEW.digest
    assert list(read.items.values()) == list(ITEMS)
    assert [*read.ratings.values()] == [Rating(True, 5), Rating(False, None), Rating(False, None)]
    assert read.preferences == {(ITEMS[0].id, ITEMS[1].id): "tie"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.clear(), "a.jsonl: is empty"),
        (lambda rows: rows.insert(2, []), "line 3: must be an object"),
        (lambda rows: rows[0].update(review=2), "line 1: no file of ratings"),
        (lambda rows: rows[0].update(review=True), "line 1: no file of ratings"),
        (lambda rows: rows[0].update(rater=" "), "line 1: rater: must be a name of at most 80"),
        (lambda rows: rows[0].update(rater="x" * 81), "line 1: rater: must be a name of at most 80"),
        (lambda rows: rows[0].update(page=1), "line 1: page: must be the digest"),
        (lambda rows: rows[0].update(page="other"), "are not those of page other"),
        (lambda rows: rows[1].update(item="0" * 32), "line 2: item: unknown id '00"),
        (lambda rows: rows[1].update(text="other"), "line 2: item: unknown id"),
        (lambda rows: rows[1].update(text=None), "line 2: text: must be a text"),
        (lambda rows: rows[1].update(origin="?"), "line 2: origin: not as the page has it"),
        (lambda rows: rows[1].update(validity="maybe"), "line 2: validity: 'maybe' must be one of yes, no"),
        (lambda rows: rows[1].update(fidelity=6), "line 2: fidelity: '6' must be one of 1, 2"),
        (lambda rows: rows[1].update(fidelity=True), "line 2: fidelity: 'True' must be one of 1, 2"),
        (lambda rows: rows[1].update(fidelity=1.0), "line 2: fidelity: '1.0' must be one of 1, 2"),
        (lambda rows: rows.insert(2, rows[1]), "line 3: item .* stands on an earlier line, too"),
        (lambda rows: rows.append(rows[4]), "line 6: this pair stands on an earlier line, too"),
        (lambda rows: rows[4].update(pair=["a"]), "line 5: pair: must be the ids of two items"),
        (lambda rows: rows[4].update(pair=["a\x1b", "b"]), "line 5: pair: unknown id 'a '"),
        (lambda rows: rows[4].update(preference="both"), "line 5: preference: 'both' must be one of left, right, tie"),
        (lambda rows: rows.pop(2), "line 4: pair: unknown id|are not those of page"),
        (lambda rows: rows.pop(3), "its 2 items and 1 pairs are not those of page"),
        (lambda rows: rows.insert(1, rows.pop(2)), "not in the order of the page"),
    ],
)
def test_what_it_did_not_save_is_refused(change: Change, said: str, tmp_path: Path) -> None:
    rows: list[Any] = [dict(row) for row in rows_of(REVIEW, "Ann")]
    change(rows)
    with pytest.raises(UsageError, match=said):
        read_rater_files([str(write_rows(tmp_path / "a.jsonl", rows))])


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff", "no UTF-8 at byte 0"), (b"{", "line 1: not JSON"), (b"x" * 101, "a.jsonl.*100")],
)
def test_what_is_no_such_file(content: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratings, "FILE_BYTES", 100)
    (tmp_path / "a.jsonl").write_bytes(content)
    with pytest.raises(UsageError, match=said):
        read_rater_files([str(tmp_path / "a.jsonl")])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no\.jsonl"):
        read_rater_files([str(tmp_path / "no.jsonl")])


def test_one_person_rates_a_page_once(tmp_path: Path) -> None:
    paths = [
        str(write_rows(tmp_path / f"{n}.jsonl", rows_of(REVIEW, name))) for n, name in enumerate(("Ann", "Bo", "ANN"))
    ]
    with pytest.raises(UsageError, match=r"2\.jsonl: ANN has rated this page in .*0\.jsonl, too"):
        read_rater_files(paths)
    assert [one.rater for one in read_rater_files(paths[:2])] == ["Ann", "Bo"]
