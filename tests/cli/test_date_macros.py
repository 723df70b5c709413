"""Dates in --input: what they stand for, what is refused, and what comes of them in a hub."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.servers.bucket  # noqa: F401 - Beam finds filesystems among the subclasses that are imported
from persona_hub.pipelines.cli.date_macros import DIRECTIVES, dated, resolve
from persona_hub.pipelines.cli.exit_status import DONE, NOTHING_TO_READ, WRONG_COMMAND, UsageError
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.versions import list_versions, open_hub

NOW = datetime(2026, 3, 1, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "resolved"),
    [
        ("gs://crawl/{date:%Y-%m-%d}/*", "gs://crawl/2026-03-01/*"),
        ("gs://crawl/{date-1d:%Y-%m-%d}/*", "gs://crawl/2026-02-28/*"),
        ("gs://crawl/{date-1h:%Y/%m/%d/%H}/*.warc.gz", "gs://crawl/2026/02/28/23/*.warc.gz"),
        ("gs://crawl/{date:%Y}/{date-31d:%j}", "gs://crawl/2026/029"),
        ("gs://crawl/year={date:%Y}/week={date:%G-W%V}/*", "gs://crawl/year=2026/week=2026-W09/*"),
        ("a/{date-2d:%d},a/{date-1d:%d}", "a/27,a/28"),
        ("a/{date-0d:%d}", "a/01"),
        ("a/*.jsonl", "a/*.jsonl"),
        # Braces are no wildcards of Beam's, and may be part of a name.
        ("a/{b,c}/{}/{data}/{dates}/{update}/100%/{50%}/[0-9]", "a/{b,c}/{}/{data}/{dates}/{update}/100%/{50%}/[0-9]"),
    ],
)
def test_a_date_is_that_of_the_moment(pattern: str, resolved: str) -> None:
    assert resolve(pattern, NOW) == resolved


@pytest.mark.parametrize(
    "macro",
    [
        "{date}",
        "{date:}",
        "{date-1d}",
        "{date:%Y-%m-%d",
        "{Date:%Y}",
        "{ date:%Y}",
        "{date -1d:%Y}",
        "{date+1d:%Y}",
        "{date-1w:%Y}",
        "{date-d:%Y}",
        "{date-99999d:%Y}",
        "{date:%Q}",
        "{date:%M}",
        "{date:%}",
        "{date:%Y*}",
        "{date:%Y,%m}",
        "{day:%Y}",
        "{%Y-%m-%d}",
        "{{date}}",
    ],
)
def test_what_looks_like_a_date_and_is_none_is_refused(macro: str) -> None:
    with pytest.raises(UsageError, match=r"^--input a/.*/\*: \{.* is no date macro; write \{date:%Y-%m-%d\}"):
        dated([f"a/{macro}/*"], NOW)


@given(st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1)), st.integers(-14, 14), st.sampled_from(DIRECTIVES))
def test_a_date_is_in_utc_wherever_the_clock_hangs(moment: datetime, hours: int, directive: str) -> None:
    there = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
    assert resolve(f"{{date:%{directive}}}", there) == moment.strftime(f"%{directive}")


def days(tmp_path: Path, *names: str) -> str:
    """A folder for each day, each with a document of its own; the pattern that reads the day before."""
    for name in names:
        (tmp_path / name).mkdir()
        for place in ("harbour", "market"):
            text = f"Notes of {name} from the {place}: who works there, what they keep, and what they look out for."
            (tmp_path / name / f"{place}.txt").write_text(text)
    return f"{tmp_path}/{{date-1d:%Y-%m-%d}}/*"


def test_a_refresh_reads_the_day_that_its_start_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pattern, hub = days(tmp_path, "2026-02-27", "2026-02-28", "2026-03-01"), str(tmp_path / "hub")
    flags = ["--expand_hops", "0", "--embedding_threshold", "1.0"]
    build = ["build", "--input", pattern, "--output", hub, *flags]
    assert main(build, clock=lambda: NOW - timedelta(days=1)) == DONE
    assert open_hub(hub).manifest.parameters["input"] == [f"{tmp_path}/2026-02-27/*"]
    assert main(["refresh", "--hub", hub, "--input", pattern], clock=lambda: NOW) == DONE
    assert open_hub(hub).manifest.parameters["input"] == [f"{tmp_path}/2026-02-28/*"]
    assert open_hub(hub).manifest.counts["read_corpus"]["document"] == 2
    assert f"--input {tmp_path}/2026-02-28/*\n" in capsys.readouterr().out

    # On the same day the same command finds its work done; on another, a build names what to do.
    assert main(["refresh", "--hub", hub, "--input", pattern], clock=lambda: NOW + timedelta(hours=9)) == DONE
    assert "nothing is to be done" in capsys.readouterr().out
    assert main(build, clock=lambda: NOW + timedelta(days=1)) == WRONG_COMMAND
    assert "persona-hub refresh --hub" in capsys.readouterr().err
    assert len(list_versions(hub)) == 2

    # Several days at once: what has been read costs nothing, so that late files are picked up.
    overlap = f"{pattern.replace('-1d', '-2d')},{pattern}"
    assert main(["refresh", "--hub", hub, "--input", overlap], clock=lambda: NOW + timedelta(days=1)) == DONE
    counts = open_hub(hub).manifest.counts["read_corpus"]
    assert (counts["known"], counts["document"]) == (2, 2)


def test_input_that_is_late_is_told_and_makes_no_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pattern, hub = days(tmp_path, "2026-02-28"), str(tmp_path / "hub")
    assert main(["build", "--input", pattern, "--output", hub, "--expand_hops", "0"], clock=lambda: NOW) == DONE
    before = sorted(tmp_path.rglob("*"))
    tomorrow = NOW + timedelta(days=1)
    for late in (pattern, f"tree://{pattern}"):
        assert main(["refresh", "--hub", hub, "--input", late], clock=lambda: tomorrow) == NOTHING_TO_READ
        [said] = capsys.readouterr().err.splitlines()
        assert f"nothing to read yet, {hub} stays at {open_hub(hub).manifest.version}" in said
        assert f"{tmp_path}/2026-03-01/*' matches no file" in said
    assert sorted(tmp_path.rglob("*")) == before


def test_what_cannot_be_a_date_is_a_wrong_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("build", "dedup"):
        assert main([command, "--input", "a/{date:%D}", "--output", str(tmp_path / "out")]) == WRONG_COMMAND
        assert "{date:%D} is no date" in capsys.readouterr().err
