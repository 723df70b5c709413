"""Half price: a whole job by files of requests and answers ends in the same hub as calling the server."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.versions import list_runs, open_hub
from persona_hub.transforms.llm.batch_forms import gemini_completion, name_of, read_answer, request_line
from persona_hub.transforms.llm.export import collect
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling
from persona_hub.transforms.store.registry import open_store
from tests.helpers.hubs import personas
from tests.helpers.paid import content, corpus_of, paying, run_build, spend
from tests.servers.batch import answer_files
from tests.servers.models.launch import FakeServer

LABELS = {"persona_hub_task": "math", "persona_hub_key": bytes(range(16)).hex()}
VERTEX_STATUS = 'Bad Request: {"error": {"code": 400, "message": "secret prompt", "status": "INVALID_ARGUMENT"}}'
PRICE = "models: [{model: 'MODEL', input: 1000, output: 2000}]"
REQUEST = Request("math", "Be brief.", "Why?", "hash", Sampling(max_tokens=9, temperature=0.5), '{"type": "object"}')
KEY = bytes(range(16))


@dataclass(frozen=True)
class Called:
    """A hub whose model was called, by the corpus beside it."""

    corpus: Path
    hub: Path
    flags: list[str]


@pytest.fixture(scope="module")
def of_two_hops(running_server: FakeServer, tmp_path_factory: pytest.TempPathFactory) -> Called:
    return called(running_server, tmp_path_factory.mktemp("two"), "2")


@pytest.fixture(scope="module")
def of_no_hop(running_server: FakeServer, tmp_path_factory: pytest.TempPathFactory) -> Called:
    return called(running_server, tmp_path_factory.mktemp("none"), "0")


def called(server: FakeServer, folder: Path, hops: str) -> Called:
    """Such a hub, of five documents."""
    server.tell()
    made = Called(corpus_of(folder, 5), folder / "called", ["--expand_hops", hops])
    assert run_build(made.corpus, made.hub, [*made.flags, *paying(server, folder)]) == DONE
    return made


@pytest.mark.parametrize(
    ("model", "hub", "rounds"),
    [
        ("openai:fake", "of_two_hops", 5),  # documents, two hops, samples of the last, and nothing left
        ("gemini:fake", "of_no_hop", 3),  # what differs is how questions and answers are written down
        ("vertex:fake", "of_no_hop", 3),
    ],
)
def test_a_job_of_several_stages_by_files(
    model: str, hub: str, rounds: int, request: pytest.FixtureRequest, server: FakeServer, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    called: Called = request.getfixturevalue(hub)
    server.tell()
    (tmp_path / "own.yaml").write_text(PRICE.replace("MODEL", model))
    out, batch = tmp_path / "out", ["--batch_model", model, "--price_file", str(tmp_path / "own.yaml")]
    done, code = 0, BUDGET_SPENT
    while code == BUDGET_SPENT:
        done += 1
        requests, answers = tmp_path / f"requests-{done}", tmp_path / f"answers-{done}"
        code = run_build(called.corpus, out, [*called.flags, f"--llm=export:{requests}", *batch])
        sent = answer_files(server, requests, answers)
        if sent:
            assert open_hub(str(out)).manifest.partial == {"exported": sent}
            importing = ["import-responses", "--input", f"{answers}/*.jsonl", "--output", str(out), *batch]
            assert main(importing) == DONE
            assert f"{sent:,} answers stored" in capsys.readouterr().out
            assert main(importing) == DONE
            assert f"{sent:,} there already" in capsys.readouterr().out
    assert (code, done) == (DONE, rounds)
    assert content(out) == content(called.hub)
    with closing(open_store(f"sqlite:{out / 'responses.sqlite'}")) as store:
        assert not list(store.without_subject()), "every answer says whom it is about"
    assert len(list_runs(str(out))) == 1
    bought, paid = spend(out), spend(called.hub)
    assert {s: row.calls for s, row in bought.items()} == {s: row.calls for s, row in paid.items()}
    assert server.counts()["calls"] == sum(row.calls for row in paid.values())
    if model == "openai:fake":
        assert {s: row.cost * 2 for s, row in bought.items()} == {s: row.cost for s, row in paid.items()}


def test_nothing_is_exported_twice_before_it_is_answered(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, requests = corpus_of(tmp_path, 6), tmp_path / "requests"
    flags = [f"--llm=export:{requests}", "--batch_model", "openai:fake", "--expand_hops", "0"]
    for _ in range(2):
        assert run_build(corpus, tmp_path / "out", flags) == BUDGET_SPENT
    assert "6 requests  stand in earlier files" in capsys.readouterr().out
    [file] = requests.iterdir()
    assert len(file.read_text().splitlines()) == 6
    assert server.counts()["calls"] == 0


def test_failures_are_counted_and_left_to_the_next_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = f"math.{KEY.hex()}"
    lines = [
        {"custom_id": name, "response": {"status_code": 400, "body": {"error": {}}}, "error": None},
        {"custom_id": name, "response": None, "error": {"code": "batch_expired", "message": "secret prompt"}},
        {"key": name, "response": {"candidates": "?"}},
        {"key": name, "error": {"code": 429, "message": "secret prompt"}},
        {"status": VERTEX_STATUS, "request": {"labels": LABELS}, "response": {}},
        {"custom_id": "somebody else's", "response": {}},
        {"request": {"labels": {}}, "response": {}},
    ]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([*map(orjson.dumps, lines), b"{half a li"]))
    importing = ["import-responses", "--input", f"{tmp_path}/a.jsonl", "--output", str(tmp_path / "out")]
    assert main([*importing, "--batch_model", "openai:fake"]) == DONE
    out = capsys.readouterr().out
    reasons = ("http-400", "batch-batch_expired", "unreadable", "batch-429", "batch-400")
    for said in ("0 answers stored", *(f"1 failed: {reason}" for reason in reasons)):
        assert said in out
    assert "3 lines without an answer" in out
    assert "secret" not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "--llm=export:x", "--input", "CORPUS", "--output", "OUT"], "--batch_model must name the model"),
        (["build", "--llm=export:", "--input", "CORPUS", "--output", "OUT"], "name the folder"),
        (["build", "--batch_model=openai:x", "--input", "CORPUS", "--output", "OUT"], "goes with --llm=export"),
        (["preview", "--llm=export:x", "--batch_model=openai:x", "--input", "CORPUS"], "an export sends nothing"),
        (["import-responses", "--input", "CORPUS", "--output", "OUT"], "--batch_model: must name the model"),
        (["import-responses", "--input", "none-*", "--output", "OUT", "--batch_model=openai:x"], "matches no file"),
        (["import-responses", "--input", "CORPUS", "--batch_model=openai:x"], "--output or --response_store"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"CORPUS": str(corpus_of(tmp_path, 1)), "OUT": str(tmp_path / "out")}
    assert main([places.get(one, one) for one in arguments]) == WRONG_COMMAND
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_model_without_a_batch_api_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--llm=export:x", "--batch_model", "vertex-endpoint:1"]
    assert run_build(corpus_of(tmp_path, 1), tmp_path / "out", flags) == WRONG_COMMAND
    assert "batch APIs are known for openai:MODEL" in capsys.readouterr().err


@pytest.mark.parametrize("backend", ["openai", "gemini", "vertex"])
def test_the_name_of_a_request_comes_back(backend: str) -> None:
    line = json.loads(request_line(backend, "m", KEY, REQUEST))
    assert name_of(line) == ("math", KEY, b"")
    assert read_answer(json.dumps(line).encode()) is None, "a request is no answer"


def test_a_model_s_thoughts_are_paid_and_no_part_of_its_answer() -> None:
    parts = [{"text": "Hm.", "thought": True}, {"text": "Be"}, {"text": "cause."}]
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 2, "thoughtsTokenCount": 30}
    response = {"candidates": [{"content": {"parts": parts}}], "usageMetadata": usage}
    assert gemini_completion(response) == Completion("Because.", 7, 32, thought_tokens=30)


def test_half_a_line_of_a_killed_process_is_left_out(tmp_path: Path) -> None:
    line = request_line("openai", "m", KEY, REQUEST)
    (tmp_path / "part-1-a.jsonl").write_bytes(line + line[:40])
    (tmp_path / "part-2-b.jsonl").write_bytes(line)
    [(path, n)] = collect(str(tmp_path)).files
    assert (Path(path).read_bytes(), n) == (line, 1)
    assert [file.name for file in tmp_path.iterdir()] == [Path(path).name]


def test_results_as_batch_apis_give_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, requests = corpus_of(tmp_path, 6), tmp_path / "requests"
    flags = [f"--llm=export:{requests}", "--batch_model", "openai:fake", "--expand_hops", "0"]
    building = ["build", "--input", str(corpus), "--output", str(tmp_path / "out"), *flags]
    assert main(building) == BUDGET_SPENT
    names = [json.loads(line)["custom_id"] for file in requests.iterdir() for line in file.read_text().splitlines()]

    def row(name: str, content: object, reason: str = "stop", **message: object) -> dict[str, object]:
        choice = {"message": {"content": content, **message}, "finish_reason": reason}
        body = {"choices": [choice], "usage": {"prompt_tokens": 400, "completion_tokens": 30}}
        return {"custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}

    rows: list[dict[str, object]] = [
        row(names[0], '{"persona": "A retired ferry pilot who keeps tide tables"}'),  # line 1, behind the mark
        row(names[1], [{"type": "text", "text": '{"persona": "A glazier who restores orchard houses"}'}]),
        row(names[2], "Persona: A bell founder who tunes clocks and", "length"),
        row(names[3], None, refusal="I will not."),
        {"custom_id": names[4], "response": None, "error": {"code": "batch_expired", "message": "too late"}},
        {"custom_id": names[5], "response": {"status_code": 429, "body": {"error": {"message": "rate"}}}},
    ]
    results = tmp_path / "results.jsonl"
    results.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(map(orjson.dumps, rows)) + b"\r\n\r\n[1]\n")
    importing = ["import-responses", "--input", str(results), "--output", str(tmp_path / "out")]
    assert main([*importing, "--batch_model", "openai:fake"]) == DONE
    out = capsys.readouterr().out
    for said in ("4 answers stored", "1 failed: batch-batch_expired", "1 failed: http-429", "1 of the answers cut off"):
        assert said in out
    assert main(building) == BUDGET_SPENT
    hub = open_hub(str(tmp_path / "out"))
    assert sorted(one.text[:14] for one in personas(tmp_path / "out")) == ["A glazier who ", "A retired ferr"]
    lost = hub.manifest.counts["extract_persona"]
    assert (lost["lost-refused"], lost["lost-exported"]) == (1, 3), "the cut-off answer is asked for again, shorter"
