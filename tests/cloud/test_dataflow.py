"""A build on Dataflow: the real runner posts the real job, to servers on this machine that play the services."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from apache_beam.portability.api import beam_runner_api_pb2

from persona_hub.pipelines.cli.exit_status import DONE, WRONG_COMMAND
from persona_hub.pipelines.main import main
from tests.helpers.places import ROOT
from tests.servers.dataflow import Server, dataflow_api

IMAGE = "europe-docker.pkg.dev/p/hub/build:7"
STEPS = ("ReadCorpus", "ExtractPersona", "FilterPersona", "ExpandPersona", "MinHashDedup", "EmbedDedup", "WriteHub")
OPTIONS = {
    "project": "p", "region": "europe-west1", "job_name": "hub-1", "num_workers": 4,
    "sdk_container_image": IMAGE, "use_public_ips": False, "runner": "DataflowRunner", "save_main_session": False,
}  # fmt: skip
SECRETS = {
    "OPENAI_API_KEY": "sk-planted-1",
    "GEMINI_API_KEY": "planted-2",
    "REDIS_PASSWORD": "planted-3",
    "GOOGLE_API_KEY": "planted-4",
}
PACKED = {
    "pipelines/main.py",
    "transforms/synthesis/math/math.txt",
    "transforms/llm/prices.yaml",
    "transforms/attributes/titles.txt.gz",
}


@pytest.fixture
def api() -> Iterator[Server]:
    with dataflow_api() as server:
        yield server


def command(api: Server, bucket: Any, *flags: str) -> list[str]:
    """A build on Dataflow, of what is in the bucket."""
    cloud = ["--runner=DataflowRunner", "--project=p", "--region=europe-west1", f"--temp_location=gs://{bucket.name}/t"]
    local = [f"--dataflow_endpoint={api.url}", "--no_auth"]
    names = ["--input", f"gs://{bucket.name}/corpus/*", "--output", f"gs://{bucket.name}/out"]
    return ["build", *names, *cloud, *local, *flags]


def test_the_job_is_posted_with_its_image_and_no_secret(
    api: Server, gcs_bucket: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    gcs_bucket.blob("corpus/a.txt").upload_from_string("A nurse writes to the ward about the night shift. " * 3)
    paid = ["--llm=openai:gpt-5-mini", "--response_store=redis://10.0.0.3", "--job_name=hub-1", "--num_workers=4"]
    assert main(command(api, gcs_bucket, *paid, f"--sdk_container_image={IMAGE}", "--no_use_public_ips")) == DONE

    assert f"/europe-west1/{Server.ID}?project=p" in capsys.readouterr().out
    ((path, body),) = api.bodies
    assert path == "/v1b3/projects/p/locations/europe-west1/jobs"
    job = json.loads(body)
    (pool,) = job["environment"]["workerPools"]
    assert [image["containerImage"] for image in pool["sdkHarnessContainerImages"]] == [IMAGE]
    assert (job["name"], pool["numWorkers"]) == ("hub-1", 4)
    options = job["environment"]["sdkPipelineOptions"]["options"]
    assert {name: options[name] for name in OPTIONS} == OPTIONS
    assert options["temp_location"].startswith(f"gs://{gcs_bucket.name}/t/hub-1.")

    staged = {blob.name.rpartition("/")[2]: blob.download_as_bytes() for blob in gcs_bucket.list_blobs(prefix="t/")}
    assert "submission_environment_dependencies.txt" in staged
    pipeline = beam_runner_api_pb2.Pipeline.FromString(staged["pipeline.pb"])
    names = {transform.unique_name for transform in pipeline.components.transforms.values()}
    assert set(STEPS) <= names
    sent = b"".join([body, *staged.values()])
    assert not [name for name, value in SECRETS.items() if value.encode() in sent]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "--sdk_container_image: the workers of DataflowRunner need an image"),
        (["--llm=openai:gpt-5-mini"], "name one that all can see: redis://HOST"),
        (["--response_store=sqlite:/a"], "the workers of DataflowRunner cannot see this machine"),
        (["--output=/tmp/out"], "--output /tmp/out: the workers of DataflowRunner cannot see this machine"),
        (["--project="], "--project: DataflowRunner needs it"),
    ],
)
def test_what_cannot_run_there_is_refused_here(
    flags: list[str], said: str, api: Server, gcs_bucket: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    gcs_bucket.blob("corpus/a.txt").upload_from_string("text " * 20)
    assert main(command(api, gcs_bucket, *flags)) == WRONG_COMMAND
    assert said in capsys.readouterr().err
    assert not api.bodies


def test_without_an_image_the_package_is_staged_with_its_prompts(api: Server, gcs_bucket: Any) -> None:
    gcs_bucket.blob("corpus/a.txt").upload_from_string("A nurse writes to the ward about the night shift. " * 3)
    assert main(command(api, gcs_bucket, f"--setup_file={ROOT}/setup.py", "--expand_hops=0")) == DONE
    (package,) = [blob for blob in gcs_bucket.list_blobs(prefix="t/") if blob.name.endswith("/workflow.tar.gz")]
    with tarfile.open(fileobj=io.BytesIO(package.download_as_bytes())) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    assert {name.partition("persona_hub/")[2] for name in names} >= PACKED
