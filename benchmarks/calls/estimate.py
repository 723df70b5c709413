"""How near an estimate comes: python -m benchmarks.calls.estimate [HOPS | checks]; PERSONA_HUB_DATA has the corpora.

Each corpus is estimated without a call, then from 200 documents that are sent, and then built against the fake server;
the table has calls and tokens as estimated and as used, in all and in the worst stage. With `checks` samples of a hub
are estimated from a pilot, for each way to check them, and then made.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path

from persona_hub.pipelines.commands.estimate import DOCUMENTS_SENT as DOCUMENTS
from persona_hub.pipelines.main import main
from persona_hub.transforms.store.registry import open_store
from tests.servers.models.launch import FakeServer

CORPORA = {
    "web pages": "web/parquet/*.parquet,web/jsonl/*.jsonl,web/warc/*.warc.gz",
    "paragraphs in eight languages": "web/multiling/*.jsonl.gz",
    "word problems": "math/gsm8k_test.jsonl",
}
LIMIT = 0.15
PERSONAS, PILOTED, NEAR = (
    1500,
    256,
    0.05,
)  # of the hub, of a pilot, and how near the calls are to be
RIGHT, SOLVES, FAULTY = 0.6, 0.8, 0.03  # shares of the fake server: right answers, problems solved, unreadable answers
CHECKS = {
    "program": [],
    "none": ["--verify", "none"],
    "independent": ["--verify", "independent"],
    "vote:2/3": ["--verify", "vote:2/3"],
    "program, judge": ["--judge", "JUDGE", "--min_score", "0.5"],
    "vote:2/3, judge": ["--verify", "vote:2/3", "--judge", "JUDGE", "--min_score", "0.5"],
    "--accepted 400": ["--accepted", "400"],
    "--accepted 400, vote:2/3": ["--accepted", "400", "--verify", "vote:2/3"],
    "--accepted 400, a pilot of 400": ["--accepted", "400", "--n", "400"],
}


def run(*arguments: str) -> str:
    """What a command prints."""
    out = StringIO()
    with redirect_stdout(out):
        assert main(list(arguments)) == 0, out.getvalue()
    return out.getvalue()


def totals(stages: dict[str, tuple[float, float]]) -> tuple[float, float]:
    return sum(calls for calls, _ in stages.values()), sum(tokens for _, tokens in stages.values())


def estimated(out: str) -> dict[str, tuple[float, float]]:
    """(calls, tokens) by stage."""
    stages = json.loads((Path(out) / "estimate.json").read_text())["stages"]
    return {s["stage"]: (s["calls"], s["calls"] * (s["input_tokens"] + s["output_tokens"])) for s in stages}


def used(out: str) -> dict[str, tuple[float, float]]:
    with closing(open_store(f"sqlite:{out}/responses.sqlite")) as store:
        return {s: (float(n.calls), float(n.input_tokens + n.output_tokens)) for s, n in store.spend().items()}


def error(guess: dict[str, tuple[float, float]], truth: dict[str, tuple[float, float]]) -> str:
    """Signed errors of calls and tokens: of all, and the worst of a stage."""
    parts = []
    for i, name in enumerate(("calls", "tokens")):
        whole = totals(guess)[i] / totals(truth)[i] - 1
        worst = max((guess[stage][i] / truth[stage][i] - 1 for stage in truth), key=abs)
        parts.append(f"{name} {whole:+6.1%} (worst stage {worst:+6.1%})")
    return ", ".join(parts)


def measure(name: str, pattern: str, data: Path, hops: str, server: FakeServer) -> bool:
    """Prints the lines of one corpus; whether the estimate that sends is near enough."""
    files = ",".join(str(data / part) for part in pattern.split(","))
    with tempfile.TemporaryDirectory() as out:
        common = ["--input", files, "--output", out, "--expand_hops", hops, "--use_case", "math"]
        common += ["--llm", "openai:fake", "--llm_base_url", server.url]
        if "gsm8k" in pattern:
            common += ["--text_field", "question"]
        run("estimate", *common, "--n", "0")
        blind = estimated(out)
        run("estimate", *common)  # sends DOCUMENTS by default
        sent, bought = estimated(out), totals(used(out))[0]
        run("build", *common)
        truth = used(out)
    calls, tokens = totals(truth)
    print(f"{name}: {calls:,.0f} calls, {tokens:,.0f} tokens used; the sample had {bought:,.0f} of the calls")
    print(f"  from {DOCUMENTS} documents sent   {error(sent, truth)}")
    print(f"  without a call            {error(blind, truth)}")
    print(f"  calls sent more than once: {server.counts()['repeated']}", flush=True)
    return all(abs(a / b - 1) <= LIMIT for a, b in zip(totals(sent), totals(truth), strict=True))


def hub_of(folder: Path) -> str:
    """A hub of so many personas that all differ."""
    rows = ({"persona": f"A keeper of house {i} who writes about the year {i * 7919}"} for i in range(PERSONAS))
    (folder / "personas.jsonl").write_text("\n".join(map(json.dumps, rows)))
    whole = ["--minhash_threshold", "1.0", "--embedding_threshold", "1.0", "--attributes", "off"]
    run("build", "--personas", str(folder / "personas.jsonl"), "--output", str(folder / "hub"), *whole)
    return str(folder / "hub")


def measure_checks(folder: Path, server: FakeServer) -> bool:
    """Prints a line for each way to check; whether all predictions are near enough."""
    hub, near = hub_of(folder), True
    judge, prices = folder / "judge.yaml", folder / "prices.yaml"
    rows = "models:\n  - {model: 'openai:*', input: 1, output: 4}\n"
    prices.write_text(rows)
    judge.write_text(f"llm: openai:judge\nllm_base_url: {server.url}\n{rows.replace('input: 1', 'input: 3')}")
    print(f"{'checks':34}{'calls predicted':>34}{'used':>9}{'':>8}{'US dollars predicted':>26}{'used':>8}")
    for name, flags in CHECKS.items():
        garbled = [{"every": round(1 / FAULTY), "text": "no JSON"}]
        server.tell(right=RIGHT, solves=SOLVES, script=garbled)
        out = str(folder / name.replace(" ", "-").replace("/", "-"))
        job = ["--hub", hub, "--output", out, "--use_case", "math", "--price_file", str(prices)]
        job += ["--llm", "openai:fake", "--llm_base_url", server.url]
        checks = [str(judge) if flag == "JUDGE" else flag for flag in flags]
        run("estimate", *job, *([] if "--n" in checks else ["--n", str(PILOTED)]), *checks)
        guess = json.loads((Path(out) / "estimate.json").read_text())
        run("synthesize", *job, *(checks[:-2] if "--n" in checks else checks))
        with closing(open_store(f"sqlite:{out}/responses.sqlite")) as store:
            spent = store.spend().values()
        calls, cost = sum(one.calls for one in spent), sum(one.cost for one in spent) / 1e9
        low, high = guess["calls_95"]
        money = guess["cost_usd_95"]
        print(
            f"{name:34}{guess['calls']:>12,.0f}{f'[{low:,.0f}, {high:,.0f}]':>22}{calls:>9,}"
            f"{guess['calls'] / calls - 1:>+8.1%}{guess['cost_usd']:>10.3f}{f'[{money[0]:.3f}, {money[1]:.3f}]':>16}"
            f"{cost:>8.3f}",
            flush=True,
        )
        near = near and abs(guess["calls"] / calls - 1) <= NEAR
    return near


if __name__ == "__main__":
    if sys.argv[1:] == ["checks"]:
        os.environ.setdefault("OPENAI_API_KEY", "none")
        with FakeServer() as fake, tempfile.TemporaryDirectory() as place:
            within = measure_checks(Path(place), fake)
        print(f"all within {NEAR:.0%}" if within else f"not all within {NEAR:.0%}")
        sys.exit()
    folder = Path(os.environ["PERSONA_HUB_DATA"])
    with FakeServer() as fake:
        near = [measure(name, pattern, folder, (sys.argv[1:] or ["2"])[0], fake) for name, pattern in CORPORA.items()]
    print(f"within {LIMIT:.0%} from {DOCUMENTS} documents: {sum(near)} of {len(near)} corpora")
