"""Generate against a server with latencies: python -m benchmarks.generate throughput | faults | places | offline.

throughput: the share of the best schedule (list scheduling of the latencies that the server drew), beside the released
script's way (one call after the other), the plain asynchronous client, and distilabel where it is installed.
faults, places: calls for each input, and time against the same run without faults.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from tests.fake_server.launch import FakeServer
from transforms.calls.protocol import ModelConfig
from transforms.llm.generate import Generate
from transforms.llm.protocol import Completion, Request
from transforms.records import batches

BAD_DAY = {"429": 0.05, "500": 0.03, "reset": 0.01, "hang": 0.01, "malformed": 0.02, "truncated": 0.02}
TAIL = {"median_ms": 200.0, "p99_ms": 2000.0}


@dataclass(frozen=True)
class Plain:
    """One question for each record, any answer is good."""

    def requests(self, record: str) -> list[Request]:
        return [Request("bench", "You are terse.", record, "hash")]

    def parse(self, record: str, request: Request, completion: Completion, model: str) -> str:
        return completion.text

    def key(self, record: str) -> str:
        return record[:20]


@dataclass
class Run:
    """What a run took."""

    seconds: float = 0.0
    cpu: float = 0.0


@contextmanager
def measured() -> Iterator[Run]:
    run = Run()
    wall, cpu = time.perf_counter(), time.process_time()
    yield run
    run.seconds, run.cpu = time.perf_counter() - wall, time.process_time() - cpu


def prompts(n: int) -> list[str]:
    return [f"Who reads page {i}? {'It is about boats. ' * 25}" for i in range(n)]


def best_schedule(latencies: Sequence[float], in_flight: int) -> float:
    """Seconds of list scheduling: each call starts when the first of `in_flight` places is free."""
    places = [0.0] * in_flight
    for seconds in latencies:
        heapq.heapreplace(places, places[0] + seconds)
    return max(places)


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


def one_after_the_other(url: str, asked: Sequence[str], in_flight: int) -> None:
    """As the released script does."""
    import openai

    client = openai.OpenAI(base_url=url, api_key="none")
    for prompt in asked:
        client.chat.completions.create(model="bench", messages=[{"role": "user", "content": prompt}])


def plain_client(url: str, asked: Sequence[str], in_flight: int) -> None:
    """The asynchronous client on its aiohttp transport, a semaphore, no store."""
    import openai

    async def run() -> None:
        slots = asyncio.Semaphore(in_flight)
        http = openai.DefaultAioHttpClient()
        async with openai.AsyncOpenAI(base_url=url, api_key="none", http_client=http) as client:

            async def call(prompt: str) -> None:
                async with slots:
                    await client.chat.completions.create(model="bench", messages=[{"role": "user", "content": prompt}])

            await asyncio.gather(*map(call, asked))

    asyncio.run(run())


def distilabel(url: str, asked: Sequence[str], in_flight: int) -> None:
    """distilabel's OpenAI model, given the prompts `in_flight` at a time."""
    from distilabel.models import OpenAILLM

    model = OpenAILLM(model="bench", base_url=url, api_key="none")
    model.load()
    for start in range(0, len(asked), in_flight):
        inputs = [[{"role": "user", "content": prompt}] for prompt in asked[start : start + in_flight]]
        model.generate(inputs=inputs)


def throughput(calls: int, peer_calls: int) -> None:
    print(f"{'':24} in flight   calls    seconds  calls/s  share of best  CPU ms/call")
    peers: list[tuple[str, Callable[..., None], int, int]] = [
        ("ours, store included", ours, 64, calls),
        ("ours, store included", ours, 256, calls),
        ("one after the other", one_after_the_other, 1, peer_calls // 10),
        ("plain async client", plain_client, 64, peer_calls),
        ("plain async client", plain_client, 256, peer_calls),
    ]
    if importlib.util.find_spec("distilabel"):
        peers += [("distilabel", distilabel, 500, peer_calls)]
    else:
        print("(distilabel is not installed: pip install distilabel[openai])")
    import openai  # noqa: F401  # its import is no part of a call

    with FakeServer(**TAIL) as server:
        for name, run, in_flight, n in peers:
            server.tell(**TAIL, seed=in_flight)
            with measured() as took:
                run(server.url, prompts(n), in_flight)
            best = best_schedule(server.stats()["latencies"], in_flight)
            print(
                f"{name:24} {in_flight:9} {n:7} {took.seconds:10.1f} {n / took.seconds:8.1f}"
                f" {best / took.seconds:14.2f} {took.cpu / n * 1000:12.2f}"
            )


def faults(calls: int) -> None:
    with FakeServer() as server:
        times = []
        for shares in ({}, BAD_DAY):
            server.tell(**TAIL, faults=shares, retry_after=1)
            with measured() as took:
                ours(server.url, prompts(calls), 64, timeout=5)
            times.append(took.seconds)
            sent = server.counts()["calls"]
            print(f"{'faults' if shares else 'no faults':10} {took.seconds:6.1f} s, {sent / calls:.3f} calls an input")
        print(f"time with faults / without: {times[1] / times[0]:.2f} (at most 1.3)")


def places(calls: int) -> None:
    with FakeServer() as server:
        server.tell(places=50, retry_after=1, **TAIL)
        with measured() as took:
            ours(server.url, prompts(calls), 256)
        stats = server.stats()
        used = best_schedule(stats["latencies"], 50) / took.seconds
        print(f"50 places, window 256: {stats['counts']['calls'] / calls:.2f} calls an input (at most 1.4), ", end="")
        print(f"{used:.2f} of the best schedule on 50 places (at least 0.8), {took.seconds:.1f} s")


def offline(calls: int) -> None:
    with measured() as took:
        run_generate(prompts(calls), ModelConfig())
    print(f"offline: {took.cpu / calls * 1e6:.0f} µs of CPU a call, runner, prompt and parsing included")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["throughput", "faults", "places", "offline"])
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--peer_calls", type=int, default=2000)
    own = parser.parse_args()
    match own.what:
        case "throughput":
            throughput(own.calls or 10_000, own.peer_calls)
        case "faults":
            faults(own.calls or 5000)
        case "places":
            places(own.calls or 5000)
        case "offline":
            offline(own.calls or 100_000)


if __name__ == "__main__":
    main()
