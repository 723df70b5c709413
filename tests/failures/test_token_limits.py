"""A higher --max_tokens goes on with a job that lost answers for want of tokens, and buys nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.versions import list_attempts, open_hub
from tests.helpers.hubs import personas, samples
from tests.helpers.paid import corpus_of, paying
from tests.servers.models.launch import FakeServer

CUT = {"text": '{"persona": "A keeper of', "finish": "length"}


def cut(word: str, limit: int, last: int = 0) -> dict[str, object]:
    """A rule that cuts the answers to questions with a word, as long as the limit is so low."""
    return {"word": word, "holds": f"max_tokens={limit}", "last": last, **CUT}


def test_a_higher_limit_asks_what_was_cut_off_and_nothing_else(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    build = ["build", f"--input={corpus_of(tmp_path, 8)}", f"--output={out}", "--expand_hops=0"]
    build += paying(server, tmp_path)
    # Two are cut at every limit below 900; the answer about tides only once: it is repaired in the first run.
    server.tell(script=[*(cut(word, n) for word in ("beehives", "looms") for n in (300, 600)), cut("bridges", 300, 1)])
    assert main([*build, "--max_tokens=300"]) == BUDGET_SPENT
    assert len(personas(out)) == 6
    calls = server.counts()["calls"]
    assert calls == 8 + 3  # repairs
    assert main([*build, "--max_tokens=600"]) == BUDGET_SPENT
    calls += 2 * (1 + 2)  # a run after one that lost too much has one more repair
    assert server.counts()["calls"] == calls
    assert main([*build, "--max_tokens=900"]) == DONE
    assert server.counts()["calls"] == calls + 2
    manifest = open_hub(str(out)).manifest
    assert (len(personas(out)), manifest.partial, manifest.counts["extract_persona"].get("lost-malformed")) == (
        8,
        {},
        None,
    )
    assert (manifest.token_limits, manifest.parameters["max_tokens"]) == ((300, 600), 900)
    capsys.readouterr()
    for limit in (900, 600, 300, 2000):  # nothing was lost, so there is nothing that more tokens would mend
        assert main([*build, f"--max_tokens={limit}"]) == DONE
        assert "nothing is to be done" in capsys.readouterr().out
    assert server.counts()["calls"] == calls + 2


def test_the_limit_of_each_step_may_be_raised(server: FakeServer, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build = ["build", f"--input={corpus_of(tmp_path, 8)}", f"--output={out}", "--expand_hops=0"]
    build += paying(server, tmp_path)
    server.tell(script=[cut("looms", 512)])
    assert main(build) == BUDGET_SPENT
    calls = server.counts()["calls"]
    assert main([*build, "--max_tokens=2000"]) == DONE
    assert (server.counts()["calls"], len(personas(out))) == (calls + 1, 8)
    assert main(build) == DONE
    assert server.counts()["calls"] == calls + 1


def test_a_lower_limit_is_another_job(server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = ["build", f"--input={corpus_of(tmp_path, 8)}", f"--output={tmp_path / 'out'}", "--expand_hops=0"]
    build += paying(server, tmp_path)
    server.tell(script=[cut("looms", 600)])
    assert main([*build, "--max_tokens=600"]) == BUDGET_SPENT
    assert main([*build, "--max_tokens=300"]) == 2
    assert "with other parameters (--max_tokens 300, before 600); add to it" in capsys.readouterr().err


def test_samples_go_on_too(server: FakeServer, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build = ["build", f"--input={corpus_of(tmp_path, 8)}", f"--output={out}", "--expand_hops=0"]
    model = paying(server, tmp_path)
    server.tell()
    assert main([*build, *model]) == DONE
    server.tell(script=[{"holds": "max_tokens=300", "every": 3, "text": '{"problem": "How', "finish": "length"}])
    write = ["synthesize", f"--hub={out}", f"--output={out}", "--use_case=math", *model, "--retry_malformed=0"]
    assert main([*write, "--max_tokens=300"]) == BUDGET_SPENT
    assert server.counts()["calls"] == 8
    had = len(samples(out, "math"))
    assert had < 8
    assert main([*write, "--max_tokens=900"]) == DONE
    assert server.counts()["calls"] == 8 + (8 - had)
    assert main([*write, "--max_tokens=900"]) == DONE
    assert server.counts()["calls"] == 8 + (8 - had)
    [*_, last] = list_attempts(str(out), open_hub(str(out)).manifest.version)
    assert (last.token_limits, last.records_of("samples")) == ((300,), 8)
