"""What is refused: a run that keeps nothing, or loses most of what it read for one reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from persona_hub.transforms.hub.manifest import BaseManifest, FileEntry, Manifest, RunManifest
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.records import DeadLetter, DocumentOutcome
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.write_hub.nothing_kept import loss_of, told

FIRST = Manifest(version="0001-aa", parameters={"language": ["de"]})
NEXT = Manifest(version="0002-bb", parent="0001-aa", base="0001-aa")
SAMPLES = RunManifest(run="0001-aa-cc", hub_version="0001-aa")


def read(**counts: int) -> dict[str, dict[str, int]]:
    row = {name.replace("_", "-"): n for name, n in counts.items()}
    return {"read_corpus": {"records": sum(row.values()), **row}}


def personas(kept: int, **lost: int) -> dict[str, dict[str, int]]:
    row = {f"lost-{name.replace('_', '-')}": n for name, n in lost.items()}
    return {
        **read(document=100),
        "filter_persona": {"personas": kept + sum(row.values()), "kept": kept, **row},
        "write_hub": {"personas": kept},
    }


HUB = {"write_hub": {"personas": 5}}

REFUSED: list[tuple[BaseManifest, dict[str, Any], str, bool]] = [
    (FIRST, read(lost_field_missing=3), "field-missing", True),
    (FIRST, read(skipped_language=3, skipped_no_text=1), "language", True),
    (FIRST, read(skipped_too_short=1), "too-short", True),
    (FIRST, {}, "", True),
    (FIRST, personas(0, wrong_language=240), "wrong-language", True),
    (FIRST, personas(0, personal_name=2), "personal-name", True),
    (FIRST, {**read(document=4), "extract_persona": {"asked": 4, "lost-moderation": 4}}, "moderation", True),
    (FIRST, {**read(document=1, lost_broken_json=19), **HUB}, "broken-json", False),
    (FIRST, {**read(document=1, skipped_no_text=19), **HUB}, "no-text", False),
    (FIRST, personas(2, wrong_language=18), "wrong-language", False),
    (NEXT, read(lost_field_missing=3), "field-missing", False),
    (NEXT, read(document=1, known=1, lost_broken_json=18), "broken-json", False),
    (SAMPLES, {"synthesize_math": {"asked": 3, "lost-moderation": 3}}, "moderation", True),
    (SAMPLES, {"read_hub": {"personas": 0}}, "", True),
]
PUBLISHED: list[tuple[BaseManifest, dict[str, Any]]] = [
    (FIRST, {**read(document=1, skipped_language=99), **HUB}),  # a crawl of all languages
    (FIRST, {**read(document=1, skipped_too_short=99), **HUB}),
    (FIRST, {**read(document=1, skipped_not_a_page=99), **HUB}),  # requests and metadata of a WARC file
    (FIRST, {**read(document=1, lost_broken_json=9), **HUB}),  # too few to say
    (FIRST, {**read(document=1, lost_broken_json=9, lost_invalid_utf_8=9), **HUB}),  # not for one reason
    (FIRST, personas(1, personal_name=99)),  # as --pii drop asks
    (FIRST, {**read(document=1, repeated=99), **HUB}),
    (NEXT, {}),  # a day without a record
    (NEXT, read(known=100)),
    (NEXT, read(known=100, lost_broken_json=30)),  # what is damaged was damaged before
    (NEXT, read(skipped_too_short=3)),
    (NEXT, {**read(document=30), "minhash_dedup": {"personas": 60, "duplicate-minhash": 60}}),
    (NEXT, {"take_down": {"removed": 7}}),
    (SAMPLES, {"synthesize_math": {"asked": 3, "lost-moderation": 2}, "write_hub": {"samples": 1}}),
]


@pytest.mark.parametrize(("made", "counts", "reason", "everything"), REFUSED)
def test_what_keeps_nothing_or_loses_most_is_refused(
    made: BaseManifest, counts: dict[str, Any], reason: str, everything: bool
) -> None:
    loss = loss_of(counts, made, 0.05)
    assert loss
    assert (loss.reason, loss.everything) == (reason, everything)
    said = told(loss, "out", made, [])
    assert said.startswith("nothing was published: ")
    assert reason in said
    assert ("--max_lost 1" in said) == (not everything)
    assert bool(loss_of(counts, made, 1.0)) == everything


@pytest.mark.parametrize(("made", "counts"), PUBLISHED)
def test_what_honest_jobs_lose_is_published(made: BaseManifest, counts: dict[str, Any]) -> None:
    assert loss_of(counts, made, 0.05) is None


@pytest.mark.parametrize("made", [FIRST, NEXT, SAMPLES])
def test_what_is_left_open_is_partial_and_not_lost(made: BaseManifest) -> None:
    counts = {**read(document=9), "extract_persona": {"asked": 9, "lost-budget-exhausted": 9}}
    partial = type(made)(**{**vars(made), "partial": {"budget-exhausted": 9}})
    assert loss_of(counts, partial, 0.05) is None


def test_empty_files_of_personas_are_no_corpus() -> None:
    made = replace(FIRST, parameters={"personas": ["a.csv"]})
    loss = loss_of({}, made, 0.05)
    assert loss
    assert told(loss, "out", made, []) == "nothing was published: the files of --personas have no record"
    assert told(loss, "out", FIRST, []) == "nothing was published: the corpus has no record"


def test_the_first_dead_letter_says_what_was_wrong(tmp_path: Path) -> None:
    letters = [
        DeadLetter("read_corpus", "broken-json", "a.jsonl", "a.jsonl, line 1: no JSON."),
        DeadLetter("read_corpus", "field-missing", "a.jsonl", "a.jsonl, line 2: no field 'txet', but id, text."),
    ]
    entry = written(tmp_path, "dead_letters/0001-aa", DeadLetter, "jsonl", letters)
    loss = loss_of(read(lost_broken_json=1, lost_field_missing=9), FIRST, 0.05)
    assert loss
    assert told(loss, str(tmp_path), FIRST, [entry]) == (
        "nothing was published: read_corpus kept none of 10 records (9 field-missing, 1 broken-json); a.jsonl, line 2: "
        f"no field 'txet', but id, text; see {tmp_path}/dead_letters/0001-aa"
    )


def test_the_languages_that_are_there_are_named(tmp_path: Path) -> None:
    rows = [DocumentOutcome("", f"s{i}", "a", "line 1", "skipped-language", "fr", 9) for i in range(3)]
    entry = written(tmp_path, "hub/0001-aa", DocumentOutcome, "avro", rows)
    loss = loss_of(read(skipped_language=3), FIRST, 0.05)
    assert loss
    assert "--language de: the documents are in fr (3)" in told(loss, str(tmp_path), FIRST, [entry])


def written(output: Path, folder: str, record: type, suffix: str, rows: list[Any]) -> FileEntry:
    name = "dead_letters" if record is DeadLetter else "documents"
    return write_shard(str(output), folder, f"{name}-0", record, suffix, [Batch(rows)])
