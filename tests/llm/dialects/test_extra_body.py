"""--llm_extra_body: what it may hold, what it decides, and that it reaches every backend."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.exit_status import WRONG_COMMAND, UsageError
from persona_hub.pipelines.cli.option import deciding_values
from persona_hub.pipelines.cli.parser import read_options
from persona_hub.pipelines.main import main
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.dialects.extra_body import EXTRA_BODY, extra_body_in, with_extra
from persona_hub.transforms.llm.protocol import Request, request_key
from persona_hub.transforms.llm.registry import open_model
from tests.helpers.paid import corpus_of
from tests.servers.models.launch import FakeServer

REQUEST = Request("echo", "", "Who?", "h")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("{}", ""),
        ('{"b": 1, "a": {"d": null, "c": [true]}}', '{"a":{"c":[true],"d":null},"b":1}'),
        ('{"chat_template_kwargs": {"enable_thinking": false}}', '{"chat_template_kwargs":{"enable_thinking":false}}'),
        ('{"mode":"skip_special_tokens_everywhere"}', '{"mode":"skip_special_tokens_everywhere"}'),
        ('{"prompt_cache_key": "hub", "min_tokens": 3}', '{"min_tokens":3,"prompt_cache_key":"hub"}'),
    ],
)
def test_two_ways_to_write_one_object_are_the_same(text: str, canonical: str) -> None:
    assert extra_body_in(text) == canonical
    assert extra_body_in(canonical) == canonical


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("low", "must be a JSON object"),
        ("[1]", "must be a JSON object"),
        ('{"a": NaN}', "must be a JSON object"),
        ("{" * 100_000, "must be a JSON object"),
        ('{"messages": []}', "messages: cannot be set here"),
        ('{"model": "m"}', "model: cannot be set here"),
        ('{"stream": true}', "stream: cannot be set here"),
        ('{"n": 4}', "see --samples_per_persona"),
        ('{"max_tokens": 4}', "see --max_tokens"),
        ('{"temperature": 1}', "see --temperature"),
        ('{"generationConfig": {"candidateCount": 2}}', "candidateCount: cannot be set here"),
        ('{"provider": {"api_key": "abc"}}', "api_key: no key belongs here"),
        ('{"headers": [{"Authorization": "abc"}]}', "Authorization: no key belongs here"),
        ('{"extra": "sk-0123456789abcdef0123"}', "extra: no key belongs here"),
        ('{"headers": {"X": "Bearer abc"}}', "X: no key belongs here"),
        (json.dumps({"a": "x" * 20_000}), "at most 10,000"),
    ],
)
def test_what_it_may_not_hold(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        extra_body_in(text)
    assert "abc" not in str(caught.value)


def test_objects_are_merged_and_all_else_is_replaced() -> None:
    body = {"generationConfig": {"maxOutputTokens": 5, "seed": 1}, "tools": [1]}
    extra = {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}, "tools": [2], "x": 1}
    merged = with_extra(body, extra)
    assert merged["generationConfig"] == {"maxOutputTokens": 5, "seed": 1, "thinkingConfig": {"thinkingBudget": 0}}
    assert (merged["tools"], merged["x"]) == ([2], 1)
    assert body["tools"] == [1]


def test_it_decides_the_answers_and_where_it_is_not_given_every_key_is_as_before() -> None:
    # This key is of a store that was written before there was the flag.
    assert request_key("openai:m", REQUEST).hex() == "1bcb288041f6d2833335b6afee34d77a"
    assert len({request_key("openai:m", REQUEST, extra) for extra in ("", '{"a":1}', '{"a":2}')}) == 3


def test_a_hub_of_before_is_the_same_build() -> None:
    build = JOB_BY_NAME["build"]
    place = ["--input=a", "--output=b", "--llm=openai:m"]
    without, _ = read_options(build, place)
    given, _ = read_options(build, [*place, '--llm_extra_body={"reasoning_effort": "low"}'])
    assert "llm_extra_body" not in deciding_values(without)
    assert deciding_values(given)["llm_extra_body"] == '{"reasoning_effort":"low"}'


def test_in_a_model_s_file_it_is_a_mapping(tmp_path: Path) -> None:
    build, file = JOB_BY_NAME["build"], tmp_path / "model.yaml"
    file.write_text("llm: openai:m\nllm_extra_body:\n  reasoning_effort: low\n  provider: {order: [a, b]}\n")
    options, _ = read_options(build, ["--input=a", "--output=b", f"--model={file}"])
    assert json.loads(options.llm_extra_body) == {"reasoning_effort": "low", "provider": {"order": ["a", "b"]}}
    for wrong, words in (
        ("low", "must be a mapping"),
        ("{n: 2}", "n: cannot be set"),
        ("{d: 2026-01-01}", "texts, numbers"),
    ):
        file.write_text(f"llm: openai:m\nllm_extra_body: {wrong}\n")
        with pytest.raises(UsageError, match=words):
            read_options(build, ["--input=a", "--output=b", f"--model={file}"])


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--llm=openai:m", "--llm_extra_body=low"], "--llm_extra_body: must be a JSON object"),
        (["--llm=openai:m", '--llm_extra_body={"n": 2}'], "--llm_extra_body: n: cannot be set here"),
        (["--llm=offline", '--llm_extra_body={"a": 2}'], "--llm_extra_body: offline sends no request"),
    ],
)
def test_a_wrong_one_is_one_line(
    flags: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--input", str(corpus_of(tmp_path, 1)), "--output", str(tmp_path / "out")]
    assert main(["build", *place, *flags]) == WRONG_COMMAND
    err = capsys.readouterr().err
    assert words in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("backend", ["openai", "gemini", "vertex", "vertex-endpoint"])
def test_it_is_part_of_the_request(backend: str, server: FakeServer, credentials: Path) -> None:
    url = {"openai": server.url, "vertex-endpoint": f"http://{server.predict_address}"}.get(backend, server.root)
    extra = '{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}},"note":"planted"}'
    options = {"project": "some-project", "location": "europe-west4", EXTRA_BODY: extra}
    config = ModelConfig(name=f"{backend}:some-model", base_url=url, options=options, timeout=15)

    async def run() -> None:
        model = open_model(config)
        await model.complete(REQUEST)
        await model.close()

    asyncio.run(run())
    sent: dict[str, Any] = server.stats()["last"]
    sent = sent.get("instance", sent)
    assert sent["note"] == "planted"
    assert sent["generationConfig"]["thinkingConfig"] == {"thinkingBudget": 0}
    if backend in ("gemini", "vertex"):
        assert sent["generationConfig"]["maxOutputTokens"] == 512
