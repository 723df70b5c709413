"""`persona-hub dedup`: rows in, in any format; what stays as it was, what goes with the name of what stays."""

from __future__ import annotations

import gzip
import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import fastavro
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_hub.pipelines.main import main
from persona_hub.transforms.dedup import representatives
from persona_hub.transforms.similarity.shingles import tokenise
from tests.helpers.dedup import NURSE, NURSE_AGAIN, dedup, lines, rows, statistics
from tests.helpers.hubs import personas

NURSE_NEARLY = "A nurse who sings in the city choir and teaches swimmers on Sundays"
JUDGE = "一位退休法官，喜欢钓鱼"
CHEF = "Шеф-повар из Казани"
OTHER_SCRIPTS = [
    "مُعَلِّم متقاعد يحب الصيد", "معلم متقاعد يحب القراءة", "एक शिक्षक जो हिन्दी में लिखता है", "एक नर्स जो गाती है",
    "ครูที่ชอบตกปลาในวันหยุด", "พยาบาลที่ร้องเพลงในเมือง", "釣りが好きな元教師",
    "은퇴한 판사이자 낚시꾼", "Μια δασκάλα από την Πάτρα",
]  # fmt: skip


TOPICS = [("beekeeping", "Graz"), ("tram timetables", "Lisbon"), ("soil chemistry", "Osaka")]


def jsonl(path: Path, texts: list[str], **more: Any) -> Path:
    path.write_bytes(b"".join(orjson.dumps({"n": i, "persona": t} | more) + b"\n" for i, t in enumerate(texts)))
    return path


def test_kept_rows_are_the_lines_that_came_in_and_dropped_ones_name_the_line_that_stays(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    first = b'{"persona" :  "%s", "n": 1e2}\r\n' % NURSE.encode()
    judge = b'{"persona": "\\u4e00\\u4f4d", "z": [1, {"persona": "not this"}]}\n'
    file.write_bytes(b"\n" + first + judge + orjson.dumps({"persona": NURSE_NEARLY}))
    assert dedup(file, tmp_path / "out") == 0
    assert sorted(lines(tmp_path / "out", "kept")) == sorted([first, judge])
    [gone] = rows(tmp_path / "out", "dropped")
    names = {"id": f"{file}:4", "duplicate_of": f"{file}:2"}
    assert gone == names | {"text": NURSE_NEARLY, "kind": "text", "similarity": 13 / 14}


def test_a_row_goes_by_its_own_id_if_it_has_one(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"".join(orjson.dumps({"id": i, "text": t}) + b"\n" for i, t in ((7, NURSE), (8, NURSE_AGAIN))))
    assert dedup(file, tmp_path / "out") == 0
    [gone] = rows(tmp_path / "out", "dropped")
    assert (gone["id"], gone["duplicate_of"], gone["similarity"]) == ("8", "7", 1.0)


def test_every_format_is_read_and_the_first_file_wins(tmp_path: Path) -> None:
    texts = [NURSE, JUDGE, CHEF]
    folder = tmp_path / "in"
    folder.mkdir()
    jsonl(folder / "a.jsonl", texts)
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(jsonl(tmp_path / "b", texts).read_bytes()))
    pq.write_table(pa.table({"persona": [*texts, None], "n": [1, 2, 3, 4]}), folder / "c.parquet")
    schema = {"type": "record", "name": "P", "fields": [{"name": "persona", "type": "string"}]}
    with (folder / "d.avro").open("wb") as avro:
        fastavro.writer(avro, schema, [{"persona": text} for text in (*texts, "a new one")])
    (folder / "e.txt").write_text("\n\n".join([NURSE, CHEF, "one more at the end"]))
    assert dedup(folder, tmp_path / "out", "--text_field", "persona") == 0
    assert [row.get("persona") or row.get("text") for row in rows(tmp_path / "out", "kept")] == [
        *texts, "a new one", "one more at the end",
    ]  # fmt: skip
    made = statistics(tmp_path / "out")
    assert made["rows"] == 3 + 3 + 4 + 4 + 3
    assert (made["kept"], made["dropped"]["text"], made["dead_letters"]) == (5, 11, {"field-missing": 1})
    places = {row["duplicate_of"] for row in rows(tmp_path / "out", "dropped")}
    assert places == {f"{folder / 'a.jsonl'}:{n}" for n in (1, 2, 3)}


