"""Far storages that cannot be used: one line that names the path, the cause and the remedy, and no traceback."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest
from apache_beam.internal.gcp import auth

from persona_hub.pipelines.cli.exit_status import FAILED, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.transforms.files.check import require_writable
from persona_hub.transforms.files.gcs import has_credentials
from persona_hub.transforms.files.s3 import client_of
from tests.servers.refusing import RefusingServer
from tests.servers.s3 import S3Server

XML = "<Error><Code>{}</Code><Message>no</Message></Error>"
JSON = '{{"error": {{"code": {}, "message": "no"}}}}'
AWAY = "http://127.0.0.1:1"  # where nobody listens
VERSIONS = ("versions", "--hub")


def said(capsys: pytest.CaptureFixture[str], *command: str, code: int = WRONG_COMMAND) -> str:
    """The one line that a command ends with, after a few seconds at most."""
    capsys.readouterr()
    begun = time.monotonic()
    assert main(list(command)) == code
    lines = [line for line in capsys.readouterr().err.splitlines() if line]
    assert len(lines) == 1, lines
    assert time.monotonic() - begun < 60
    return lines[0].removeprefix(f"persona-hub {command[0]}: error: ")


@pytest.mark.parametrize(("scheme", "module"), [("s3", "boto3"), ("hdfs", "hdfs")])
def test_an_extra_that_is_missing_is_named(
    scheme: str, module: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    for flags in (["versions", "--hub"], ["build", "--output", "x", "--input"], ["build", "--input", "x", "--output"]):
        line = said(capsys, *flags, f"{scheme}://bucket/x")
        assert line == f"{scheme}://bucket/x: {scheme}:// needs the extra: pip install 'persona-hub[{scheme}]'"


@pytest.mark.parametrize("path", ["s3a://bucket/x", "S3://bucket/x", "none://x"])
def test_a_storage_that_there_is_not(path: str, s3_account: None, capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, *VERSIONS, path)
    assert line == f"{path}: no storage of this kind; there are gs://, s3:// and hdfs://, in small letters"


def test_s3_without_credentials(
    s3_bucket: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    line = said(capsys, *VERSIONS, f"s3://{s3_bucket.name}/hub")
    assert line.startswith(f"s3://{s3_bucket.name}/hub: no credentials for S3 (")
    assert "AWS_PROFILE" in line
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "AWS_PROFILE" in said(capsys, *VERSIONS, f"s3://{s3_bucket.name}/other")


@pytest.mark.parametrize(
    ("status", "code", "cause", "remedy"),
    [
        (403, "AccessDenied", "denied (HTTP 403 AccessDenied)", "s3:ListBucket"),
        (403, "InvalidAccessKeyId", "the credentials are refused (InvalidAccessKeyId)", "AWS_PROFILE"),
        (400, "ExpiredToken", "the credentials are refused (ExpiredToken)", "AWS_PROFILE"),
        (404, "NoSuchBucket", "there is no bucket bucket", "make it, or name another"),
        (400, "IllegalLocationConstraintException", "the bucket is in another region", "--s3_region_name"),
    ],
)
def test_s3_that_refuses(
    status: int, code: str, cause: str, remedy: str, s3_account: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with RefusingServer(status, XML.format(code)) as server:
        for command in (VERSIONS, ("build", "--output", "x", "--input"), ("synthesize", "--output", "x", "--hub")):
            line = said(capsys, *command, "s3://bucket/x", "--s3_endpoint_url", server.url)
            assert line.startswith(f"s3://bucket/x: {cause}")
            assert remedy in line
        assert sum(asked.startswith("GET") for asked in server.asked) == 3, "each is asked once"


def test_s3_that_may_not_be_written(s3_account: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("some text")
    with RefusingServer(403, XML.format("AccessDenied"), refused="PUT") as server:
        flags = ["--s3_endpoint_url", server.url]
        line = said(capsys, "build", "--input", str(tmp_path / "a.txt"), "--output", "s3://bucket/x", *flags)
    assert line.startswith("s3://bucket/x: denied (HTTP 403 AccessDenied)")
    assert "s3:PutObject" in line


def test_a_server_without_puts_on_a_condition_is_refused_before_anything_is_paid(
    s3_account: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with RefusingServer(501, XML.format("NotImplemented"), refused="PUT", header="If-None-Match") as server:
        flags = ["--s3_endpoint_url", server.url]
        line = said(capsys, "build", "--input", "none", "--output", "s3://bucket/x", *flags)
    assert line.startswith("s3://bucket/x: this server takes no put on a condition (NotImplemented)")


def test_a_server_that_passes_over_conditions_is_told(
    s3_bucket: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    require_writable(f"s3://{s3_bucket.name}/x")
    assert not caplog.records
    assert not list(s3_bucket.objects.all())
    with RefusingServer(200, "") as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        client_of.cache_clear()
        require_writable("s3://bucket/x")
    assert "s3://bucket/x: this server passes over the condition" in caplog.text


def test_a_storage_that_is_away_is_no_wrong_command(s3_account: None, capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, *VERSIONS, "s3://bucket/x", "--s3_endpoint_url", AWAY, code=FAILED)
    assert line.startswith("s3://bucket/x: S3 does not answer (")
    assert "--s3_endpoint_url" in line


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--s3_secret_access_key", "planted"], "--s3_secret_access_key: no key belongs on a command line"),
        (["--s3_session_token=planted"], "--s3_session_token: no key belongs on a command line"),
        (["--s3_endpoint_url", "https://me:planted@s3.example.org"], "--s3_endpoint_url: this address holds"),
        (["--s3_endpoint_url", "s3.example.org"], "--s3_endpoint_url: "),
        (["--s3_region_name"], "argument --s3_region_name: expected one argument"),
        (["--s3_region_nam", "x"], "unknown argument --s3_region_nam; did you mean --s3_region_name?"),
    ],
)
def test_flags_that_are_wrong(
    flags: list[str], told: str, s3_account: None, capsys: pytest.CaptureFixture[str]
) -> None:
    line = said(capsys, *VERSIONS, "s3://bucket/x", *flags)
    assert line.startswith(told)
    assert "planted" not in line


def test_hdfs_without_its_flags_or_its_server(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apache_beam.io.filesystems.FileSystems._pipeline_options", None)
    line = said(capsys, *VERSIONS, "hdfs://hub", "--hdfs_port", "9870")
    assert line.startswith("hdfs://hub: --hdfs_host and --hdfs_user must say where")
    flags = ["--hdfs_host", "127.0.0.1", "--hdfs_port", "1", "--hdfs_user", "me"]
    assert said(capsys, *VERSIONS, "hdfs://hub", *flags, code=FAILED).startswith("hdfs://hub: no WebHDFS at http://127")


@pytest.fixture
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine where nobody has logged in to Google Cloud, as a process that has not asked yet sees it."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setattr(auth._Credentials, "_credentials_init", False)
    monkeypatch.setattr(auth._Credentials, "_credentials", None)


def gcs_at(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Has Google's client ask there, as it asks Google: not as an emulator, which needs no credentials."""
    monkeypatch.setattr("google.cloud.storage._http.Connection.DEFAULT_API_ENDPOINT", url)
    monkeypatch.setattr("google.cloud.storage._helpers._DEFAULT_SCHEME", "http://")


