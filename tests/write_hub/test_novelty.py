"""New personas for each document and each dollar."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to

from persona_hub.pipelines.planning.own_spend import is_own_spend
from persona_hub.transforms.counting.sources import source_of
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Document, content_id
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.write_hub.novelty import Novelty, paid_for, rates
from tests.helpers.paid import corpus_of, paying, run_build
from tests.material.personas import persona
from tests.servers.models.launch import FakeServer


@pytest.mark.parametrize(
    ("source", "counted"),
    [
        ("https://example.org/a?b=c", "example.org"),
        ("HTTP://Example.ORG:8080/", "example.org"),
        ("crawl/2026/a.jsonl, line 7", "crawl/2026/a.jsonl"),
        ("doc-12", "-"),
        ("https://[broken", "-"),
        ("", "-"),
        ("https://" + "a" * 200 + ".org/", "a" * 79 + "…"),
    ],
)
def test_a_source_is_a_host_or_a_file(source: str, counted: str) -> None:
    assert source_of(source) == counted


def document(n: int, host: str) -> Document:
    return Document(content_id(str(n)), "text", f"https://{host}/{n}", "en", "f", f"line {n}")


def test_documents_and_kept_personas_are_counted_by_source_and_hop() -> None:
    read = [Batch([document(1, "a.org"), document(2, "b.org")]), Batch([document(3, "a.org")])]
    kept = [
        (0, Batch([persona("a diver", source="https://a.org/1"), persona("a baker", source="https://a.org/3", hop=1)])),
        (1, Batch([persona("a nurse", source="https://b.org/2")])),
    ]
    with beam.Pipeline(runner=FnApiRunner()) as p:
        sides = (p | "Read" >> beam.Create(read), p | "Kept" >> beam.Create(kept))
        counted = sides | Novelty(sources=1) | beam.CombinePerKey(sum)
        expected = [
            (("novelty", "hop 0"), 2),
            (("novelty", "hop 1"), 1),
            (("novelty", "documents a.org"), 2),  # the larger of the two sources
            (("novelty", "kept a.org"), 2),
        ]
        assert_that(counted, equal_to(expected))


def test_rates_are_for_each_document_and_dollar() -> None:
    counts = {"hop 0": 6, "hop 1": 2, "documents a.org": 4, "kept a.org": 7, "documents b.org": 6}
    assert rates(counts, documents=10, cost_usd=0.5) == {
        "personas": 8,
        "per_document": 0.8,
        "per_dollar": 16.0,
        "by_hop": {"0": {"personas": 6, "per_document": 0.6}, "1": {"personas": 2, "per_document": 0.2}},
        "by_source": {
            "b.org": {"documents": 6, "personas": 0, "per_document": 0.0},
            "a.org": {"documents": 4, "personas": 7, "per_document": 1.75},
        },
    }
    assert "per_dollar" not in rates(counts, documents=10, cost_usd=0.0)
    assert rates({}, documents=0, cost_usd=0.0)["per_document"] == 0.0


def version(number: int, content: str, **cost_usd: float) -> Manifest:
    usage = {stage: {"calls": 1, "cost_usd": cost} for stage, cost in cost_usd.items()}
    return Manifest(version=f"000{number}-{content}", fingerprint=content, usage=usage)


@pytest.mark.parametrize(
    ("earlier", "paid"),
    [
        ([], 8.0),
        ([version(2, "b", extract=2.0)], 8.0),  # its own first attempt
        ([version(1, "a", extract=1.5, math=0.5), version(2, "b", extract=2.0)], 6.0),
        ([version(1, "a", extract=1.5), version(2, "c", extract=3.0)], 5.0),  # one that was rolled back was paid, too
        ([version(1, "a", extract=9.0)], 0.0),  # of another store
    ],
    ids=["first", "second attempt", "of a refresh", "after a rollback", "another store"],
)
def test_what_was_paid_is_that_of_all_attempts(earlier: list[Manifest], paid: float) -> None:
    made = version(3, "b", extract=5.0, math=3.0)
    assert max(0.0, paid_for(made, earlier)) == pytest.approx(paid)


def test_a_store_of_two_hubs_tells_no_price_of_personas(server: FakeServer, tmp_path: Path) -> None:
    address = f"sqlite:{tmp_path}/shared.sqlite"
    flags = [*paying(server, tmp_path), "--response_store", address, "--expand_hops", "0"]
    assert not is_own_spend(str(tmp_path / "one"), address)  # nobody knows what it has counted
    run_build(corpus_of(tmp_path, 4), tmp_path / "one", [*flags, "--max_calls", "6"])
    run_build(corpus_of(tmp_path, 4), tmp_path / "one", flags)  # goes on from there
    (tmp_path / "more").mkdir()
    run_build(corpus_of(tmp_path / "more", 6), tmp_path / "two", flags)
    one, two = (open_hub(str(tmp_path / name)).manifest for name in ("one", "two"))
    cost = sum(row["cost_usd"] for row in one.usage.values())
    assert one.novelty["per_dollar"] == pytest.approx(one.novelty["personas"] / cost, rel=1e-3)
    assert one.replaces
    assert "per_dollar" not in two.novelty
    other = f"sqlite:{tmp_path}/one/responses.sqlite"
    assert not is_own_spend(str(tmp_path / "one"), other)  # its versions were paid by another
    assert is_own_spend(str(tmp_path / "three"), f"sqlite:{tmp_path}/three/responses.sqlite")


def test_the_manifest_and_the_summary_have_them(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*paying(server, tmp_path), "--embedding_threshold", "0.9"]
    run_build(corpus_of(tmp_path, 6), tmp_path / "out", flags)
    manifest = open_hub(str(tmp_path / "out")).manifest
    kept = manifest.counts["embed_dedup"]["kept"]
    assert manifest.novelty["personas"] == kept
    assert manifest.novelty["per_document"] == pytest.approx(kept / 6, abs=1e-4)
    cost = sum(row["cost_usd"] for row in manifest.usage.values())
    assert manifest.novelty["per_dollar"] == pytest.approx(kept / cost, rel=1e-3)
    [of_source] = manifest.novelty["by_source"].values()  # the file, its path cut where it is long
    assert of_source["documents"] == 6
    assert f"novelty       {kept / 6:.2f} new personas a document (hop 0 " in capsys.readouterr().out