def test_broken_lines_become_dead_letters_that_name_the_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    good = [orjson.dumps({"text": f"person number {i} of {i * i}"}) for i in range(3)]
    bad = [
        b'{"text": "cut',
        b'"a string"',
        b'{"text": 5}',
        b'{"other": "x"}',
        b'{"text": "\xff"}',
        b'{"text":"a"}{"text":"b"}',
    ]
    file.write_bytes(b"\n".join([good[0], *bad, b"", good[1], good[2]]))
    assert dedup(file, tmp_path / "out") == 0
    assert sorted(lines(tmp_path / "out", "kept")) == [line + b"\n" for line in good]
    letters = {row["key"]: row["reason"] for row in rows(tmp_path / "out", "dead_letters")}
    reasons = ["broken-json", "not-an-object", "field-not-text", "field-missing", "invalid-utf-8", "broken-json"]
    assert letters == {f"{file}:{n}": reason for n, reason in enumerate(reasons, 2)}
    assert statistics(tmp_path / "out")["rows"] == 9


def test_files_that_lack_the_field_are_named_and_the_command_is_done_in_part(tmp_path: Path, capsys: Any) -> None:
    jsonl(tmp_path / "a.jsonl", [NURSE, JUDGE])
    (tmp_path / "b.jsonl").write_bytes(b'{"body": "x", "n": 1}\n{"body": "y"}\n')
    (tmp_path / "c.jsonl").write_bytes(b'{"body": "x"}\n' + orjson.dumps({"persona": CHEF}))
    pq.write_table(pa.table({"words": ["z"]}), tmp_path / "d.parquet")
    bare, table, out = tmp_path / "b.jsonl", tmp_path / "d.parquet", tmp_path / "out"
    told = (
        f"partial: no row was read of 2 files, for want of a field with the text: {bare} (no text in field 'persona'; "
        f"the fields are: body, n), {table} (no text in field 'persona'; the fields are: words). Read each with a "
        "command of its own, with --text_field NAME and another --output"
    )
    for _ in range(2):  # the second finds the result of the first
        assert dedup(tmp_path / "[abcd].*", out) == 3
        said = capsys.readouterr().out
        assert told in said
        assert "nothing is to be done" not in said
    assert statistics(out)["lost_files"] == {str(bare): 2, str(table): 1}
    assert [row["persona"] for row in rows(out, "kept")] == [NURSE, JUDGE, CHEF]
    assert dedup(tmp_path / "[abcd].*", out, "--max_lost", "1") == 0
    said = capsys.readouterr().out
    assert "already holds this result; nothing is to be done" in said
    assert "partial" not in said


def test_a_row_in_a_later_part_of_a_file_is_named_by_its_line(tmp_path: Path) -> None:
    padding = "x" * 1000
    texts = [f"person {i} of street {i * 7} in town {i % 13}" for i in range(6000)]
    file = jsonl(tmp_path / "in.jsonl", [*texts, NURSE, *texts[:10], NURSE_AGAIN], padding=padding)
    assert dedup(file, tmp_path / "out") == 0
    assert file.stat().st_size > 3 << 21  # so the file is read in parts
    places = {row["text"]: row["duplicate_of"] for row in rows(tmp_path / "out", "dropped")}
    assert places == {NURSE_AGAIN: f"{file}:6001"} | {texts[i]: f"{file}:{i + 1}" for i in range(10)}
    assert statistics(tmp_path / "out")["kept"] == 6001