@pytest.mark.parametrize("command", [VERSIONS, ("build", "--output", "x", "--input"), ("export", "--hub")])
@pytest.mark.parametrize("away", [True, False])
def test_gs_without_credentials(
    command: tuple[str, ...], away: bool, no_account: None, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with RefusingServer(401, JSON.format(401)) as server:
        gcs_at(monkeypatch, AWAY if away else server.url)
        line = said(capsys, *command, "gs://bucket/x")
    assert line.startswith("gs://bucket/x: no credentials for Cloud Storage, and without them: ")
    assert "gcloud auth application-default login" in line
    assert len(line) < 250


@pytest.mark.parametrize(
    ("status", "cause", "code"),
    [
        (403, "denied (HTTP 403", WRONG_COMMAND),
        (404, "there is no bucket bucket; make it", WRONG_COMMAND),
        (503, "Cloud Storage does not answer (", FAILED),
    ],
)
def test_gs_that_refuses(
    status: int, cause: str, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth._Credentials, "_credentials_init", True)
    with RefusingServer(status, JSON.format(status)) as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        for command in (VERSIONS, ("build", "--output", "x", "--input")):
            assert said(capsys, *command, "gs://bucket/x", code=code).startswith(f"gs://bucket/x: {cause}")


def test_a_metadata_server_that_does_not_answer_is_not_waited_for(
    no_account: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persona_hub.transforms.files.gcs.SECONDS", 0.2)
    monkeypatch.setattr("google.auth.default", lambda **_: time.sleep(30))
    begun = time.monotonic()
    assert not has_credentials()
    assert time.monotonic() - begun < 20


def test_what_a_source_is_called_is_not_looked_up(
    running_s3: S3Server, s3_account: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = said(capsys, "takedown", "--hub", str(tmp_path), "--source", "s3://nowhere/a.jsonl#3")
    assert "there is no hub here" in line
