"""The installed package, in a working folder that has packages of our names: all processes import ours."""

from __future__ import annotations

import base64
import bz2
import io
import pickletools
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from apache_beam.portability import common_urns, python_urns
from apache_beam.portability.api import beam_runner_api_pb2

from tests.helpers.paid import corpus_of
from tests.helpers.places import ROOT
from tests.helpers.shadows import FOLDERS, shadowing_folder
from tests.packaging.conftest import Environment
from tests.servers.dataflow import dataflow_api

BUILD = ["persona-hub", "build", "--input", "corpus.jsonl", "--expand_hops", "0"]
TWO_PROCESSES = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
WHERE = "import persona_hub.transforms.prompts as prompts; print(prompts.__file__)"
# A module of this project that is not named by its package, as it would stand in a pickle.
BARE_NAME = re.compile(r"(pipelines|transforms)(\.\w+)*")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's folder, with `pipelines/`, `transforms/` and `tests/` of its own and a corpus of one document."""
    folder = shadowing_folder(tmp_path / "project", FOLDERS)
    corpus_of(folder, 1)
    return folder


def succeed(done: subprocess.CompletedProcess[str]) -> str:
    """What a command has printed, which has ended well."""
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_build_in_one_process_and_in_two(from_wheel: Environment, project: Path) -> None:
    shadowing_folder(project, ["persona_hub"])  # which hides ours from `python -m` alone
    succeed(from_wheel.run(*BUILD, "--output", "one", cwd=project))
    succeed(from_wheel.run(*BUILD, "--output", "two", *TWO_PROCESSES, cwd=project))
    one, two = ((project / hub / "hub" / "CURRENT").read_text() for hub in ("one", "two"))
    assert one == two


def test_a_build_by_an_editable_installation(editable: Environment, project: Path) -> None:
    succeed(editable.run(*BUILD, "--output", "two", *TWO_PROCESSES, cwd=project))
    assert succeed(editable.run("python", "-P", "-c", WHERE, cwd=project)).startswith(f"{ROOT}/src/persona_hub/")


def test_python_m(from_wheel: Environment, project: Path) -> None:
    assert "usage: persona-hub" in succeed(from_wheel.run("python", "-m", "persona_hub", "--help", cwd=project))
    job = ["persona_hub.pipelines.build", *BUILD[2:], "--output", "out"]
    succeed(from_wheel.run("python", "-m", *job, cwd=project))
    assert (project / "out" / "hub" / "CURRENT").exists()


def test_an_sdk_worker(from_wheel: Environment, project: Path) -> None:
    """A function that runs in a worker process says which package it finds there."""
    (project / "job.py").write_text(JOB)
    printed = succeed(from_wheel.run("python", "-P", "job.py", cwd=project))
    assert printed == succeed(from_wheel.run("python", "-P", "-c", WHERE, cwd=project))
    assert printed.startswith(str(from_wheel.folder))


JOB = """
import os
import apache_beam as beam
from persona_hub.pipelines.runners.run import beam_options, run_pipeline

def where(driver):
    import persona_hub.transforms.prompts as prompts
    assert os.getpid() != driver
    with open("where", "a") as file:
        print(prompts.__file__, file=file)

if __name__ == "__main__":
    workers = ["--direct_running_mode=multi_processing", "--direct_num_workers=1"]
    run_pipeline(lambda p: p | beam.Create([os.getpid()]) | beam.Map(where), beam_options(workers))
    print(open("where").read(), end="")
"""


def test_a_job_that_is_posted_to_dataflow(
    from_wheel: Environment, wheel: Path, project: Path, gcs_bucket: Any, credentials: Path
) -> None:
    gcs_bucket.blob("corpus.jsonl").upload_from_filename(project / "corpus.jsonl")
    folder = f"gs://{gcs_bucket.name}"
    cloud = ["--project=p", "--region=europe-west1", f"--temp_location={folder}/t", f"--setup_file={ROOT}/setup.py"]
    with dataflow_api() as api:
        names = ["--input", f"{folder}/corpus.jsonl", "--output", f"{folder}/out", "--use_case", "math"]
        local = ["--runner=DataflowRunner", f"--dataflow_endpoint={api.url}", "--no_auth"]
        succeed(from_wheel.run("persona-hub", "build", *names, *local, *cloud, cwd=project))
        assert len(api.bodies) == 1
    staged = {blob.name.rpartition("/")[2]: blob.download_as_bytes() for blob in gcs_bucket.list_blobs(prefix="t/")}

    texts = set(pickled_texts(beam_runner_api_pb2.Pipeline.FromString(staged["pipeline.pb"])))
    assert "persona_hub.transforms.read_corpus.read_corpus" in texts
    assert not [text for text in texts if BARE_NAME.fullmatch(text)]
    with tarfile.open(fileobj=io.BytesIO(staged["workflow.tar.gz"])) as package:
        files = {name.partition("/src/")[2] for name in package.getnames() if package.getmember(name).isfile()}
    assert {file for file in files if file.startswith("persona_hub/")} == packed_files(wheel)


def test_prompts_and_data_are_in_the_wheel(wheel: Path) -> None:
    files = {f"persona_hub/{file.relative_to(ROOT)}" for file in (ROOT / "transforms").rglob("*.*")}
    assert not [name for name in files - packed_files(wheel) if not name.endswith(".pyc")]
    assert {"persona_hub/transforms/synthesis/math/math.txt", "persona_hub/py.typed"} <= packed_files(wheel)


def packed_files(wheel: Path) -> set[str]:
    """The files of our package in the wheel."""
    return {name for name in ZipFile(wheel).namelist() if name.startswith("persona_hub/")}


def pickled_texts(pipeline: beam_runner_api_pb2.Pipeline) -> Iterator[str]:
    """All texts in the pickled functions of a pipeline, names of modules among them."""
    for transform in pipeline.components.transforms.values():
        if transform.spec.urn == common_urns.primitives.PAR_DO.urn:
            function = beam_runner_api_pb2.ParDoPayload.FromString(transform.spec.payload).do_fn
            if function.urn == python_urns.PICKLED_DOFN_INFO:
                pickled = bz2.decompress(base64.b64decode(function.payload))
                yield from (value for _, value, _ in pickletools.genops(pickled) if isinstance(value, str))


def test_what_is_under_the_gpl_is_an_extra(wheel: Path) -> None:
    (name,) = (one for one in ZipFile(wheel).namelist() if one.endswith("/METADATA"))
    lines = ZipFile(wheel).read(name).decode().splitlines()
    required = [line for line in lines if line.startswith("Requires-Dist: krippendorff")]
    assert len(required) == 1
    assert required[0].endswith('extra == "review"') or required[0].endswith("extra == 'review'")