def test_rows_that_mean_the_same_go_after_those_that_read_the_same(tmp_path: Path) -> None:
    file = jsonl(tmp_path / "in.jsonl", [NURSE, NURSE_AGAIN, JUDGE, CHEF, NURSE_NEARLY + " and holidays", "!!!"])
    assert dedup(file, tmp_path / "out", "--embedding_threshold", "0.8", "--minhash_threshold", "1.0") == 0
    gone = rows(tmp_path / "out", "dropped")
    assert sorted(row["kind"] for row in gone) == ["meaning", "text"]
    assert statistics(tmp_path / "out")["kept"] == len(rows(tmp_path / "out", "kept")) == 4


@pytest.mark.parametrize("built_with", ["0.99", "1.0"])
def test_rows_that_mean_what_a_persona_of_the_hub_does_are_dropped_for_it(tmp_path: Path, built_with: str) -> None:
    documents = [
        f"Report {n} on {topic} in {place}: the committee met twice." for n, (topic, place) in enumerate(TOPICS)
    ]
    corpus = jsonl(tmp_path / "corpus.jsonl", documents)
    command = ["build", "--input", str(corpus), "--text_field", "persona", "--output", str(tmp_path / "hub")]
    flags = ["--expand_hops", "1", "--min_characters", "20", "--embedding_threshold", built_with]
    assert main([*command, *flags]) == 0
    held = personas(tmp_path / "hub")
    assert {persona.hop for persona in held} == {0, 1}
    near = jsonl(tmp_path / "in.jsonl", [*(f"{persona.text} too" for persona in held), NURSE])
    flags = ["--against", str(tmp_path / "hub"), "--minhash_threshold", "1.0", "--embedding_threshold", "0.8"]
    assert dedup(near, tmp_path / "out", *flags) == 0
    gone = rows(tmp_path / "out", "dropped")
    assert {row["kind"] for row in gone} == {"meaning"}
    assert {row["text"] for row in gone} == {f"{persona.text} too" for persona in held}
    assert {row["duplicate_of"] for row in gone} <= {persona.persona_id for persona in held}
    assert [row["persona"] for row in rows(tmp_path / "out", "kept")] == [NURSE]


@pytest.mark.parametrize(
    ("content", "flags", "message"),
    [
        (b'{"body": "a"}\n', [], "which have body; name one"),
        (b'{"text": "a"}\n', ["--minhash_threshold", "0.7", "--bucket_keys", "partition"], "from 0.8"),
    ],
)
def test_what_cannot_work_is_said_before_it_starts(
    tmp_path: Path, capsys: Any, content: bytes, flags: list[str], message: str
) -> None:
    (tmp_path / "in.jsonl").write_bytes(content)
    assert dedup(tmp_path / "in.jsonl", tmp_path / "out", *flags) == 2
    assert message in capsys.readouterr().err


