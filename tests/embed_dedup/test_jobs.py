"""Whole jobs with a paid embedder: what they buy, what they say of it, and how they go on."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.transforms.embedding.protocol import text_key
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Duplicate, Persona
from persona_hub.transforms.store.registry import open_store
from tests.helpers.paid import content, corpus_of, spend
from tests.servers.models.launch import FakeServer

PRICES = "models:\n  - {model: 'openai:embed', input: 20, output: 0}\n"


def build(corpus: Path, output: Path, *flags: str) -> int:
    return main(["build", "--input", str(corpus), "--output", str(output), "--expand_hops", "1", *flags])


@pytest.fixture
def flags(server: FakeServer, tmp_path: Path) -> list[str]:
    (tmp_path / "prices.yaml").write_text(PRICES)
    url = ["--embedder", "openai:embed", "--embedder_base_url", server.url, "--embedding_batch", "4"]
    return [*url, "--embedding_dimensions", "32", "--price_file", str(tmp_path / "prices.yaml")]


def test_vectors_are_bought_once_and_stand_in_the_manifest(
    server: FakeServer, flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, store = corpus_of(tmp_path, 12), ["--response_store", f"sqlite:{tmp_path}/shared.sqlite"]
    assert build(corpus, tmp_path / "first", *flags, *store) == DONE
    made, counts = open_hub(str(tmp_path / "first")).manifest, server.counts()
    texts, row = made.counts["embed_dedup"]["personas"], made.usage["embed_dedup"]
    assert (counts["embedded"], counts["embedded again"]) == (texts, 0)
    assert row["calls"] == counts["calls"]
    assert row["cost_usd"] == pytest.approx(row["input_tokens"] * 20 / 1e6)
    assert made.records_of("vectors") == made.records_of("personas")
    assert build(corpus, tmp_path / "second", *flags, *store, "--embedding_threshold", "0.7") == DONE
    assert server.counts()["calls"] == counts["calls"], "another threshold buys nothing"
    estimate = ["estimate", "--input", str(corpus), "--output", str(tmp_path / "first"), "--expand_hops", "1"]
    capsys.readouterr()
    assert main([*estimate, *flags, *store, "--n", "12"]) == DONE
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("embed_dedup")]
    assert float(line.split()[1]) == pytest.approx(texts / 4, rel=0.15)
    assert server.counts()["calls"] == counts["calls"]


def test_a_spent_budget_leaves_a_hub_that_the_next_run_completes(
    server: FakeServer, flags: list[str], tmp_path: Path
) -> None:
    corpus = corpus_of(tmp_path, 12)
    assert build(corpus, tmp_path / "whole", *flags) == DONE
    calls = server.counts()["calls"]
    server.tell()
    assert build(corpus, tmp_path / "out", *flags, "--max_cost_usd", "0.008") == BUDGET_SPENT
    made = open_hub(str(tmp_path / "out")).manifest
    assert made.counts["embed_dedup"]["lost-budget-exhausted"] == made.partial["budget-exhausted"] > 0
    assert made.records_of("vectors") == made.records_of("personas")
    assert build(corpus, tmp_path / "out", *flags, "--max_cost_usd", "1") == DONE
    assert (server.counts()["calls"], server.counts()["embedded again"]) == (calls, 0)
    assert content(tmp_path / "out")[0] == content(tmp_path / "whole")[0]
    assert spend(tmp_path / "out")["embed_dedup"] == spend(tmp_path / "whole")["embed_dedup"]


def test_rows_without_a_vector_stay_in_a_dedup_of_ones_own(
    server: FakeServer, flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, out = tmp_path / "rows.jsonl", tmp_path / "out"
    rows.write_bytes(b"".join(orjson.dumps({"text": f"Keeper {i} of house {i * i}"}) + b"\n" for i in range(30)))
    command = ["dedup", "--input", str(rows), *flags, "--embedding_threshold", "0.99"]
    server.tell(refuses="Keeper 7 ")
    assert main([*command, "--output", str(out)]) == DONE
    assert "kept without a comparison of meaning: 1 row (1 http-400)" in capsys.readouterr().out
    assert orjson.loads((out / "statistics.json").read_bytes())["kept"] == 30
    server.tell()
    assert main([*command, "--output", str(tmp_path / "less"), "--max_calls", "2"]) == BUDGET_SPENT
    assert "22 budget-exhausted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--embedder", "openai"], "--embedder openai: which model?"),
        (
            ["--embedder", "openai:x", "--embedder_base_url", "http://me:secret@x"],
            "--embedder_base_url http://…: ",
        ),
        (["--embedder", "openai:x", "--max_cost_usd", "1"], "nobody knows what openai:x costs"),
        (
            ["--embedder", "openai:x", "--runner", "FlinkRunner"],
            "openai:x is paid, and the workers of FlinkRunner",
        ),
    ],
)
def test_wrong_use_is_one_line(given: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(corpus_of(tmp_path, 1), tmp_path / "out", *given) == WRONG_COMMAND
    err = capsys.readouterr().err
    assert said in err
    assert "secret" not in err
    assert len(err.splitlines()) == 1


def test_a_takedown_buys_the_vectors_of_whom_it_brings_back_and_a_purge_takes_those_of_whom_it_erases(
    server: FakeServer, flags: list[str], tmp_path: Path
) -> None:
    corpus = corpus_of(tmp_path, 12)
    assert build(corpus, tmp_path / "out", *flags, "--minhash_threshold", "0.5") == DONE
    hub = open_hub(str(tmp_path / "out"))
    dropped = next(row for row in read_table(hub, "duplicates", Duplicate) if row.kind == "text")
    keeper = next(row for row in read_table(hub, "personas", Persona) if row.persona_id == dropped.duplicate_of)
    with closing(open_store(f"sqlite:{tmp_path}/out/responses.sqlite")) as store:
        key = text_key("openai:embed", 32, keeper.text)
        assert store.get_many([key])
        calls = server.counts()["calls"]
        own = ["--embedder_base_url", server.url, "--price_file", str(tmp_path / "prices.yaml")]
        command = ["takedown", "--hub", hub.output, "--source", keeper.document_id, "--purge", *own]
        assert main(command) == DONE
        assert store.get_many([key]) == {}
        assert not list(store.without_subject())
    assert server.counts()["calls"] > calls
    made = open_hub(hub.output).manifest
    assert made.records_of("vectors") == made.records_of("personas")
