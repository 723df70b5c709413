"""`--push_to_hub`, against a server that plays the hub."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED, WRONG_COMMAND
from persona_hub.pipelines.main import main
from tests.helpers.data_sets.made import whole_hub
from tests.servers.huggingface import TOKEN, HubServer, hub_server

REPOSITORY = "bees/honey"
BOTH = ("--format", "jsonl,parquet", "--use_case", "math,tool")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> str:
    return whole_hub(str(tmp_path_factory.mktemp("push") / "hub"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """The server in the hub's place, reached by LFS."""
    with hub_server() as found:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", found.address)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield found


def push(hub: str, folder: Path, *flags: str) -> int:
    command = ["export", "--hub", hub, "--form", "chat", "--output", str(folder), "--push_to_hub", REPOSITORY]
    return main([*command, *(flags or BOTH)])


def test_the_folder_is_the_repository(
    hub: str, tmp_path: Path, server: HubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(hub, tmp_path) == DONE
    assert f"pushed to {server.address}/datasets/{REPOSITORY}" in capsys.readouterr().out
    pushed = server.repositories[REPOSITORY]
    assert pushed.private
    assert pushed.commits == ["96 rows as chat"]
    held = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {name: data for name, data in pushed.files.items() if name != ".gitattributes"} == held
    assert len(server.objects) == 4, "Parquet goes by LFS"
    told = json.loads(held["croissant.json"])
    assert (told["name"], told["url"]) == (REPOSITORY, f"https://huggingface.co/datasets/{REPOSITORY}")


def test_a_second_push_deletes_what_is_left_of_the_first_and_nothing_else(
    hub: str, tmp_path: Path, server: HubServer
) -> None:
    assert push(hub, tmp_path / "first", *BOTH, "--public") == DONE
    pushed = server.repositories[REPOSITORY]
    assert not pushed.private
    mine = {"notes.md": b"mine", "old/tool-train.jsonl": b"mine", "my-train.csv": b"mine"}
    pushed.files |= mine
    other = tmp_path / "second"
    other.mkdir()
    (other / "secret.txt").write_text("not of the data set")
    assert push(hub, other, "--use_case", "math", "--test_share", "0", "--format", "jsonl,jsonl") == DONE
    assert set(pushed.files) == {".gitattributes", "README.md", "croissant.json", "math-train.jsonl", *mine}
    assert (other / "math-train.jsonl").read_bytes() == pushed.files["math-train.jsonl"]


def test_it_goes_by_xet_where_that_is_there(
    hub: str, tmp_path: Path, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", False)
    assert push(hub, tmp_path) == DONE
    pushed = server.repositories[REPOSITORY]
    assert server.xorbs
    assert set(pushed.xet) == {path.name for path in tmp_path.glob("*.parquet")}


def refused(code: int, hub: str, folder: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    assert push(hub, folder, *flags) == code
    told = capsys.readouterr()
    assert TOKEN not in told.err + told.out
    return told.err


def test_who_may_not_write_is_told_what_to_do(
    hub: str, tmp_path: Path, server: HubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_someOtherToken123456")
    told = refused(WRONG_COMMAND, hub, tmp_path, capsys)
    assert f"{REPOSITORY}: the hub says 401: " in told
    assert "log in with `hf auth login`, or set HF_TOKEN" in told
    assert "hf_someOtherToken123456" not in told


def test_without_a_login_nothing_is_written(
    hub: str, tmp_path: Path, server: HubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    told = refused(WRONG_COMMAND, hub, tmp_path / "out", capsys)
    assert "--push_to_hub bees/honey: nobody is logged in to the hub; log in with" in told
    assert not (tmp_path / "out").exists()
    assert not server.requests


def test_a_hub_that_fails_leaves_the_files(
    hub: str, tmp_path: Path, server: HubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.fault = (418, f"no: {TOKEN}")
    told = refused(FAILED, hub, tmp_path, capsys)
    assert f"{REPOSITORY}: not pushed (" in told
    assert "the files are written" in told
    assert (tmp_path / "README.md").exists()


def test_a_hub_that_is_away_is_told(
    hub: str, tmp_path: Path, server: HubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    assert f"{REPOSITORY}: not pushed (Connect" in refused(FAILED, hub, tmp_path, capsys)


def test_offline_nothing_is_pushed(
    hub: str, tmp_path: Path, server: HubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert f"{REPOSITORY}: HF_HUB_OFFLINE is set" in refused(WRONG_COMMAND, hub, tmp_path, capsys)


@pytest.mark.parametrize("name", ["a/b/c", "-x", "a--b", "datasets/a/b", ""])
def test_a_name_that_no_repository_has_is_told(
    hub: str, tmp_path: Path, server: HubServer, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    command = ["export", "--hub", hub, "--form", "chat", "--output", str(tmp_path / "out"), f"--push_to_hub={name}"]
    if not name:
        assert main(command) == DONE
        assert not server.requests
        return
    assert main(command) == WRONG_COMMAND
    assert f"--push_to_hub {name}: " in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_token_is_in_no_log(hub: str, tmp_path: Path, server: HubServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert push(hub, tmp_path) == DONE
    assert not [record for record in caplog.records if TOKEN in record.getMessage()]
