"""report: the page of a job while it runs, and its end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import DONE, WRONG_COMMAND
from persona_hub.pipelines.commands.live.report import MOST_LOOKS, with_look
from persona_hub.pipelines.main import main
from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.store.registry import open_store
from tests.helpers.stores import put
from tests.material.versions import made

REFRESH = '<meta http-equiv="refresh" content="3">'


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def spend(hub: Path, *keys: str, usd: float = 0.5) -> None:
    """So many calls in the hub's own store."""
    with closing(open_store(f"sqlite:{hub}/responses.sqlite")) as store:
        cost = Spend(1, 100, 20, round(usd * 1e9))
        store.commit([put(key.encode() * 16, b"x", cost, stage="extract_persona") for key in keys])


def waits(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], Any]) -> list[float]:
    """In place of each wait for the next look one step is done; returns how long it would have been."""
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        steps[len(waited) - 1]()

    monkeypatch.setattr("persona_hub.pipelines.commands.live.report.time.sleep", wait)
    return waited


def test_the_page_is_made_again_until_the_job_has_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub, output = tmp_path / "out", tmp_path / "page"
    hub.mkdir()
    (hub / "estimate.json").write_bytes(orjson.dumps({"stages": [{"stage": "extract_persona", "calls": 40}]}))
    spend(hub, "a", "b")
    pages = []

    def look() -> tuple[str, dict[str, Any]]:
        return (output / "index.html").read_text("utf-8"), orjson.loads((output / "report.json").read_bytes())

    def first() -> None:
        pages.append(look())
        spend(hub, "c")

    def second() -> None:
        pages.append(look())
        made(hub, "", "a diver")

    waited = waits(monkeypatch, first, second)
    assert main(["report", "--hub", str(hub), "--output", str(output), "--watch", "3"]) == DONE
    assert waited == [3, 3]
    assert capsys.readouterr().out.splitlines() == [str(output / "index.html")]
    pages.append(look())
    assert [REFRESH in page for page, _ in pages] == [True, True, False]
    assert [found["cost"]["calls"] for _, found in pages] == [2, 3, 3]
    assert [found["cost"]["total_usd"] for _, found in pages] == [1, 1.5, 1.5]
    assert [row["calls"] for row in pages[-1][1]["cost"]["spent"]] == [2, 3, 3]
    assert pages[-1][1]["cost"]["calls_estimated"] == 40
    assert [found["hub"]["status"].partition(":")[0] for _, found in pages] == ["unfinished"] * 2 + ["complete"]
    assert "Spent so far" in pages[-1][0]
    assert "Spent so far" not in pages[0][0]


def test_once_without_watch_and_it_ends_where_one_stops_watching(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "out", "", "a diver")

    def stop() -> None:
        raise KeyboardInterrupt

    waited = waits(monkeypatch, stop)
    command = ["report", "--hub", str(tmp_path / "out"), "--output", str(tmp_path / "page")]
    assert main(command) == DONE
    assert waited == []
    assert REFRESH not in (tmp_path / "page" / "index.html").read_text("utf-8")
    assert main([*command, "--watch", "3"]) == DONE
    assert waited == [3]


def test_what_another_command_made_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "out", "", "a diver")
    for held in (b'{"hub": {"version": "1"}}', b"[]", b"no JSON"):
        (tmp_path / "report.json").write_bytes(held)
        assert main(["report", "--hub", str(tmp_path / "out"), "--output", str(tmp_path)]) == WRONG_COMMAND
        assert (tmp_path / "report.json").read_bytes() == held
        assert "has a report.json that this command did not write; name another folder" in capsys.readouterr().err


def test_a_folder_in_which_there_is_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["report", "--hub", str(tmp_path / "none"), "--output", str(tmp_path / "page")]
    assert main(command) == WRONG_COMMAND
    assert "none: holds no hub, no samples and no response store yet; check the path" in capsys.readouterr().err
    assert main([*command, "--response_store", f"sqlite:{tmp_path}/x.sqlite"]) == WRONG_COMMAND
    assert not (tmp_path / "page").exists()


def test_a_long_watch_keeps_a_curve_of_bounded_length() -> None:
    looks: list[Any] = []
    for second in range(3 * MOST_LOOKS):
        looks = with_look(looks, second, {"a": Spend(second)})
    assert MOST_LOOKS // 2 < len(looks) <= MOST_LOOKS
    assert looks[0].calls == 0
    assert looks[-1].calls == 3 * MOST_LOOKS - 1
    assert looks == sorted(looks, key=lambda one: one.seconds)
