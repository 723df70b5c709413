"""Generate against a server with latencies: python -m benchmarks.calls.generate throughput | faults | places | offline.

throughput: the share of the best schedule (list scheduling of the latencies that the server drew), beside the released
script's way (one call after the other), the plain asynchronous client, and distilabel in an environment of its own
(--peers PEERS/bin/python; else one is made, of requirements-bench-models.in). What the limit was can be seen from the
table: how busy the client's busiest thread was from the first call sent to the last, how long it waited for a core
that others used, what CPU the server took, and how late its answers were.
faults, places: calls for each input, and time against the same run without faults.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from benchmarks.running import Run, busiest, measured, prompts, threads
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.llm.protocol import Completion, Request
from persona_hub.transforms.wire.batches import batches
from tests.helpers.simulated_time import best_schedule
from tests.servers.models.launch import FakeServer

BAD_DAY = {"429": 0.05, "500": 0.03, "reset": 0.01, "hang": 0.01, "malformed": 0.02, "truncated": 0.02}
TAIL = {"median_ms": 200.0, "p99_ms": 2000.0}
LEAST_SHARE = {64: 0.90, 256: 0.80}  # of the best schedule, or:
MOST_CPU_MS, LIMITED = 2.0, 0.9  # of a call, where the busiest thread ran or waited for a core so much of the time
QUIET = 3.0  # load of the machine beyond which others had its cores, and wall time says little
HEADS = [
    "flying",
    "calls",
    "seconds",
    "per_s",
    "share",
    "cpu_ms",
    "sending",
    "ran",
    "waited",
    "its_ms",
    "late_ms",
    "load",
]
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Plain:
    """One question for each record, any answer is good."""

    def requests(self, record: str) -> list[Request]:
        return [Request("bench", "You are terse.", record, "hash")]

    def parse(self, record: str, request: Request, completion: Completion, model: str) -> str:
        return completion.text

    def key(self, record: str) -> str:
        return record[:20]


def run_generate(asked: Sequence[str], model: ModelConfig) -> tuple[int, int]:
    """Results and dead letters."""
    pipeline = beam.Pipeline(runner=FnApiRunner())
    batched = pipeline | beam.Create(list(batches(asked)), reshuffle=False)
    batched | Generate(stage="bench", task=Plain(), model=model)
    counters = pipeline.run().metrics().query()["counters"]
    counts = {counter.key.metric.name: counter.committed for counter in counters}
    return counts.get("answered", 0), counts.get("lost", 0)


def ours(url: str, asked: Sequence[str], in_flight: int, **more: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:{folder}/responses.sqlite"
        settings = {"name": "openai:bench", "base_url": url, "store": store, "max_in_flight": in_flight, **more}
        results, dead = run_generate(asked, ModelConfig(**settings))
    assert results + dead == len(asked), (results, dead)
    assert not dead, dead


def warm(url: str) -> None:
    """What a first call takes besides: imports, the runner's own start. Peers have it, too."""
    ours(url, prompts(1, "warm"), 1)


def peers_python(given: str) -> str:
    """An environment with distilabel: it pins other versions than ours."""
    if given:
        return given
    folder = Path(tempfile.gettempdir()) / "persona-hub-bench-models"
    if not (folder / "made").exists():
        venv.create(folder, with_pip=True, clear=True)
        needs = str(HERE.parents[1] / "requirements-bench-models.in")
        subprocess.run([folder / "bin/pip", "install", "--quiet", "-r", needs], check=True)
        (folder / "made").touch()
    return str(folder / "bin/python")


