"""What a user can get wrong: one line that names the flag or the file, no traceback, nothing left behind."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED, WRONG_COMMAND
from persona_hub.pipelines.cli.run_command import TRACEBACK, run_command
from persona_hub.pipelines.commands.export import export_hub
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.manifest import HubError
from tests.helpers.paid import corpus_of


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus, its hub, and files and folders that are of no use."""
    place = tmp_path_factory.mktemp("places")
    corpus = corpus_of(place, 2)
    assert main(["build", "--input", str(corpus), "--output", str(place / "hub"), "--expand_hops", "0"]) == DONE
    (place / "a_file").write_text("x")
    (place / "a_folder").mkdir()
    (place / "latin1").write_bytes(b"\xe4\xf6\xfc")
    (place / "broken.yaml").write_text("name: [")
    (place / "a.html").write_text("<p>A page about harbours and the people who dredge them.")
    return place


@pytest.fixture
def places(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What stands in capitals in the commands below."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    hub = shutil.copytree(built / "hub", tmp_path / "hub")
    named = {"CORPUS": "corpus.jsonl", "FILE": "a_file", "FOLDER": "a_folder", "LATIN1": "latin1", "HTML": "a.html"}
    own = {name: str(built / file) for name, file in named.items()}
    return own | {"YAML": str(built / "broken.yaml"), "HUB": str(hub), "OUT": str(tmp_path / "out")}


def run(command: str, places: dict[str, str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """(exit code, what stands on standard error) of a command."""
    words = command.split()
    for name, path in places.items():
        words = [word.replace(name, path) for word in words]
    code = main(words)
    return code, capsys.readouterr().err


FAULT = "(a fault of persona-hub; please report what PERSONA_HUB_TRACEBACK=1 shows)"
BUILD = "build --input CORPUS --output OUT --expand_hops 0"
PAID = f"{BUILD} --llm openai:some-model"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("build --input FOLDER --output OUT", "matches no file"),
        ("build --input nowhere://bucket/x --output OUT", "nowhere://bucket/x"),
        (f"{BUILD} --prompt_dir CORPUS", " --prompt_dir CORPUS: no such folder"),
        (f"{BUILD} --use_case YAML", "YAML: line 1"),
        (f"{BUILD} --use_case FOLDER/mine.yaml", " use case FOLDER/mine.yaml: No such file"),
        (f"{BUILD} --use_case chess", "no such use case; there are math"),
        (f"{BUILD} --use_case math --examples LATIN1", " --examples LATIN1: no UTF-8 at byte 0"),
        (f"{BUILD} --use_case math --examples FOLDER", " --examples FOLDER: Is a directory"),
        (f"{BUILD} --use_case math --where lang=de", "argument --where: no column 'lang'; there are persona_id"),
        (f"{BUILD} --use_case math --where hop<", "where a value is wanted, at the ^ in: hop<^"),
        (f"{BUILD} --where hop<2", "--where: chooses the personas that samples are made of; name --use_case, too"),
        (
            f"{BUILD} --use_case math --where cluster=3 --embedding_threshold 1",
            "--where: cluster: there are no clusters with --embedding_threshold 1.0",
        ),
        (f"{BUILD} --use_case math --choose best", "argument --choose: 'best': no such choice; there are random"),
        (f"{BUILD} --use_case math --choose diverse", "--choose diverse: --max_samples N says of how many"),
        (
            f"{BUILD} --use_case math --choose diverse --max_samples 9 --embedding_threshold 1",
            "--choose diverse: there are no vectors with --embedding_threshold 1.0",
        ),
        (f"{BUILD} --use_case math --choose diverse --max_samples 30000", "it chooses at most 20,000"),
        (f"{BUILD} --embedder tape", "--embedder tape: no embedder"),
        (f"{BUILD} --embedder savedmodel:", "which model? Name its folder"),
        (f"{BUILD} --embedding_threshold 0.995", "--embedding_threshold 0.995: a cosine from 0.5 to 0.99, or 1.0"),
        (f"{BUILD} --persona_language klingon", "argument --persona_language: a persona's language must be 'same' or"),
        (f"{BUILD} --language klingon", "--language 'klingon'"),
        (f"{BUILD} --min_characters 300 --max_characters 200", "--max_characters is 200"),
        (f"{BUILD} --price_file FOLDER", "--price_file FOLDER: Is a directory"),
        (f"{BUILD} --max_cost_usd inf", "--max_cost_usd: inf is out of range"),
        (f"{BUILD} --max_calls {10**30}", "--max_calls"),
        (f"{BUILD} --seed {10**30}", "--seed"),
        (f"{BUILD} --llm openai", "--llm openai: name the model too, as in openai:MODEL"),
        (f"{BUILD} --llm gemini:", "--llm gemini:: name the model too"),
        (f"{PAID} --llm_base_url http://[::1", "--llm_base_url http://…: must be an address such as"),
        (f"{PAID} --response_store sqlite:FOLDER", "--response_store sqlite:FOLDER: unable to open"),
        (f"{PAID} --max_calls 9 --budget_shares extract_persona=nan", "each above 0, together at most 1"),
        (
            f"{PAID} --max_calls 9 --budget_shares extract_persona=0.2,extract_persona=0.3",
            "extract_persona has a part already",
        ),
        ("dedup --input HTML --output OUT", "html has no rows; wanted are jsonl, text, parquet, avro"),
        ("dedup --input CORPUS --output OUT --against FOLDER --embedding_threshold 1", "there is no hub here"),
        ("dedup --input CORPUS --output OUT --partitions 100000", "partitions is 100000; from 1 to 65536"),
        ("synthesize --hub FOLDER --output OUT --use_case math", "there is no hub here"),
        ("synthesize --hub HUB --output OUT", "--use_case is required"),
        ("export --hub FILE", "there is no hub here"),
        ("estimate --input CORPUS --runner FlinkRunner", "--runner: estimate works on this machine"),
        ("build --input CORPUS --output OUT --runner FlinkRuner", "--runner FlinkRuner: no such runner; there are"),
        (
            "build --input CORPUS --output OUT --direct_running_mode=multiprocessing",
            "argument --direct_running_mode: invalid choice",
        ),
        ("estimate --input FILE", "holds no document that a build would use"),
        ("preview --input FILE", "holds no document that a build would use"),
        ("preview --input CORPUS --runner FlinkRunner", "unknown argument --runner; see persona-hub preview --help"),
        ("status", "--output or --response_store: name one of them"),
        ("status --response_store none", "--output or --response_store: name one of them"),
        ("status --response_store sqlite:CORPUS", "file is not a database"),
        ("import-responses --input FILE --output FILE --batch_model openai:x", "cannot be made"),
        ("import-responses --input x://y --output OUT --batch_model openai:x", "--input x://y"),
    ],
)
def test_what_cannot_work_is_told_in_one_line_before_anything_is_written(
    command: str, said: str, places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, err = run(command, places, capsys)
    for name, path in places.items():
        said = said.replace(name, path)
    assert code == WRONG_COMMAND
    assert said in err
    assert err.startswith(f"persona-hub {command.split()[0]}: error: ")
    assert len(err.splitlines()) == 1
    assert not Path(places["OUT"]).exists()


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("build --input CORPUS --output FILE --expand_hops 0", "--output FILE: FILE is a file; name a folder"),
        ("build --input CORPUS --output FILE/below --expand_hops 0", "--output FILE/below: FILE is a file"),
        ("dedup --input CORPUS --output FILE --embedding_threshold 1", "--output FILE: FILE is a file"),
        ("synthesize --hub HUB --output FILE --use_case math", "--output FILE: FILE is a file"),
        ("export --hub HUB --output FILE", "--output FILE: FILE is a file"),
        ("export --hub HUB --output FILE/below --format parquet", "--output FILE/below: FILE is a file"),
        ("estimate --input CORPUS --output FILE", "--output FILE: FILE is a file"),
    ],
)
def test_where_nothing_can_be_written_is_told_before_anything_runs(
    command: str, named: str, places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, err = run(command, places, capsys)
    assert code == WRONG_COMMAND
    assert named.replace("FILE", places["FILE"]) in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("command", ["export --hub HUB", "synthesize --hub HUB --output OUT --use_case math"])
@pytest.mark.parametrize("damage", ["gone", "cut off", "other bytes"])
def test_a_hub_with_a_damaged_file_is_told_with_the_file_s_name(
    command: str, damage: str, places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    [file] = Path(places["HUB"]).glob("hub/*/personas-*.avro")
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:200] if damage == "cut off" else b"no Avro at all")
    code, err = run(command, places, capsys)
    assert code in (FAILED, WRONG_COMMAND)
    assert file.name in err
    assert len(err.splitlines()) == 1


