"""5,000 questions to a server that changes its mood: each ends once, and nothing is called complete that is not.

It refuses json_schema after 100 answers, leaves the usage out of every second answer, wants to be paid after 1,500, and
then shows a page under status 200 for some thousand calls, or for a minute. The same command is given until it is done.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.versions import open_hub
from tests.helpers.drills import long_drill
from tests.helpers.hubs import dead_letters, personas
from tests.helpers.paid import corpus_of, paying, spend
from tests.servers.models.launch import FakeServer

QUESTIONS = 5000
RUNS = 60  # at most
SCHEMA = {
    "after": 100,
    "holds": "response_format.type=json_schema",
    "status": 400,
    "json": {"error": {"message": "This response_format type is unavailable now", "type": "invalid_request_error"}},
}
UNPAID = {"after": QUESTIONS * 3 // 10, "status": 402, "json": {"error": {"message": "Insufficient Balance"}}}
PAGE = {"headers": {"Content-Type": "text/html"}, "body": "<html>maintenance</html>", "paid": False}
NO_USAGE = {"every": 2, "usage": "none"}


@pytest.mark.parametrize(
    "pages", [{"last": QUESTIONS * 2 // 5}, pytest.param({"until_seconds": 60}, marks=long_drill)], ids=str
)
def test_a_server_of_many_moods(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], pages: dict[str, Any]
) -> None:
    moods = [[SCHEMA, UNPAID, NO_USAGE], [SCHEMA, {**PAGE, **pages}, NO_USAGE]]
    if "last" in pages:  # a run gives up before it has seen so many
        moods.append([NO_USAGE])
    out = tmp_path / "out"
    flags = [*paying(server, tmp_path), "--call_attempts=3", "--max_cost_usd=10000"]
    command = ["build", f"--input={corpus_of(tmp_path, QUESTIONS)}", f"--output={out}", "--expand_hops=0", *flags]
    codes = list[int]()
    server.tell(script=moods[0])
    for mood in range(RUNS):
        if 0 < mood < len(moods):
            server.say(moods[mood])
        codes.append(main(command))
        said = "".join(capsys.readouterr())
        manifest = open_hub(str(out)).manifest
        answered = server.outcomes()["answered"]
        assert "nothing is to be done" not in said
        assert manifest.counts["extract_persona"]["asked"] == QUESTIONS
        assert manifest.counts["extract_persona"]["answered"] == answered
        assert len(dead_letters(out)) >= sum(manifest.partial.values())
        assert sum(manifest.partial.values()) == QUESTIONS - answered
        if codes[-1] == DONE:
            break
        assert codes[-1] == BUDGET_SPENT
        assert "partial: " in said
        if not mood:
            assert manifest.partial.keys() == {"account-http-402"}
            assert "Insufficient Balance" in said

    assert codes[0] == BUDGET_SPENT
    assert codes[-1] == DONE
    stats = server.stats()
    ends = Counter(outcomes.get("answered", 0) for outcomes in stats["by_prompt"].values())
    assert (ends[1], max(ends)) == (QUESTIONS, 1), "every question is answered, and paid, exactly once"
    assert len(personas(out)) == len({one.text for one in personas(out)})
    paid = spend(out)["extract_persona"]
    tokens = stats["counts"]["input_tokens"], stats["counts"]["output_tokens"]
    assert paid.calls == QUESTIONS
    assert QUESTIONS * 0.4 < paid.estimated < QUESTIONS * 0.6
    assert paid.cost / 1e9 == pytest.approx((tokens[0] * 1000 + tokens[1] * 2000) / 1e6, rel=0.02)
    assert main(command) == DONE
    assert "nothing is to be done" in capsys.readouterr().out
    assert server.outcomes()["answered"] == QUESTIONS
