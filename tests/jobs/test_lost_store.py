"""A response store that forgot: emptied, cut, replaced, between two runs or amid one. Whoever pays again is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.pipelines.runners.known_store import STORES_FILE, calls_of, known_stores, note_store
from persona_hub.transforms.store.protocol import Renew, StoreError
from persona_hub.transforms.store.registry import open_store
from tests.helpers.paid import paying
from tests.helpers.stores import KEY, put
from tests.material.growing import FLAGS as SMALL
from tests.material.growing import OFF, corpus
from tests.servers.models.launch import FakeServer

WARNING = "persona-hub: warning: --response_store"


@pytest.fixture(params=["sqlite", "redis", "bigtable"])
def store(request: pytest.FixtureRequest) -> str:
    """Each kind of store."""
    return str(request.param)


@pytest.fixture
def empty(store: str, store_address: str, request: pytest.FixtureRequest) -> Callable[[], None]:
    """Takes everything out of the store behind its users' back."""

    def act() -> None:
        if store == "sqlite":
            with open(store_address.removeprefix("sqlite:"), "r+b") as file:
                file.truncate(0)
        elif store == "redis":
            import redis

            connect: Any = redis.Redis.from_url
            connect(store_address).flushall()
        else:
            rows: Any = open_store(store_address)
            rows.rows.remove_many(list(rows.rows.scan(b"")))

    return act


def test_a_store_that_is_emptied_amid_a_job_is_an_error_that_says_so(
    store_address: str, empty: Callable[[], None]
) -> None:
    user = open_store(store_address)
    user.commit([Renew("me"), put(KEY, b"answer")])
    empty()
    with pytest.raises(StoreError, match=r"was emptied or replaced while the job ran.*paid, again"):
        user.commit([Renew("me")])


def test_a_store_that_was_emptied_between_two_runs_is_told_before_anything_is_bought(
    store_address: str, empty: Callable[[], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / "out")
    for _ in range(2):
        user = open_store(store_address)
        user.commit([put(KEY, b"answer")])
        note_store(output, store_address, user)
        user.close()
    assert not capsys.readouterr().err
    empty()
    user = open_store(store_address)
    note_store(output, store_address, user)
    said = capsys.readouterr().err
    assert said.startswith(f"{WARNING} {store_address}: is not the store that earlier runs used")
    note_store(output, store_address, user)
    assert not capsys.readouterr().err, "it is told once"


def test_a_file_that_is_moved_away_or_replaced_amid_a_job_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    user = open_store(f"sqlite:{path}")
    path.rename(tmp_path / "elsewhere.sqlite")
    with pytest.raises(StoreError, match="was emptied or replaced"):
        user.commit([put(KEY, b"answer")])
    open_store(f"sqlite:{path}").close()
    with pytest.raises(StoreError, match="was emptied or replaced"):
        user.commit([put(KEY, b"answer")])


def test_a_build_on_a_hub_whose_store_was_cut_warns_and_one_with_another_store_names_the_old(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paid, hub = paying(server, tmp_path), tmp_path / "hub"
    parts = [corpus(tmp_path / f"{n}.jsonl", range(n * 5, n * 5 + 5)) for n in range(3)]
    assert main(["build", "--input", str(parts[0]), "--output", str(hub), *SMALL, *OFF, *paid]) == DONE
    assert WARNING not in capsys.readouterr().err
    address = f"sqlite:{hub / 'responses.sqlite'}"
    assert list(known_stores(str(hub))) == [address]
    for file in hub.glob("responses.sqlite*"):
        file.write_bytes(b"")
    assert main(["refresh", "--hub", str(hub), "--input", str(parts[1]), *paid]) == DONE
    assert f"{WARNING} {address}: is not the store that earlier runs used" in capsys.readouterr().err
    other = ["--response_store", f"sqlite:{tmp_path}/other.sqlite"]
    assert main(["refresh", "--hub", str(hub), "--input", str(parts[2]), *paid, *other]) == DONE
    said = capsys.readouterr().err
    assert "other.sqlite: holds no answers yet" in said
    assert address in said


def test_a_hub_of_an_earlier_release_knows_its_calls(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paid, hub = paying(server, tmp_path), tmp_path / "hub"
    parts = [corpus(tmp_path / f"{n}.jsonl", range(n * 5, n * 5 + 5)) for n in range(2)]
    assert main(["build", "--input", str(parts[0]), "--output", str(hub), *SMALL, *OFF, *paid]) == DONE
    (hub / STORES_FILE).unlink()
    for file in hub.glob("responses.sqlite*"):
        file.unlink()
    calls = calls_of(str(hub))
    assert calls
    assert main(["refresh", "--hub", str(hub), "--input", str(parts[1]), *paid]) == DONE
    assert f"holds no answers yet, while those that earlier runs paid for {calls} calls" in capsys.readouterr().err