def test_a_traceback_is_there_for_who_asks(
    places: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TRACEBACK, "1")
    with pytest.raises(ValueError, match="there is no hub here"):
        run("export --hub FOLDER", places, capsys)


def test_ctrl_c_is_no_traceback_either(
    places: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("persona_hub.pipelines.commands.export.export_hub", interrupted)
    code, err = run("export --hub HUB", places, capsys)
    assert (code, err) == (FAILED, "persona-hub export: error: interrupted; run the same command again to go on\n")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (HubError("first\n   second\n\nthird"), WRONG_COMMAND, "first second third"),
        (ValueError("no digits"), FAILED, f"ValueError: no digits {FAULT}"),
        (KeyError("folder"), FAILED, f"KeyError: 'folder' {FAULT}"),
    ],
)
def test_only_what_the_user_can_mend_is_a_wrong_command_and_every_message_is_one_line(
    error: Exception, code: int, said: str,
    places: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def failing(*_: object) -> int:
        raise error

    monkeypatch.setattr("persona_hub.pipelines.commands.export.export_hub", failing)
    assert run("export --hub HUB", places, capsys) == (code, f"persona-hub export: error: {said}\n")


@pytest.mark.parametrize("command", ["export --hub x://y", "dedup --input CORPUS --output x://y", "gc --hub x://y"])
def test_a_file_system_that_is_not_there_is_a_wrong_command(
    command: str, places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, err = run(command, places, capsys)
    assert code == WRONG_COMMAND
    assert "x://y: no storage of this kind; there are gs://, s3:// and hdfs://" in err


def test_a_module_runs_the_same_job_as_the_command(places: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command("export", export_hub, ["--hub", places["HUB"], "--output", places["OUT"]]) == DONE
    assert "2 records" in capsys.readouterr().out
    assert [file.name for file in Path(places["OUT"]).iterdir()] == ["persona.jsonl"]


@pytest.mark.parametrize("command", ["--help", "build --help", "import-responses --help"])
def test_help_goes_to_standard_output(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert ended.value.code == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"usage: persona-hub {command.removesuffix('--help').strip()}".rstrip())
    assert not said.err