def test_more_pairs_than_one_place_holds_end_the_job_in_a_line_with_the_remedy(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(representatives, "EDGES_IN_ONE_PLACE", 2)
    words = NURSE.split()
    file = jsonl(tmp_path / "in.jsonl", [" ".join(words[:i] + words[i + 1 :]) for i in range(5)])
    assert dedup(file, tmp_path / "out", "--minhash_threshold", "0.8") == 1
    assert "over 2 pairs of near-duplicates" in (said := capsys.readouterr().err)
    assert "deduplicate parts of the input first, or raise the threshold" in said
    assert not (tmp_path / "out" / "statistics.json").exists()


def test_the_same_command_again_does_nothing(tmp_path: Path, capsys: Any) -> None:
    file = jsonl(tmp_path / "in.jsonl", [NURSE, NURSE_NEARLY])
    assert dedup(file, tmp_path / "out") == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    capsys.readouterr()
    assert dedup(file, tmp_path / "out") == 0
    assert "already holds this result; nothing is to be done" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before
    jsonl(file, [NURSE, JUDGE])
    assert dedup(file, tmp_path / "out") == 2
    assert "holds the result of another run" in capsys.readouterr().err


def test_the_result_of_another_run_is_not_mixed_with_a_new_one(tmp_path: Path, capsys: Any) -> None:
    file = jsonl(tmp_path / "in.jsonl", [NURSE])
    assert dedup(file, tmp_path / "out") == 0
    assert dedup(file, tmp_path / "out", "--minhash_threshold", "0.7") == 2
    assert "name another folder" in capsys.readouterr().err


@dataclass(frozen=True)
class Decided:
    """Texts, and those that brute force keeps."""

    texts: list[str]
    stay: list[str]


@pytest.fixture(scope="module")
def real(data: Path) -> Decided:
    """Personas of PersonaHub."""
    packed = (data / "personas" / "personahub_tool.jsonl.gz").read_bytes()
    texts = [json.loads(line)["input persona"] for line in gzip.decompress(packed).splitlines()]
    return Decided(texts, stay(texts))


@pytest.fixture(scope="module")
def both(real: Decided) -> Decided:
    """The same with near-duplicates of 800 of them, and personas in other scripts."""
    random = Random(1)
    planted = [" ".join(w for w in text.split() if random.random() > 0.06) for text in random.sample(real.texts, 800)]
    texts = [*real.texts, *planted, *OTHER_SCRIPTS]
    return Decided(texts, stay(texts))


@pytest.mark.parametrize("keys", ["minhash", "partition"])
def test_on_real_personas_the_result_is_that_of_brute_force(
    tmp_path: Path, data: Path, real: Decided, both: Decided, keys: str
) -> None:
    """Issue 2: kept and dropped sets equal brute force for Jaccard 0.9, and no script is lost."""
    kept, gone = kept_and_gone(data / "personas" / "personahub_tool.jsonl.gz", tmp_path / "real", keys)
    assert sorted(kept) == sorted(real.stay)
    assert sorted([*kept, *gone]) == sorted(real.texts)
    assert sum(is_in(text, "CJK") for text in kept) == 53
    assert sum(is_in(text, "CYRILLIC") for text in kept) == 10

    kept, gone = kept_and_gone(jsonl(tmp_path / "both.jsonl", both.texts), tmp_path / "both", keys)
    assert sorted(kept) == sorted(both.stay)
    assert sorted([*kept, *gone]) == sorted(both.texts)
    assert len(gone) > 400
    assert set(OTHER_SCRIPTS) <= set(kept)


def kept_and_gone(file: Path, output: Path, keys: str) -> tuple[list[str], list[str]]:
    assert dedup(file, output, "--bucket_keys", keys) == 0
    kept = [row.get("input persona") or row.get("persona") for row in rows(output, "kept")]
    return kept, [row["text"] for row in rows(output, "dropped")]


def stay(texts: list[str]) -> list[str]:
    """Brute force: in order, whoever has no kept neighbour."""
    sets = [frozenset(words) for words in tokenise(texts).words()]
    index: dict[str, list[int]] = {}
    kept = []
    for i, words in enumerate(sets):
        near = {j for word in words for j in index.get(word, ())}
        if not any(at_least_nine_tenths(words, sets[j]) for j in near):
            kept.append(texts[i])
            for word in words:
                index.setdefault(word, []).append(i)
    return kept


def at_least_nine_tenths(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether so much of all their words is in both; in whole numbers, and only where their sizes allow it."""
    few, many = sorted((len(one), len(other)))
    return 10 * few >= 9 * many and 10 * len(one & other) >= 9 * len(one | other)


def is_in(text: str, script: str) -> bool:
    return any(unicodedata.name(c, "").startswith(script) for c in text)


def test_two_processes_decide_as_one(tmp_path: Path) -> None:
    random = Random(2)
    texts = [" ".join(random.choices("abcdefghijklmnop", k=12)) for _ in range(3000)]
    file = jsonl(tmp_path / "in.jsonl", [*texts, *(f"{text} and" for text in texts)])
    assert dedup(file, tmp_path / "one") == 0
    assert dedup(file, tmp_path / "two", "--direct_running_mode=multi_processing", "--direct_num_workers=2") == 0
    for name in ("kept", "dropped"):
        assert sorted(lines(tmp_path / "one", name)) == sorted(lines(tmp_path / "two", name)) != []
