"""Keys as they come out of files, shells and browsers: cleaned where that is safe, else refused, and never shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.secrets import (
    ENDPOINT,
    SecretError,
    masked,
    secret_or_password,
    secret_or_variable,
    variable,
)
from tests.helpers.paid import SMALL, build_command, corpus_of, paying
from tests.servers.models.launch import FakeServer

KEY = "planted-key-4711"
KEY_NAME = "projects/some-project/secrets/model-key/versions/latest"


@pytest.mark.parametrize("before", ["", " ", "\ufeff", "\n"])
@pytest.mark.parametrize("after", ["", "\n", "\r\n", "\r", " ", "\t\n", "\u00a0", "\u200b"])
def test_white_space_around_a_key_is_no_part_of_it(before: str, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", f"{before}{KEY}{after}")
    assert secret_or_variable("", ["SOME_KEY"]) == KEY
    assert secret_or_password("", ["SOME_KEY"]) == KEY
    assert variable("SOME_KEY") == KEY


def test_a_variable_of_white_space_is_as_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST", "\r\n")
    monkeypatch.setenv("SECOND", KEY)
    assert secret_or_variable("", ["FIRST", "SECOND"]) == KEY
    assert secret_or_variable("", ["FIRST"]) == ""


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("planted\nkey", "no key holds a line's end"),
        ("planted key", "no key holds white space"),
        ("planted\x07key", "no key holds a control character"),
        ("planted-k\u00ebyf", "no key holds a character outside of ASCII"),
        ("planted\u2013key", "no key holds a character outside of ASCII"),
        ("planted\ufeffkey", "no key holds a character outside of ASCII"),
        ("planted\udcffkey", "no key holds a character outside of ASCII"),
        (f'"{KEY}"', "the quotes became part of the key"),
        (f"{KEY}'", "the quotes became part of the key"),
    ],
)
def test_what_can_be_no_key_is_refused_by_the_name_of_its_place(
    key: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.environ", {"SOME_KEY": key})
    with pytest.raises(SecretError, match=f"^environment variable SOME_KEY: {said}") as error:
        secret_or_variable("", ["SOME_KEY"])
    assert "planted" not in str(error.value)


def test_a_password_is_freer_than_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", ' "two words, Grün" \n')
    assert secret_or_password("", ["PASSWORD"]) == '"two words, Grün"'
    monkeypatch.setenv("PASSWORD", "planted\nwords")
    with pytest.raises(SecretError, match="environment variable PASSWORD: no password holds a line's end") as error:
        secret_or_password("", ["PASSWORD"])
    assert "planted" not in str(error.value)


@pytest.mark.parametrize("read", [secret_or_variable, secret_or_password])
@pytest.mark.parametrize("said", [f"{KEY}\r\n", f"\ufeff{KEY}\n"])
def test_a_secret_is_cleaned_as_a_variable_is(
    read: Callable[..., str], said: str, server: FakeServer, credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, server.root)
    server.tell(secrets={KEY_NAME: said})
    assert read(KEY_NAME, []) == KEY
    server.tell(secrets={KEY_NAME: "planted\nkey"})
    with pytest.raises(SecretError, match=f"{KEY_NAME}: no (key|password) holds a line's end"):
        read(KEY_NAME, [])


def test_a_build_with_a_key_that_ends_in_a_line_s_end_asks_and_is_answered(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.tell(key=KEY)
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\r\n")
    command = build_command(corpus_of(tmp_path, 2), tmp_path / "out", [*paying(server, tmp_path), *SMALL])
    assert main(command) == DONE
    assert server.counts()["paid"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://host:8000/v1", "http://host:8000/v1"),
        ("https://[::1]:8000/v1", "https://[::1]:8000/v1"),
        ("host.example", "host.example"),
        ("https://host/v1?token=planted", "https://host/v1?…"),
        ("https://host/v1#planted", "https://host/v1#…"),
        ("http://user:planted@host/v1", "http://…"),
        ("http://user:planted@", "http://…"),
        ("http://user:planted", "http://…"),
        ("http://user:pla?nted@host", "http://…"),
        ("https:/user:planted@host", "https:/…"),
        ("user:planted@host", "user:…"),
        ("http://[::1/planted", "http://…"),
        ("http://host/pla@nted", "http://…"),
        ("redis//user:planted", "…"),
        ("planted words", "…"),
        ("", "…"),
    ],
)
def test_an_address_is_shown_without_what_may_be_a_secret_in_it(address: str, shown: str) -> None:
    assert masked(address) == shown
