"""How near an estimate comes: python -m benchmarks.calls.estimate [HOPS]; PERSONA_HUB_DATA names the real corpora.

Each corpus is estimated without a call, then from 200 documents that are sent, and then built against the fake server;
the table has calls and tokens as estimated and as used, in all and in the worst stage.
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


if __name__ == "__main__":
    folder = Path(os.environ["PERSONA_HUB_DATA"])
    with FakeServer() as fake:
        near = [measure(name, pattern, folder, (sys.argv[1:] or ["2"])[0], fake) for name, pattern in CORPORA.items()]
    print(f"within {LIMIT:.0%} from {DOCUMENTS} documents: {sum(near)} of {len(near)} corpora")
