"""What holds for every job alike, however it is run."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from persona_hub.pipelines.build import BuildJob
from persona_hub.pipelines.cli.exit_status import DONE, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.pipelines.progress.progress import Watched
from persona_hub.pipelines.runners import job
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import DocumentOutcome
from persona_hub.transforms.store.protocol import Renew
from persona_hub.transforms.store.registry import open_store
from tests.helpers.paid import corpus_of, paying
from tests.servers.models.launch import FakeServer

DAG_LINES = 60
ON_DATAFLOW = ["--runner=DataflowRunner", "--project=p", "--region=r", "--temp_location=gs://b/t"]
ON_FLINK = ["--runner=FlinkRunner", "--flink_master=flink:8081"]


def test_the_main_dag_with_all_its_counting_is_one_screen() -> None:
    lines, _ = inspect.getsourcelines(BuildJob.build)
    assert len(lines) <= DAG_LINES
    assert not [line for line in lines if line.split()[:1] == ["if"]]


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        ("dedup --input HERE --output gs://b/o", "--input"),
        ("dedup --input gs://b/i --output HERE", "--output"),
        ("dedup --input gs://b/i --output gs://b/o --against HERE", "--against"),
        ("takedown --hub HERE --source a", "--hub"),
        ("compact --hub HERE", "--hub"),
        ("refresh --hub HERE --input gs://b/i", "--hub"),
        ("synthesize --hub HERE --output gs://b/o --use_case math", "--hub"),
        ("build --input HERE --output gs://b/o", "--input"),
    ],
)
def test_no_job_on_dataflow_takes_a_path_of_this_machine(
    command: str, flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = corpus_of(tmp_path, 2)
    assert main([*command.replace("HERE", str(here)).split(), *ON_DATAFLOW]) == WRONG_COMMAND
    told = f"{flag} {here}: the workers of DataflowRunner cannot see this machine; copy it to gs://"
    assert told in capsys.readouterr().err


@pytest.fixture(scope="module")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub with a version after its first."""
    place = tmp_path_factory.mktemp("two")
    (place / "more").mkdir()
    small = ["--expand_hops", "0", "--partitions", "2"]
    assert main(["build", "--input", str(corpus_of(place, 2)), "--output", str(place / "hub"), *small]) == DONE
    more = corpus_of(place / "more", 3)
    assert main(["refresh", "--hub", str(place / "hub"), "--input", str(more), "--partitions", "2"]) == DONE
    return place / "hub"


def a_document(hub: Path) -> str:
    """The id of a document that a hub has read."""
    opened = open_hub(str(hub))
    return next(read_table(opened, "documents", DocumentOutcome)).document_id


@pytest.mark.parametrize("command", ["takedown --hub HUB --source DOCUMENT", "compact --hub HUB"])
def test_the_progress_line_of_a_job_on_a_cluster_names_the_cluster(
    command: str, two_versions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    @contextmanager
    def progress(watched: Watched) -> Iterator[None]:
        shown.append(watched.cluster)
        yield

    monkeypatch.setattr(job, "progress", progress)
    monkeypatch.setattr(job, "run_pipeline", lambda *_: None)
    typed = command.replace("HUB", str(two_versions)).replace("DOCUMENT", a_document(two_versions))
    main([*typed.split(), *ON_FLINK])
    assert shown == ["FlinkRunner, http://flink:8081"]


def is_stopped(address: str) -> bool:
    """Whether who asks by the store is told to stop."""
    with closing(open_store(address)) as store:
        return bool(store.commit([Renew("me")])[0])


@pytest.mark.parametrize("command", ["build", "preview", "estimate"])
def test_what_a_killed_job_left_in_the_store_stops_no_command_after_it(
    command: str, server: FakeServer, tmp_path: Path
) -> None:
    address = f"sqlite:{tmp_path}/store.sqlite"
    with closing(open_store(address)) as store:
        store.set_stop_flag()
    flags = [*paying(server, tmp_path), "--response_store", address, "--expand_hops", "0"]
    corpus = corpus_of(tmp_path, 3)
    assert main([command, "--input", str(corpus), "--output", str(tmp_path / "out"), *flags]) == DONE
    assert not is_stopped(address)
    assert server.counts()["paid"] == 3


def test_nor_a_takedown_with_a_paid_embedder(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, hub = f"sqlite:{tmp_path}/store.sqlite", tmp_path / "hub"
    paid = ["--embedder", "openai:embed", "--embedder_base_url", server.url, "--response_store", address]
    build = ["build", "--input", str(corpus_of(tmp_path, 2)), "--output", str(hub), "--expand_hops", "0"]
    assert main([*build, *paid]) == DONE
    with closing(open_store(address)) as store:
        store.set_stop_flag()
    stopped: list[bool] = []
    monkeypatch.setattr(job, "run_pipeline", lambda *_: stopped.append(is_stopped(address)))
    main(["takedown", "--hub", str(hub), "--source", a_document(hub), *paid])  # the job itself is not run
    assert stopped == [False]


def test_a_module_of_a_job_runs_it_in_two_processes(tmp_path: Path) -> None:
    command = ["build", "--input", str(corpus_of(tmp_path, 3)), "--output", str(tmp_path / "hub"), "--expand_hops", "0"]
    two = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    run = [sys.executable, "-P", "-m", "persona_hub.pipelines.build", *command[1:], *two]
    done = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (DONE, "")
    assert (tmp_path / "hub/hub/CURRENT").exists()
