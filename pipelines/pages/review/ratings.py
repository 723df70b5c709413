"""Files of raters, which anyone may have written or edited: read whole, checked line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.pages.review.items import Item, read_origin, review_digest
from persona_hub.transforms.files.storage import TooLargeError, read_bytes
from persona_hub.transforms.records import excerpt, printable

FILE_BYTES = 64 << 20  # of a file: two thousand samples of 32 kB
LONGEST_RATER = 80  # of a rater, as the page has it
FILE_FORM = 1  # of the file
VERDICTS, FIDELITY_POINTS = ("yes", "no"), (1, 2, 3, 4, 5)
SIDES = ("left", "right", "tie")
SHOWN_VALUE = 40  # characters of a wrong value

PairIds = tuple[str, str]  # of left and right


class Rating(NamedTuple):
    """What one person says of one sample; None where nothing."""

    valid: bool | None
    fidelity: int | None  # FIDELITY_POINTS


@dataclass(frozen=True)
class RaterFile:
    """All that one person says of one page."""

    file: str
    rater: str
    page: str
    items: Mapping[str, Item]  # by id
    ratings: Mapping[str, Rating]  # by id of the item
    preferences: Mapping[PairIds, str]  # SIDES; those given


def read_rater_files(paths: Sequence[str]) -> list[RaterFile]:
    """The files of several raters. Raises UsageError, with file and line, for what no page has saved."""
    read: list[RaterFile] = []
    for path in paths:
        found = read_rater_file(path)
        for other in read:
            if (other.rater.casefold(), other.page) == (found.rater.casefold(), found.page):
                raise UsageError(
                    f"{path}: {found.rater} has rated this page in {other.file}, too; give one of the two files"
                )
        read.append(found)
    return read


def read_rater_file(path: str) -> RaterFile:
    """One file. Raises UsageError."""
    try:
        content = read_bytes(path, FILE_BYTES).decode("utf-8-sig")
    except TooLargeError as error:
        raise UsageError(f"{error}; is this a file that the page of `review export` saved?") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: no UTF-8 at byte {error.start}; give the file as the page saved it") from error
    except OSError as error:
        remedy = "name the files that the page of `review export` saved"
        raise UsageError(f"{path}: {error.strerror or error}; {remedy}") from error
    numbered = [(n, line) for n, line in enumerate(content.split("\n"), 1) if line.strip()]
    if not numbered:
        raise UsageError(f"{path}: is empty; give the file as the page saved it")
    head = object_of(numbered[0][1], f"{path}: line {numbered[0][0]}")
    rater, page = read_head(head, f"{path}: line {numbered[0][0]}")
    items: dict[str, Item] = {}
    ratings: dict[str, Rating] = {}
    pairs: dict[PairIds, str] = {}
    for n, line in numbered[1:]:
        where = f"{path}: line {n}"
        row = object_of(line, where)
        if "pair" in row:
            pair = read_pair(row, items, where)
            if pair in pairs:
                raise UsageError(f"{where}: this pair stands on an earlier line, too")
            pairs[pair] = choice_of(row, "preference", SIDES, where) or ""
            continue
        item = read_item(row, where)
        if item.id in items:
            raise UsageError(f"{where}: item {item.id} stands on an earlier line, too")
        items[item.id] = item
        verdict = choice_of(row, "validity", VERDICTS, where)
        ratings[item.id] = Rating(
            None if verdict is None else verdict == VERDICTS[0], choice_of(row, "fidelity", FIDELITY_POINTS, where)
        )
    if review_digest(list(items), list(pairs)) != page:
        raise UsageError(
            f"{path}: its {len(items):,} items and {len(pairs):,} pairs are not those of page {page}; lines are "
            "missing, or not in the order of the page; give the file as the page saved it"
        )
    return RaterFile(path, rater, page, items, ratings, {pair: side for pair, side in pairs.items() if side})


def object_of(line: str, where: str) -> Mapping[str, Any]:
    """The JSON object of a line."""
    try:
        row: Any = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{where}: not JSON ({error}); give the file as the page saved it") from None
    if not isinstance(row, dict):
        raise UsageError(f"{where}: must be an object")
    return row


def read_head(row: Mapping[str, Any], where: str) -> tuple[str, str]:
    """(the rater's name, the page's digest) of the first line."""
    if row.get("review") != FILE_FORM or type(row.get("review")) is not int:
        raise UsageError(f"{where}: no file of ratings; its first line must have review: {FILE_FORM}")
    rater, page = row.get("rater"), row.get("page")
    if not isinstance(rater, str) or not rater.strip() or len(rater) > LONGEST_RATER:
        raise UsageError(f"{where}: rater: must be a name of at most {LONGEST_RATER} characters")
    if not isinstance(page, str):
        raise UsageError(f"{where}: page: must be the digest of a page")
    return " ".join(printable(rater).split()), excerpt(page, SHOWN_VALUE)


def read_item(row: Mapping[str, Any], where: str) -> Item:
    """The item of a line, which its id proves."""
    texts = {name: row.get(name) for name in ("text", "persona", "use_case", "origin")}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise UsageError(f"{where}: {name}: must be a text")
    try:
        persona_id, number, model, arm = read_origin(str(texts["origin"]))
    except ValueError as error:
        raise UsageError(f"{where}: origin: not as the page has it ({excerpt(str(error), SHOWN_VALUE)})") from None
    item = Item(str(texts["text"]), str(texts["persona"]), str(texts["use_case"]), persona_id, number, model, arm)
    if item.id != row.get("item"):
        shown = excerpt(str(row.get("item")), SHOWN_VALUE)
        raise UsageError(f"{where}: item: unknown id {shown!r}, for it is not that of this text, persona and origin")
    return item


def read_pair(row: Mapping[str, Any], items: Mapping[str, Item], where: str) -> PairIds:
    """The ids of left and right."""
    pair = row["pair"]
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(one, str) for one in pair):
        raise UsageError(f"{where}: pair: must be the ids of two items")
    for one in pair:
        if one not in items:
            raise UsageError(f"{where}: pair: unknown id {excerpt(one, SHOWN_VALUE)!r}, which no earlier line has")
    return pair[0], pair[1]


def choice_of(row: Mapping[str, Any], name: str, allowed: Sequence[Any], where: str) -> Any:
    """The value of a rating, None where there is none."""
    value = row.get(name)
    if value is None:
        return None
    for one in allowed:
        if type(value) is type(one) and value == one:
            return one
    shown = excerpt(str(value), SHOWN_VALUE)
    raise UsageError(f"{where}: {name}: {shown!r} must be one of {', '.join(map(str, allowed))}, or null")
