"""estimate, status and preview: what is known of a job before it is paid, and while it is."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import zstandard

from persona_hub.pipelines.cli.exit_status import DONE, WRONG_COMMAND
from persona_hub.pipelines.commands import status
from persona_hub.pipelines.main import main
from persona_hub.pipelines.planning.corpus.sample import sample_corpus
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.store.protocol import Spend
from tests.helpers.flags import build_options
from tests.helpers.paid import corpus_of, paying, run_build, spend
from tests.servers.models.launch import FakeServer

HOPS = ["--expand_hops", "2", "--use_case", "math"]
MEANING = ["--embedding_threshold", "0.9"]  # the default, by which an estimate reckons


def estimated(output: Path) -> dict[str, dict[str, float]]:
    return {stage["stage"]: stage for stage in json.loads((output / "estimate.json").read_text())["stages"]}


def compare(output: Path, within: float) -> None:
    """Calls and tokens of every stage, and of all, as they were estimated and as they came."""
    used, guessed = spend(output), estimated(output)
    assert set(used) == set(guessed)
    for stage, spent in used.items():
        calls = guessed[stage]["calls"]
        tokens = calls * (guessed[stage]["input_tokens"] + guessed[stage]["output_tokens"])
        assert calls == pytest.approx(spent.calls, rel=within), stage
        assert tokens == pytest.approx(spent.input_tokens + spent.output_tokens, rel=within), stage


def test_an_estimate_that_sends_a_sample(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, flags, out = corpus_of(tmp_path, 120), paying(server, tmp_path), tmp_path / "out"
    command = ["estimate", "--input", str(corpus), "--output", str(out), *HOPS, *flags]
    assert main([*command, "--n", "30"]) == DONE
    said = capsys.readouterr().out
    assert "120 documents, sampled 30;" in said
    assert "estimated from answers about 30 documents" in said
    bought = server.counts()["calls"]
    assert run_build(corpus, out, [*flags, *MEANING]) == DONE
    assert server.counts()["calls"] == server.counts()["paid"]
    assert server.counts()["repeated"] == 0, "what the sample bought was not bought again"
    assert bought == 30 * 6  # a document, two relations, three samples
    compare(out, within=0.1)


def test_an_estimate_without_a_call(server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, flags, out = corpus_of(tmp_path, 50), paying(server, tmp_path), tmp_path / "out"
    command = ["estimate", "--input", str(corpus), "--output", str(out), "--n", "0", *HOPS, *flags]
    assert main(command) == DONE
    assert server.counts()["calls"] == 0
    first = capsys.readouterr().out
    assert "estimated without calling the model" in first
    assert "by a batch API" in first
    before = estimated(out)
    assert before["extract_persona"]["calls"] == 50
    assert run_build(corpus, out, [*flags, *MEANING]) == DONE
    assert main(command) == DONE
    assert "as the response store has counted them" in capsys.readouterr().out
    compare(out, within=0.1)


def test_by_default_200_documents_are_sent_where_their_answers_are_kept(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, flags = corpus_of(tmp_path, 210), paying(server, tmp_path)
    command = ["estimate", "--input", str(corpus), "--expand_hops", "0", *flags]
    assert main(command) == DONE
    assert server.counts()["calls"] == 0
    assert "(--n 200 --output DIR sends" in capsys.readouterr().out
    assert main([*command, "--output", str(tmp_path / "out")]) == DONE
    assert server.counts()["calls"] == 200


def test_a_model_without_a_price(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = corpus_of(tmp_path, 5)
    some = ["--use_case", "math", "--where", "hop < 1"]
    assert main(["estimate", "--input", str(corpus), "--llm", "openai:mine", *some]) == DONE
    said = capsys.readouterr().out
    assert "unknown" in said
    assert "--where hop<1: all personas are counted; of how many it holds, only a sent sample tells" in said
    assert main(["estimate", "--input", str(corpus), "--llm", "openai:mine", "--n", "2"]) == WRONG_COMMAND
    assert "--output or --response_store" in capsys.readouterr().err


def test_a_pace_is_part_of_the_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["estimate", "--input", str(corpus_of(tmp_path, 60)), "--llm", "openai:mine", "--expand_hops", "0"]
    assert main([*command, "--requests_per_minute", "1"]) == DONE
    assert "1:00:00" in capsys.readouterr().out


def test_a_large_corpus_is_reckoned_by_bytes(tmp_path: Path) -> None:
    for number in range(20):
        lines = (
            json.dumps({"text": f"Report {number}.{i}: the {i % 7} boats came late, and nobody knew why." * 3})
            for i in range(3000)
        )
        data = "\n".join(lines).encode()
        (tmp_path / f"{number:02}.jsonl").write_bytes(data)
    (tmp_path / "last.jsonl.gz").write_bytes(gzip.compress(data))
    files = match_corpus([str(tmp_path)])
    sample = sample_corpus(files, build_options(), 50)
    assert len(sample.documents) == 50
    assert not sample.exact
    assert sample.total == pytest.approx(60_000, rel=0.15)
    assert sample_corpus(files, build_options("--max_documents", "99"), 50).total == 99


def test_status_reads_the_store(server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, flags, out = corpus_of(tmp_path, 5), paying(server, tmp_path), tmp_path / "out"
    assert main(["status", "--output", str(out)]) == WRONG_COMMAND
    assert "does not exist" in capsys.readouterr().err
    assert main(["estimate", "--input", str(corpus), "--output", str(out), "--n", "0", *HOPS, *flags]) == DONE
    assert run_build(corpus, out, [*flags, *MEANING]) == DONE
    capsys.readouterr()
    for place in (["--output", str(out)], ["--response_store", f"sqlite:{out}/responses.sqlite"]):
        assert main(["status", *place]) == DONE
        said = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in said] == [
            "stage", "extract_persona", "expand_persona", "synthesize_math", "all", "complete:",
        ] or place[0] == "--response_store"  # fmt: skip
        assert any(line.split()[:2] == ["extract_persona", "5"] for line in said)
    (tmp_path / "other.sqlite").write_bytes(b"no database, but longer than a header of SQLite would have to be" * 9)
    assert main(["status", "--response_store", f"sqlite:{tmp_path}/other.sqlite"]) == WRONG_COMMAND
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_status_shows_the_rate_between_two_looks() -> None:
    before, now = {"a": Spend(10, 100, 10, 5)}, {"a": Spend(40, 400, 40, 2_000_000_000)}
    head, one, whole = status.status_table(now, before, 2.0, {"a": 90.0})
    assert one.split() == ["a", "40", "90", "400", "40", "2.0000", "15.0"]
    assert whole.split()[0] == "all"
    assert len(head) == len(one)


def test_a_preview_shows_prompts_answers_and_verdicts(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.tell(answers={"clocks": ["nonsense"], "ferries": ['{"persona": "I cannot help with that request."}']})
    corpus, flags = corpus_of(tmp_path, 5), paying(server, tmp_path)
    command = ["preview", "--input", str(corpus), "--output", str(tmp_path / "out"), *HOPS, *flags]
    assert main([*command, "--n", "5"]) == DONE
    said = capsys.readouterr().out
    for part in ("5 of 5 documents", "== document 5", "-- prompt", "Notes on orchards", "tokens in", "-- unreadable"):
        assert part in said
    for part in ("-- filter\n   dropped: ", "-- filter\n   kept", "== relations", "== samples: math", "-- sample"):
        assert part in said
    calls = server.counts()["calls"]
    assert main([*command, "--n", "5"]) == DONE
    assert server.counts()["calls"] == calls


def test_a_preview_on_the_embedded_model_and_safe_for_terminals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("The \x1b[31mharbour pilot brings ships of all nations through the narrow channel.")
    few = ["--use_case", "math", "--where", "language=xx"]
    assert main(["preview", "--input", f"{tmp_path}/a.txt", *few]) == DONE
    said = capsys.readouterr().out
    assert "== no sample: --where language=xx holds of no persona that was kept" in said
    assert "1 of 1 document, answered by offline" in said
    assert "\x1b" not in said


def test_a_preview_and_a_sent_estimate_know_the_columns_that_personas_came_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["persona,sex,email"]
    rows += [f"A teacher who collects {what},{sex},a@b.org" for what, sex in (("stamps", "Male"), ("shells", "Female"))]
    (tmp_path / "p.csv").write_text("\n".join(rows) + "\n")
    flags = ["--personas", f"{tmp_path}/p.csv", "--use_case", "math", "--where"]
    assert main(["preview", *flags, "given.sex=male and occupation=2"]) == DONE
    said = capsys.readouterr().out
    assert said.count("-- sample") == 1
    assert main(["preview", *flags, "given.email!=''"]) == DONE
    assert "== no sample: --where given.email!='' holds of no persona that was kept" in capsys.readouterr().out
    assert main(["preview", *flags, "occupation=2", "--attributes", "off"]) == DONE
    assert "== no sample: --where occupation=2 holds of" in capsys.readouterr().out
    assert main(["preview", *flags, "cluster=1"]) == DONE
    assert "== no sample: --where cluster=1 asks for clusters, which a preview has not" in capsys.readouterr().out
    out = tmp_path / "out"
    assert main(["estimate", *flags, "given.sex=male", "--output", str(out), "--n", "2"]) == DONE
    assert estimated(out)["synthesize_math"]["calls"] == 1


def test_a_wrong_key_is_one_line(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.tell(key="the right one")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-secret")
    assert main(["preview", "--input", str(corpus_of(tmp_path, 1)), *paying(server, tmp_path)]) == 1
    err = capsys.readouterr().err
    assert "http-401" in err
    assert "sk-planted" not in err
    assert len(err.splitlines()) == 1


def test_a_sample_is_read_with_the_window_that_was_allowed(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    line = json.dumps({"text": "The boats came late again, and nobody on the quay knew why."}).encode()
    (tmp_path / "a.jsonl.zst").write_bytes(compressor.compress(line) + compressor.flush())
    files = match_corpus([str(tmp_path)])
    assert sample_corpus(files, build_options(), 50).total == 0
    assert sample_corpus(files, build_options("--zstd_window_mb", "256"), 50).total == 1