def asked_by_peer(python: str, name: str, url: str, in_flight: int, n: int) -> Run:
    command = [python, str(HERE / "peers.py"), name, url, str(in_flight), str(n)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def throughput(calls: int, peer_calls: int, peers: str) -> None:
    print("share: of the best schedule; cpu_ms: of a call; sending: seconds from the first call to the last;")
    print("ran, waited: seconds that the busiest thread used a core, and was ready while others did;")
    print("its_ms, late_ms: the server's CPU of a call, how much later than drawn it answered", flush=True)
    print(f"{'':22}" + "".join(f"{head:>9}" for head in HEADS))
    other = peers_python(peers)
    runs = [
        ("ours, store included", "", sys.executable, 64, calls),
        ("ours, store included", "", sys.executable, 256, calls),
        ("one after the other", "one_after_the_other", sys.executable, 1, peer_calls // 10),
        ("plain async client", "plain_client", sys.executable, 64, peer_calls),
        ("plain async client", "plain_client", sys.executable, 256, peer_calls),
        ("distilabel", "distilabel", other, 500, peer_calls),
    ]
    verdicts = []
    with FakeServer() as server:
        warm(server.url)
        for name, peer, python, in_flight, n in runs:
            server.tell(**TAIL, seed=in_flight)
            before = threads(server.process.pid)
            if peer:
                took = asked_by_peer(python, peer, server.url, in_flight, n)
            else:
                with measured() as took:
                    ours(server.url, prompts(n), in_flight)
            served = busiest(before, threads(server.process.pid))
            share, limited = row(name, in_flight, n, took, served, server.stats())
            if not peer:
                verdicts.append(verdict(in_flight, share, limited, took.cpu / n * 1000, took.load))
            if in_flight == 1:
                scaled = f"(so {calls} calls would take {took.seconds / n * calls:,.0f} s)"
                print(f"{'':22}{scaled}")
    print("\n".join(verdicts))


def row(
    name: str, in_flight: int, n: int, took: Run, served: tuple[float, float], stats: dict[str, Any]
) -> tuple[float, float]:
    """Prints a line of the table; the share of the best schedule, and of the sending time that a thread was at work."""
    latencies, arrivals = stats["latencies"][-n:], stats["arrivals"][-n:]
    sending = arrivals[-1] - arrivals[0]
    share = best_schedule(latencies, in_flight) / took.seconds
    late = 1000 * (sum(stats["held"][-n:]) - sum(latencies)) / n
    cells = [
        str(in_flight), str(n), f"{took.seconds:.1f}", f"{n / took.seconds:.1f}", f"{share:.2f}",
        f"{took.cpu / n * 1000:.2f}", f"{sending:.1f}", f"{took.busiest_ran:.1f}", f"{took.busiest_waited:.1f}",
        f"{served[0] / n * 1000:.2f}", f"{late:.1f}", f"{took.load:.1f}",
    ]  # fmt: skip
    print(f"{name:22}" + "".join(f"{cell:>9}" for cell in cells), flush=True)
    return share, (took.busiest_ran + took.busiest_waited) / sending


def verdict(in_flight: int, share: float, limited: float, cpu_ms: float, load: float) -> str:
    """Whether the line holds, and by which of its two clauses."""
    if share >= LEAST_SHARE[in_flight]:
        how = "holds"
    elif load > QUIET:
        how = f"undecided: others used the machine (load {load:.1f}); {cpu_ms:.2f} ms of CPU a call; repeat it"
    elif limited >= LIMITED and cpu_ms <= MOST_CPU_MS:
        how = f"holds by CPU: {cpu_ms:.2f} ms a call, and it was the limit for {limited:.0%} of the time"
    else:
        how = f"MISSED ({cpu_ms:.2f} ms of CPU a call, the limit for {limited:.0%} of the time)"
    return f"{in_flight} in flight: {share:.2f} of the best schedule (at least {LEAST_SHARE[in_flight]:.2f}): {how}"


def faults(calls: int) -> None:
    """A time-out of 3 s, where one call in a hundred takes more than 2: a hang costs a slot that long."""
    with FakeServer() as server:
        warm(server.url)
        for in_flight in (64, 32):
            times = []
            for shares in ({}, BAD_DAY):
                server.tell(**TAIL, faults=shares, retry_after=1)
                with measured() as took:
                    ours(server.url, prompts(calls), in_flight, timeout=3)
                times.append(took.seconds)
                sent, what = server.counts()["calls"] / calls, "faults" if shares else "no faults"
                print(f"{in_flight} in flight, {what:9} {took.seconds:6.1f} s, {sent:.3f} calls an input", end="")
                print(f", load {took.load:.1f}", flush=True)
            print(f"time with faults / without: {times[1] / times[0]:.2f} (at most 1.3; calls: at most 1.2)")


def places(calls: int) -> None:
    with FakeServer() as server:
        warm(server.url)
        server.tell(places=50, retry_after=1, **TAIL)
        with measured() as took:
            ours(server.url, prompts(calls), 256)
        stats = server.stats()
        drawn, held = (best_schedule(stats[name], 50) / took.seconds for name in ("latencies", "held"))
        sent = stats["counts"]["calls"] / calls
        cpu = took.cpu / calls * 1000
        print(f"50 places, window 256: {sent:.2f} calls an input (at most 1.4); {drawn:.2f} of the best schedule on 50")
        print(f"places (at least 0.8), {held:.2f} with the latencies as they came out on this machine; ", end="")
        print(f"{took.seconds:.1f} s, {cpu:.2f} ms of CPU a call, load {took.load:.1f}")


def offline(calls: int) -> None:
    with measured() as took:
        run_generate(prompts(calls), ModelConfig())
    print(f"offline: {took.cpu / calls * 1e6:.0f} µs of CPU a call, runner, prompt and parsing included")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["throughput", "faults", "places", "offline"])
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--peer_calls", type=int, default=2000)
    parser.add_argument("--peers", default="", metavar="PYTHON")
    own = parser.parse_args()
    match own.what:
        case "throughput":
            throughput(own.calls or 10_000, own.peer_calls, own.peers)
        case "faults":
            faults(own.calls or 5000)
        case "places":
            places(own.calls or 5000)
        case "offline":
            offline(own.calls or 100_000)


if __name__ == "__main__":
    main()
