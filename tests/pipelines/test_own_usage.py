"""Usage of a version or run alone, out of what its store had counted over all of them."""

from __future__ import annotations

from persona_hub.pipelines.reporting.own_usage import own_usages
from persona_hub.pipelines.reporting.summary import paid
from persona_hub.transforms.hub.manifest import BaseManifest, Manifest, RunManifest


def counted(calls: float, cost: float) -> dict[str, dict[str, float]]:
    return {"extract_persona": {"calls": calls, "input_tokens": 10 * calls, "output_tokens": calls, "cost_usd": cost}}


def at(minute: int) -> str:
    return f"2026-11-29T10:{minute:02}:00+00:00"


def test_each_has_what_was_counted_since_the_one_before() -> None:
    first = Manifest(version="0001-aa", created=at(1), usage=counted(10, 1.0))
    own_run = RunManifest(run="0001-aa", created=at(1), usage=counted(10, 1.0))
    samples = RunManifest(run="0001-aa-bb", created=at(2), usage={"synthesize_math": {"calls": 5}})
    second = Manifest(version="0002-cc", created=at(3), usage=counted(12, 1.5))
    same = Manifest(version="0003-dd", created=at(4), usage=counted(12, 1.5))
    made: list[BaseManifest] = [same, second, own_run, samples, first]
    own = own_usages(made)
    calls = {name: sum(row["calls"] for row in usage.values()) for name, usage in own.items()}
    assert calls == {"0001-aa": 10, "0001-aa-bb": 5, "0002-cc": 2, "0003-dd": 0}
    assert own["0002-cc"] == {"extract_persona": {"calls": 2, "input_tokens": 20, "output_tokens": 2, "cost_usd": 0.5}}


def test_another_store_and_one_that_was_begun_anew_count_from_nothing() -> None:
    first = Manifest(version="0001-aa", created=at(1), usage=counted(10, 1.0))
    other = Manifest(
        version="0002-bb", created=at(2), usage=counted(30, 2.0), parameters={"response_store": "redis://h"}
    )
    anew = Manifest(version="0003-cc", created=at(3), usage=counted(4, 0.5))
    own = own_usages([first, other, anew])
    assert [own[name]["extract_persona"]["calls"] for name in ("0001-aa", "0002-bb", "0003-cc")] == [10, 30, 4]


def test_a_summary_says_what_this_run_took_and_what_all_did() -> None:
    mine, whole = paid(counted(2, 0.5), counted(12, 1.5))
    assert mine == "model         2 calls, 20 tokens in, 2 out, 0.50 US dollars"
    assert whole == "so far        12 calls of these steps, 1.50 US dollars, with those of earlier runs"
