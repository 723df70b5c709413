"""--model FILE.yaml: as if its values were typed as flags, and flags win over it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.exit_status import DONE, WRONG_COMMAND, UsageError
from persona_hub.pipelines.cli.option import recorded_values
from persona_hub.pipelines.cli.parser import read_options
from persona_hub.pipelines.main import main
from persona_hub.pipelines.planning.models import model_of, model_price
from persona_hub.pipelines.planning.plan import plan_build
from persona_hub.transforms.llm.prices import Price
from tests.helpers.paid import corpus_of
from tests.helpers.places import EXAMPLES

REQUIRED = ["--input", "x", "--output", "/hub"]
TAKES_IT = ("build", "refresh", "synthesize", "preview", "estimate")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "m.yaml"


def options(*arguments: str | Path) -> BuildOptions:
    found: BuildOptions = read_options(JOB_BY_NAME["build"], [*REQUIRED, *map(str, arguments)])[0]
    return found


def test_what_stands_in_it_is_as_if_it_were_typed(file: Path) -> None:
    file.write_text("llm: openai:m\ntemperature: 0\nseed: -5\ncall_timeout: 7\nmax_in_flight: 3\nretry_malformed: 0\n")
    typed = options(
        "--llm=openai:m", "--temperature=0", "--seed=-5", "--call_timeout=7", "--max_in_flight=3", "--retry_malformed=0"
    )
    found = options("--model", file)
    assert found == typed
    assert recorded_values(found) == recorded_values(typed)
    assert "model" not in recorded_values(found)
    assert found.given == typed.given
    assert model_of(found) == model_of(typed)


@pytest.mark.parametrize("place", ["before", "after"])
def test_flags_win_over_it(place: str, file: Path) -> None:
    file.write_text(
        "llm: openai:m\nseed: 1\nrate_limiter: envoy://h:1/d\nrate_limit_descriptor: [model=a, team=b]\n"
        "models: [{model: 'openai:*', input: 1, output: 2}]\n"
    )
    flags = ["--seed", "2", "--rate_limit_descriptor=model=c", "--price_file", "own.yaml"]
    model = [f"--model={file}"]
    found = options(*(model + flags if place == "before" else flags + model))
    assert (found.llm, found.seed, found.price_file) == ("openai:m", 2, "own.yaml")
    assert found.rate_limit_descriptor == ("model=c",)
    assert options(*model).rate_limit_descriptor == ("model=a", "team=b")


def test_its_prices_are_those_of_the_model(file: Path) -> None:
    file.write_text("llm: openai:m\nmodels: [{model: 'openai:m', input: 1, output: 2}]\nbatch: 0.25\n")
    found = options("--model", file)
    assert model_price(found) == Price(1, 2, 0.25)
    assert recorded_values(found)["price_file"] == str(file)


def test_the_example_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    found = options("--model", EXAMPLES / "model.yaml")
    assert (found.temperature, found.max_in_flight, found.call_attempts) == (0.8, 128, 5)
    assert model_price(found) == Price(0.1, 0.3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("llm: offline\ncolour: red", "colour: unknown key; there are batch, batch_model, call_attempts"),
        ("1: offline", "1: unknown key"),
        ("prompt_dir: mine", "prompt_dir: unknown key"),
        ("max_in_flight: 5000", "max_in_flight: 5000 is out of range: from 1 to 4096"),
        ("max_in_flight: 1.5", "max_in_flight: '1.5' is not a whole number"),
        ("max_in_flight: '64'", "max_in_flight: must be a number, without quotes"),
        ("max_in_flight: true", "max_in_flight: must be a number"),
        ("temperature:", "temperature: must be a number"),
        ("temperature: .nan", "temperature: nan is out of range: from 0 to 2"),
        ("llm: 7", "llm: must be a text, such as NAME"),
        ("llm: ''", "llm: must be a text"),
        ("rate_limit_descriptor: [1]", "rate_limit_descriptor: must be a text, or a list of texts, such as KEY=VALUE"),
        ("- llm", "must hold keys and values, such as llm: openai:gpt-5-mini"),
        ("", "must hold keys and values"),
        ("llm: [", "not YAML at line 1"),
        ("models: [{model: 'openai:m'}]", "row 1 of models: it must have model, input and output"),
        ("models: []\nbatch: -1", "batch is -1; it must be a number of US dollars"),
        ("batch: 0.5", "batch: goes with prices"),
    ],
)
def test_an_error_names_file_key_and_remedy(text: str, said: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(UsageError, match=re.escape(said)) as error:
        options("--model", file)
    assert str(error.value).startswith(f"--model {file}: ")


@pytest.mark.parametrize("key", ["api_key", "key", "OPENAI_API_KEY", "secret", "password", "llm_api_key", "auth_token"])
def test_a_key_is_refused_and_not_shown(key: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(f"llm: openai:m\n{key}: sk-planted\n")
    assert main(["build", *REQUIRED, "--model", str(file)]) == WRONG_COMMAND
    [line] = capsys.readouterr().err.splitlines()
    assert f"{file}: {key}: no key belongs in this file; put it into the environment" in line
    assert "sk-planted" not in line


def test_a_key_in_place_of_its_secret_s_name_is_not_shown(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("llm: openai:m\nllm_api_key_secret: sk-planted\n")
    assert main(["build", "--input", str(file), "--output", str(file.parent / "out"), "--model", str(file)]) == 2
    said = capsys.readouterr().err
    assert "--llm_api_key_secret: must be projects/" in said
    assert "sk-planted" not in said


@pytest.mark.parametrize("flags", [["--model"], ["--model="], ["--model", "--seed", "1"]])
def test_a_flag_that_names_no_file(flags: list[str]) -> None:
    with pytest.raises(UsageError, match="--model: must name a YAML file"):
        options(*flags)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--model .*none\.yaml: No such file"):
        options("--model", tmp_path / "none.yaml")


@pytest.mark.parametrize("job", TAKES_IT)
def test_every_command_that_asks_a_model_takes_it(job: str, file: Path) -> None:
    file.write_text("llm: openai:m\n")
    own = {"refresh": ["--hub=h", "--input=x"], "synthesize": ["--hub=h", "--output=o"]}.get(job, REQUIRED)
    found: Any = read_options(JOB_BY_NAME[job], [*own, f"--model={file}"])[0]
    assert found.llm == "openai:m"
    assert "llm" in found.given


def test_a_build_by_it_is_the_same_build(tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("temperature: 0.5\nmax_in_flight: 2\nmodels: [{model: offline, input: 0, output: 0}]\n")
    build = ["build", "--input", str(corpus_of(tmp_path, 2)), "--output", str(tmp_path / "out"), "--expand_hops", "0"]
    assert main([*build, "--model", str(file)]) == DONE
    [manifest] = (tmp_path / "out").glob("hub/*/manifest.json")
    parameters = json.loads(manifest.read_text())["parameters"]
    assert (parameters["temperature"], parameters["max_in_flight"]) == (0.5, 2)
    capsys.readouterr()
    assert main([*build, "--temperature", "0.5"]) == DONE
    assert "already holds the result of this command" in capsys.readouterr().out


def test_the_fingerprint_of_a_plan_knows_no_difference(tmp_path: Path, file: Path) -> None:
    file.write_text("llm: openai:m\nllm_base_url: http://here\ntop_p: 0.5\n")
    place = ["--input", str(corpus_of(tmp_path, 2)), "--output", str(tmp_path / "out")]
    by_file = read_options(JOB_BY_NAME["build"], [*place, "--model", str(file)])[0]
    typed = read_options(JOB_BY_NAME["build"], [*place, "--llm=openai:m", "--llm_base_url=http://here", "--top_p=0.5"])[
        0
    ]
    assert plan_build(by_file).fingerprint == plan_build(typed).fingerprint
    other = read_options(JOB_BY_NAME["build"], [*place, "--model", str(file), "--top_p=0.6"])[0]
    assert plan_build(by_file).fingerprint != plan_build(other).fingerprint
