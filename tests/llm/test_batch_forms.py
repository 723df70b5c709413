"""Requests and answers of batch APIs, and the bodies of single calls: what is sent, and that nothing read can raise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.calls.protocol import ModelConfig, ModelError
from persona_hub.transforms.llm import export
from persona_hub.transforms.llm.batch_forms import BATCH_BACKENDS, gemini_completion, name_of, read_answer, request_line
from persona_hub.transforms.llm.dialects.answers import completion_of
from persona_hub.transforms.llm.dialects.dialect import MAX_COMPLETION_TOKENS, Dialect
from persona_hub.transforms.llm.export import ExportModel, collect
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling
from persona_hub.transforms.llm.vertex_endpoint import completion_of_prediction, instance_of
from persona_hub.transforms.synthesis.use_cases import USE_CASE_NAMES

KEY = bytes(range(16))
NAME = f"math.{KEY.hex()}"
SCHEMA = '{"type":"object","properties":{},"additionalProperties":false}'
PLAIN = Request("math", "", "Why?", "hash", Sampling(max_tokens=9))
FULL = Request("math", "Be brief.", "Why?", "hash", Sampling(0.0, 0.9, 9, 5), SCHEMA)


def test_what_is_left_to_the_model_is_not_sent() -> None:
    assert Dialect().body("m", PLAIN) == {
        "model": "m", "messages": [{"role": "user", "content": "Why?"}], "max_tokens": 9,
    }  # fmt: skip
    line = json.loads(request_line("gemini", "m", KEY, PLAIN))
    assert line["request"] == {
        "contents": [{"role": "user", "parts": [{"text": "Why?"}]}], "generationConfig": {"maxOutputTokens": 9},
    }  # fmt: skip
    assert "temperature" not in instance_of(Dialect().body("", PLAIN))


def test_a_value_of_zero_is_one_that_was_told() -> None:
    assert Dialect(MAX_COMPLETION_TOKENS).body("m", FULL)["temperature"] == 0.0
    assert json.loads(request_line("vertex", "m", KEY, FULL))["request"]["generationConfig"]["temperature"] == 0.0
    assert instance_of(Dialect().body("", FULL))["temperature"] == 0.0


@pytest.mark.parametrize(("closed", "strict"), [(True, True), (False, False)])
def test_a_schema_is_strict_where_it_names_all_fields(closed: bool, strict: bool) -> None:
    schema = orjson.dumps({"type": "object", **({"additionalProperties": False} if closed else {})}).decode()
    form = Dialect().body("m", Request("math", "", "", "h", schema=schema))["response_format"]["json_schema"]
    assert (form["name"], form["strict"]) == ("math", strict)


@pytest.mark.parametrize(
    ("predictions", "completion"),
    [
        (["just a text"], Completion("just a text", 0, 3, estimated=True)),
        ("a text alone", Completion("a text alone", 0, 3, estimated=True)),
        (
            [{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": 3.0, "completion_tokens": 1.0}}],
            Completion("a", 3, 1),
        ),
        ({"choices": [{"message": {"content": None}}]}, Completion("", estimated=True)),
    ],
)
def test_answers_of_containers_differ(predictions: Any, completion: Completion) -> None:
    assert completion_of_prediction(predictions) == completion


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["choices", "message", "content", "usage", "prompt_tokens", "candidates", "parts", "text",
                             "usageMetadata", "candidatesTokenCount", "refusal", "thought", "body", "status_code"]),
            inner, max_size=4,
        ),
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_no_body_raises_anything_but_that_it_cannot_be_read(body: Any) -> None:
    for read in (lambda: completion_of(orjson.dumps(body)), lambda: completion_of_prediction(body)):
        fault = None
        try:
            assert isinstance(read().text, str)
        except ModelError as error:
            fault = error
        assert fault is None or (fault.reason, fault.paid, fault.retry) == ("unreadable-response", True, True)


@given(JSON, st.sampled_from(["custom_id", "key", "request"]), st.sampled_from(["response", "error", "status"]))
def test_no_line_of_a_batch_s_output_raises(body: Any, form: str, part: str) -> None:
    labels = {"labels": {"persona_hub_task": "math", "persona_hub_key": KEY.hex()}}
    line = {form: labels if form == "request" else NAME, part: body}
    answer = read_answer(orjson.dumps(line))
    assert answer is not None
    assert (answer.task, answer.key) == ("math", KEY)
    assert (answer.completion is None) == bool(answer.reason)


@given(st.one_of(st.binary(max_size=40), JSON.map(orjson.dumps)))
def test_lines_of_other_files_are_no_answers(line: bytes) -> None:
    assert read_answer(line) is None


@pytest.mark.parametrize(
    ("line", "text", "reason"),
    [
        ({"custom_id": NAME, "response": {"status_code": 429, "body": {}}}, None, "http-429"),
        ({"custom_id": NAME, "response": None, "error": {"code": "batch_expired"}}, None, "batch-batch_expired"),
        ({"key": NAME, "error": {"code": 13, "message": "the prompt"}}, None, "batch-13"),
        ({"key": NAME, "error": {"code": "the prompt itself, in words"}}, None, "batch-failed"),
        ({"key": NAME, "status": "failed: the prompt"}, None, "batch-failed"),
        ({"key": NAME, "response": {"candidates": []}}, "", ""),
        (
            {"key": NAME, "response": {"candidates": [{"content": {"parts": [{"text": "a"}, {"text": "b"}]}}]}},
            "ab",
            "",
        ),
        (
            {"custom_id": NAME, "response": {"status_code": 200, "body": {"choices": []}}},
            None,
            "unreadable-response",
        ),
        (
            {"custom_id": NAME, "response": {"status_code": 200, "body": {"error": {"message": "the prompt"}}}},
            None,
            "unreadable-response",
        ),
        (
            {"key": NAME, "response": {"candidates": [{"content": {"parts": []}, "finishReason": "OTHER"}]}},
            None,
            "answer-broke-off",
        ),
    ],
    ids=["refused", "expired", "failed", "words", "status", "empty", "answer", "garbled", "error", "broken"],
)
def test_an_answer_or_a_word_to_count_by(line: dict[str, Any], text: str | None, reason: str) -> None:
    answer = read_answer(orjson.dumps(line))
    assert answer is not None
    assert (answer.completion.text if answer.completion else None, answer.reason) == (text, reason)


def test_token_counts_that_are_null_are_none() -> None:
    usage = {"promptTokenCount": None, "candidatesTokenCount": 4, "thoughtsTokenCount": None}
    assert gemini_completion({"candidates": [], "usageMetadata": usage}) == Completion("", 0, 4, estimated=True)


HASHES = st.binary(min_size=16, max_size=16)


@given(st.sampled_from(BATCH_BACKENDS), st.from_regex(r"[a-z_]{1,20}", fullmatch=True), HASHES, HASHES | st.just(b""))
def test_whatever_is_asked_its_name_comes_back(backend: str, task: str, key: bytes, subject: bytes) -> None:
    line = request_line(backend, "m", key, Request(task, "", "Why?", "h", subject=subject.hex()))
    assert line.count(b"\n") == 1
    assert name_of(orjson.loads(line)) == (task, key, subject)


@pytest.mark.parametrize("task", ["extract_persona", "expand_persona", *USE_CASE_NAMES])
def test_names_of_our_own_tasks_are_short_enough_for_any_server(task: str) -> None:
    line = request_line("openai", "m", KEY, replace(PLAIN, task=task, subject="5" * 32))
    assert len(orjson.loads(line)["custom_id"]) <= 64


# ---- the files of an export


def requested(folder: Path, *texts: str) -> None:
    """A process that exports these prompts."""
    model = ExportModel(ModelConfig(name="openai:m", options={"export": str(folder)}))
    for text in texts:
        with pytest.raises(ModelError, match="exported: have the exported requests answered"):
            model.complete(Request("math", "", text, "h")).send(None)
    model.file.close()


def prompts(folder: Path) -> list[str]:
    files = sorted(folder.glob("requests-*.jsonl"))
    return [json.loads(line)["body"]["messages"][0]["content"] for f in files for line in f.read_text().splitlines()]


def test_what_two_processes_ask_is_asked_once(tmp_path: Path) -> None:
    requested(tmp_path, "a", "b", "a")
    requested(tmp_path, "b", "c")
    exported = collect(str(tmp_path))
    assert (sorted(prompts(tmp_path)), exported.pending) == (["a", "b", "c"], 0)
    assert [requests for _, requests in exported.files] == [3]
    assert not list(tmp_path.glob("part-*"))


def test_a_second_round_holds_only_what_is_new(tmp_path: Path) -> None:
    requested(tmp_path, "a", "b")
    collect(str(tmp_path))
    requested(tmp_path, "b", "c")
    exported = collect(str(tmp_path))
    assert exported.pending == 1
    assert [Path(path).name for path, _ in exported.files] == ["requests-0002-00000.jsonl"]
    assert sorted(prompts(tmp_path)) == ["a", "b", "c"]
    assert collect(str(tmp_path)) == export.ExportResult((), 0)


def test_files_that_were_given_other_names_count_as_before(tmp_path: Path) -> None:
    requested(tmp_path, "a")
    collect(str(tmp_path))
    (tmp_path / "requests-0001-00000.jsonl").rename(tmp_path / "requests-sent-monday.jsonl")
    requested(tmp_path, "a", "b")
    assert collect(str(tmp_path)).pending == 1
    assert sorted(prompts(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize(("most", "size"), [(2, 1 << 30), (100, 500)], ids=["requests", "bytes"])
def test_a_file_holds_no_more_than_an_api_takes(
    most: int, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "FILE_REQUESTS", most)
    monkeypatch.setattr(export, "FILE_BYTES", size)
    requested(tmp_path, *"abcde")
    exported = collect(str(tmp_path))
    assert [requests for _, requests in exported.files] == [2, 2, 1]
    assert [path[-10:] for path, _ in exported.files] == ["0000.jsonl", "0001.jsonl", "0002.jsonl"]
    assert all(Path(path).stat().st_size <= size for path, _ in exported.files)
    assert sorted(prompts(tmp_path)) == list("abcde")


def test_what_a_server_wants_besides_is_in_every_line() -> None:
    lines = {
        backend: json.loads(
            request_line(backend, "m", KEY, FULL, {"generationConfig": {"topK": 3}, "labels": {"a": "b"}})
        )
        for backend in BATCH_BACKENDS
    }
    assert lines["openai"]["body"]["generationConfig"] == {"topK": 3}
    assert lines["openai"]["body"]["max_completion_tokens"] == 9
    for backend in ("gemini", "vertex"):
        config = lines[backend]["request"]["generationConfig"]
        assert (config["topK"], config["maxOutputTokens"]) == (3, 9)
    assert lines["vertex"]["request"]["labels"] == {"a": "b", "persona_hub_task": "math", "persona_hub_key": KEY.hex()}
