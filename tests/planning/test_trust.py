"""Settings of a hub: those that name code, a model, a server or a store are taken only from a hub of the user's own."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.option import options_of
from persona_hub.pipelines.cli.parser import read_options
from persona_hub.pipelines.cloud.launch import parameters
from persona_hub.pipelines.main import main
from persona_hub.pipelines.planning.trust import (
    continued,
    guarded,
    is_built_here,
    note_settings,
    noted_settings,
    state_folder,
)
from persona_hub.pipelines.purge import stores_of
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.write_hub.write_hub import WriteHub  # noqa: F401  Beam is imported once
from tests.material.versions import made

NAMED = {
    "llm": "openai:m",
    "llm_base_url": "http://evil.example/v1",
    "prompt_dir": "/evil/prompts",
    "embedder": "savedmodel:/evil/model",
    "embedder_base_url": "http://evil.example/v1",
    "embedder_api_key_secret": "projects/p/secrets/s/versions/1",
}


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def options(command: str, *flags: str) -> Any:
    return read_options(JOB_BY_NAME[command], flags)[0]


def hub_of(tmp_path: Path, **parameters: Any) -> Hub:
    return Hub(str(tmp_path / "out"), Manifest(version="0001-aa", parameters=parameters))


def refreshing(tmp_path: Path, *flags: str) -> Any:
    return options("refresh", "--hub", str(tmp_path / "out"), "--input", "x", *flags)


@pytest.mark.parametrize("name", sorted(NAMED))
def test_a_strangers_setting_is_refused_and_said_what_to_type(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=rf"type it too, or name others: --{name}={NAMED[name]}$"):
        continued(refreshing(tmp_path), hub_of(tmp_path, **{name: NAMED[name]}))
    typed = continued(refreshing(tmp_path, f"--{name}={NAMED[name]}"), hub_of(tmp_path, **{name: NAMED[name]}))
    assert getattr(typed, name) == NAMED[name]
    again = continued(refreshing(tmp_path), hub_of(tmp_path, **{name: NAMED[name]}))  # it was typed for this hub
    assert getattr(again, name) == NAMED[name]


def test_all_that_has_to_be_typed_stands_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        continued(refreshing(tmp_path), hub_of(tmp_path, **NAMED))
    said = str(error.value)
    assert "\n" not in said
    assert all(f"--{name}={value}" in said for name, value in NAMED.items())


def test_what_was_typed_for_one_hub_counts_for_no_other(tmp_path: Path) -> None:
    note_settings(str(tmp_path / "other"), refreshing(tmp_path, "--llm=openai:m"))
    with pytest.raises(UsageError, match="--llm=openai:m"):
        continued(refreshing(tmp_path), hub_of(tmp_path, llm="openai:m"))


@pytest.mark.parametrize("embedder", ["use", "hash", "offline"])
def test_what_names_nothing_foreign_is_taken(tmp_path: Path, embedder: str) -> None:
    """The embedders that the package carries among it."""
    hub = hub_of(tmp_path, llm="offline", embedder=embedder, expand_hops=2, language=["en"], pii="drop")
    asked = continued(refreshing(tmp_path), hub)
    assert (asked.expand_hops, asked.language, asked.pii) == (2, ("en",), "drop")
    assert asked.embedder == ("use" if embedder == "use" else "hash")


@pytest.mark.parametrize("name", ["prompt_dir", "llm_base_url", "examples", "response_store"])
def test_a_packaged_embedders_name_is_no_password_for_other_settings(tmp_path: Path, name: str) -> None:
    value: Any = ["math=use"] if name == "examples" else "use"
    with pytest.raises(UsageError, match=f"--{name}="):
        continued(refreshing(tmp_path), hub_of(tmp_path, **{name: value}))


def test_use_cases_are_taken_by_name_and_files_of_them_only_where_they_were_used(tmp_path: Path) -> None:
    asked = continued(refreshing(tmp_path), hub_of(tmp_path, use_case=["math", "tool"], max_samples=9))
    assert (asked.use_case, asked.max_samples) == (("math", "tool"), 9)
    strange = hub_of(tmp_path, use_case=["math", "/evil/poem.yaml"], examples=["math=/evil/x.jsonl"])
    with pytest.raises(UsageError, match=r"--use_case=math,/evil/poem.yaml --examples=math=/evil/x.jsonl$"):
        continued(refreshing(tmp_path), strange)
    typed = ["--use_case=math,/evil/poem.yaml", "--examples=math=/evil/x.jsonl"]
    assert continued(refreshing(tmp_path, *typed), strange).use_case == ("math", "/evil/poem.yaml")
    assert continued(refreshing(tmp_path), strange).examples == ("math=/evil/x.jsonl",)
    assert continued(refreshing(tmp_path, "--use_case=none"), strange).use_case == ("none",)


def test_a_path_in_another_working_directory_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    hub = hub_of(tmp_path, embedder="savedmodel:m", prompt_dir="p")
    monkeypatch.chdir(here)
    continued(refreshing(tmp_path, "--embedder=savedmodel:m", "--prompt_dir=p"), hub)
    continued(refreshing(tmp_path), hub)
    monkeypatch.chdir(there)
    with pytest.raises(UsageError, match="--embedder=savedmodel:m --prompt_dir=p"):
        continued(refreshing(tmp_path), hub)


def test_a_takedown_opens_no_strange_store(tmp_path: Path) -> None:
    flags = ["--hub", str(tmp_path / "out"), "--source", "x", "--purge"]
    hub = hub_of(tmp_path, response_store="redis://evil.example")
    with pytest.raises(UsageError, match=r"--response_store=redis://evil\.example"):
        continued(options("takedown", *flags), hub)


def test_a_purge_names_the_stores_that_only_a_manifest_names(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "responses.sqlite").touch()
    first = Manifest(version="0001-aa", parameters={"response_store": "redis://evil.example", "output": str(elsewhere)})
    asked = options("takedown", "--hub", str(tmp_path / "out"), "--source", "x")
    strange = ["redis://evil.example", f"sqlite:{elsewhere}/responses.sqlite"]
    assert stores_of(asked, [first]) == ([], strange)
    own = options("synthesize", "--hub", "x", "--output", str(elsewhere), "--response_store", "redis://evil.example")
    note_settings(str(elsewhere), own)
    note_settings(str(tmp_path / "out"), own)
    assert stores_of(asked, [first]) == (strange, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("expand_hops", "many"),
        ("expand_hops", 10**9),
        ("expand_hops", True),
        ("minhash_threshold", 1e300),
        ("language", "en"),
        ("language", [7]),
        ("pii", "publish"),
        ("persona_language", "\x1b[2J"),
        ("llm_extra_body", "{"),
    ],
)
def test_a_value_that_the_flag_could_not_have_is_named(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"^--{name}: the hub's manifest has .*; name another$") as error:
        continued(refreshing(tmp_path), hub_of(tmp_path, **{name: value}))
    assert str(error.value).isprintable()


def test_a_build_notes_what_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "%s"}\n' % ("Tides of the estuary and its birds. " * 3))
    command = ["build", "--input", str(tmp_path / "a.jsonl"), "--output", str(tmp_path / "out"), "--llm", "export:"]
    assert main(command) != 0  # a command that is refused notes nothing
    assert not is_built_here(str(tmp_path / "out"))
    note_settings(str(tmp_path / "out"), options("build", "--input", "x", "--output", "x", "--llm", "openai:m"))
    assert noted_settings(str(tmp_path / "out")) == {"llm": ["openai:m"]}
    assert state_folder().stat().st_mode & 0o077 == 0


def test_a_refresh_of_a_strangers_hub_ends_before_anything_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = made(tmp_path / "out", "", "a diver")
    file = tmp_path / "out" / "hub" / manifest.version / "manifest.json"
    file.write_bytes(replace(manifest, parameters={"embedder": "savedmodel:/evil"}).to_json())
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n')
    assert main(["refresh", "--hub", str(tmp_path / "out"), "--input", str(tmp_path / "a.jsonl")]) == 2
    assert "--embedder=savedmodel:/evil" in capsys.readouterr().err


def test_a_launch_names_what_the_last_command_on_the_hub_used() -> None:
    flags = ["--hub", "gs://bucket/hub", "--input", "gs://bucket/x", "--response_store", "redis://h"]
    note_settings("gs://bucket/hub", options("refresh", *flags, "--llm=openai:old", "--llm_base_url=http://h/v1"))
    note_settings("gs://bucket/hub", options("refresh", *flags, "--llm=openai:m"))
    assert parameters(JOB_BY_NAME["refresh"], flags)["llm"] == "openai:m"
    assert "llm_base_url" not in parameters(JOB_BY_NAME["refresh"], flags)
    assert parameters(JOB_BY_NAME["refresh"], [*flags, "--llm=openai:new"])["llm"] == "openai:new"


def test_every_option_of_a_hub_that_names_a_place_is_guarded() -> None:
    for command in ("refresh", "takedown"):
        job = JOB_BY_NAME[command].options
        found = {name for name, one in options_of(job).items() if one.of_hub and not one.choices and one.type is str}
        free = {"batch_model", "text_field", "id_field", "language", "persona_field"}
        free |= {"form", "topic", "difficulty", "answer_form", "family", "words"}
        assert found - set(guarded(job)) <= free, found
        assert {one.name for one in fields(job)} >= set(guarded(job))
