"""CURRENT on gs://: the real client against a server that honours generations."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.gcs_server import Server, gcs_server
from transforms.hub.current import PublishConflict, set_current


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with gcs_server() as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test")
        yield server


def current(server: Server) -> str:
    return server.objects["out/hub/CURRENT"][1].decode().strip()


def test_current_moves_from_version_to_version(server: Server) -> None:
    set_current("gs://bucket/out", "", "0001-aa")
    set_current("gs://bucket/out", "0001-aa", "0002-bb")
    assert current(server) == "0002-bb"
    for expected in ("", "0001-aa"):
        with pytest.raises(PublishConflict, match=r"holds 0002-bb now, .* run it again"):
            set_current("gs://bucket/out", expected, "0002-cc")


@pytest.mark.parametrize("parent", ["", "0001-aa"])
def test_of_eight_at_once_one_wins(server: Server, parent: str) -> None:
    if parent:
        set_current("gs://bucket/out", "", parent)
    start = Barrier(8)

    def swap(i: int) -> bool:
        start.wait()
        try:
            set_current("gs://bucket/out", parent, f"0002-{i}")
        except PublishConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [i for i, done in enumerate(pool.map(swap, range(8))) if done]
    assert [f"0002-{i}" for i in won] == [current(server)]


def test_a_write_whose_answer_was_lost_is_a_success(server: Server) -> None:
    server.lose_answers = 1
    set_current("gs://bucket/out", "", "0001-aa")
    assert current(server) == "0001-aa"
