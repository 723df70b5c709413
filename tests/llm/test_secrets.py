"""Keys, passwords and texts stay where they belong: whole builds with planted secrets, and Secret Manager's client."""

from __future__ import annotations

import base64
import bz2
import logging
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis

from persona_hub.pipelines.cli.exit_status import DONE, FAILED, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.pipelines.runners.run import LocalRunner
from persona_hub.transforms.secrets import ENDPOINT, SecretError, check_secret_name, fetched, secret_or_variable
from persona_hub.transforms.store.protocol import StoreError
from persona_hub.transforms.store.registry import open_store, scheme_of
from tests.helpers.hubs import dead_letters
from tests.helpers.paid import SMALL, build_command, corpus_of, paying
from tests.servers.models.launch import FakeServer
from tests.servers.redis import RedisServer

KEY_NAME = "projects/some-project/secrets/model-key/versions/latest"
PASSWORD_NAME = "projects/some-project/secrets/store-password/versions/3"
KEY, PASSWORD, TEXT = "planted-key-4711", "planted-password-0815", "planted sentence of a private document"
PICKLES = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")


@pytest.fixture
def secrets(server: FakeServer, credentials: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Settings of a server that is Secret Manager, too, and lets in nobody without the planted key."""
    monkeypatch.setenv(ENDPOINT, server.root)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    settings = {"key": KEY, "secrets": {KEY_NAME: f"{KEY}\n", PASSWORD_NAME: PASSWORD}}
    server.tell(**settings)
    return settings


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The descriptions of the jobs that run, what is pickled in them unpacked."""
    descriptions: list[bytes] = []
    run = LocalRunner.run_via_runner_api

    def noted(self: LocalRunner, proto: Any, options: Any) -> Any:
        described = proto.SerializeToString() + repr(options.get_all_options()).encode()
        descriptions.append(described + b"".join(unpacked(described)))
        return run(self, proto, options)

    monkeypatch.setattr(LocalRunner, "run_via_runner_api", noted)
    return descriptions


def unpacked(described: bytes) -> Iterator[bytes]:
    for found in PICKLES.findall(described):
        with suppress(ValueError, OSError, zlib.error):
            packed = base64.b64decode(found)
            yield bz2.decompress(packed) if packed.startswith(b"BZh") else zlib.decompress(packed)


def written(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Manifests and dead letters."""
    for path in [*folder.rglob("manifest.json"), *folder.glob("dead_letters/**/*.jsonl")]:
        yield path.name, path.read_bytes()


def test_planted_secrets_come_out_nowhere(
    server: FakeServer, secrets: dict[str, Any], job: list[bytes], redis_server: RedisServer, tmp_path: Path,
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    connect: Any = redis.Redis
    connect(port=redis_server.port).config_set("requirepass", PASSWORD)
    server.tell(**secrets, faults={"500": 0.1, "429": 0.1, "malformed": 0.1}, answers={"violins": [""]})
    corpus = corpus_of(tmp_path, 12)
    with corpus.open("ab") as file:
        file.write(orjson.dumps({"text": f"On tides and a {TEXT}: when they come, and who waits for them."}) + b"\n")
    store = f"{redis_server.address}?password_secret={PASSWORD_NAME}"
    flags = [*paying(server, tmp_path), *SMALL, "--llm_api_key_secret", KEY_NAME, "--response_store", store]
    flags += ["--max_lost", "0.5"]
    with caplog.at_level(logging.DEBUG):
        assert main(build_command(corpus, tmp_path / "out", flags)) == DONE
    [description] = job
    assert KEY_NAME.encode() in description  # a name is no secret, and says that what is pickled was looked into
    assert PASSWORD_NAME.encode() in description
    logs = "".join(capfd.readouterr()) + caplog.text
    for place, text in [("log", logs.encode()), ("job", description), *written(tmp_path / "out")]:
        for planted in (KEY, PASSWORD):
            assert planted.encode() not in text, place
    assert TEXT not in logs
    assert TEXT.encode() not in description
    assert "malformed" in {row["reason"] for row in dead_letters(tmp_path / "out")}
    assert open_store(store).spend()["extract_persona"].calls >= 12


def test_a_wrong_key_is_said_by_its_name(
    server: FakeServer, secrets: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.tell(**{**secrets, "key": "another"})
    flags = [*paying(server, tmp_path), *SMALL, "--llm_api_key_secret", KEY_NAME]
    assert main(build_command(corpus_of(tmp_path, 2), tmp_path / "out", flags)) == FAILED
    error = capsys.readouterr().err
    assert f"check the key: it is read from {KEY_NAME}" in error
    assert KEY not in error


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ["--llm", "openai:m", "--llm_api_key_secret", KEY],
            "must be projects/PROJECT/secrets/SECRET/",
        ),
        (["--llm", "vertex:m", "--llm_api_key_secret", KEY_NAME], "vertex:m takes no key; openai, gemini do"),
    ],
)
def test_a_flag_that_names_no_secret_is_refused_unseen(
    flags: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(build_command(corpus_of(tmp_path, 2), tmp_path / "out", flags)) == WRONG_COMMAND
    error = capsys.readouterr().err
    assert said in error
    assert KEY not in error


# ---- Secret Manager


def test_a_secret_is_read_without_its_line_end(secrets: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECOND", "from-the-environment")
    assert fetched(KEY_NAME) == KEY
    assert secret_or_variable(KEY_NAME, ["SECOND"]) == KEY
    assert secret_or_variable("", ["FIRST", "SECOND"]) == "from-the-environment"
    assert secret_or_variable("", ["FIRST"]) == ""


def test_a_secret_that_cannot_be_had_says_why(
    server: FakeServer, secrets: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = KEY_NAME.replace("latest", "1")
    server.tell(secrets={KEY_NAME: "", empty: "\n"})
    with pytest.raises(SecretError, match=r"cannot be read .*roles/secretmanager.secretAccessor"):
        fetched(KEY_NAME)
    with pytest.raises(SecretError, match="versions/3: there is no such version"):
        fetched(PASSWORD_NAME)
    with pytest.raises(SecretError, match="is empty"):
        fetched(empty)
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    with pytest.raises(SecretError, match="Secret Manager gave no answer"):
        fetched(KEY_NAME)


def test_a_store_whose_password_cannot_be_had_is_an_error_of_the_store(secrets: dict[str, Any]) -> None:
    other = PASSWORD_NAME.replace("/3", "/4")
    with pytest.raises(StoreError, match=r"redis://localhost: projects/.* no such version"):
        open_store(f"redis://localhost?username=me&password_secret={other}")


@pytest.mark.parametrize("name", ["sk-planted", "projects/p/secrets/s", "projects/p/secrets/s/versions/1/x"])
def test_what_is_no_name_is_refused_without_showing_it(name: str) -> None:
    with pytest.raises(SecretError, match="never a key") as error:
        check_secret_name("--llm_api_key_secret", name)
    assert name not in str(error.value)
    with pytest.raises(ValueError, match="--response_store") as refused:
        scheme_of(f"redis://host?password_secret={name}")
    assert name not in str(refused.value)


def test_regional_secrets_have_names_too() -> None:
    name = "projects/p/locations/europe-west4/secrets/s/versions/latest"
    assert check_secret_name("--llm_api_key_secret", name) == name
