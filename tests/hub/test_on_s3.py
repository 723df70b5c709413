"""A hub on S3, on moto's server: every command, by flags and by the environment, and two writers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.current import PublishConflict, read_current, set_current
from persona_hub.transforms.hub.reading import read_personas
from persona_hub.transforms.hub.versions import list_versions, missing_files, open_hub
from tests.material.planted import PLANTED, found_in
from tests.material.sources import A
from tests.servers.s3 import S3Server


def texts(output: str) -> list[str]:
    return sorted(persona.text for persona in read_personas(open_hub(output)))


def build(corpus: str, output: str, *flags: str) -> int:
    command = ["build", "--input", corpus, "--output", output, "--expand_hops=1", "--use_case=math", *flags]
    return main(command)


def copy_of(bucket: Any, prefix: str, folder: Path) -> Path:
    """What a bucket holds below a prefix, on the disk."""
    for item in bucket.objects.filter(Prefix=prefix):
        file = folder / item.key
        file.parent.mkdir(parents=True, exist_ok=True)
        bucket.download_file(item.key, str(file))
    return folder


def test_a_hub_from_its_build_to_a_takedown_by_flags_alone(
    s3_bucket: Any, running_s3: S3Server, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    flags = ["--s3_endpoint_url", running_s3.url, "--s3_region_name", "us-east-1"]
    there = f"s3://{s3_bucket.name}"
    s3_bucket.upload_file(str(examples / "corpus" / "notes.jsonl"), "corpus/notes.jsonl")
    planted = [orjson.dumps({"text": text, "url": url}) for url, text in PLANTED.items()]
    s3_bucket.put_object(Key="more/planted.jsonl", Body=b"\n".join(planted))
    hub = f"{there}/out"
    assert build(f"{there}/corpus/*", hub, *flags) == DONE
    copy_of(s3_bucket, "corpus/", tmp_path)
    assert build(f"{tmp_path}/corpus/*", f"{tmp_path}/out") == DONE
    assert main(["versions", "--hub", hub, *flags]) == DONE
    assert texts(hub) == texts(f"{tmp_path}/out") != []
    assert open_hub(hub).manifest.counts == open_hub(f"{tmp_path}/out").manifest.counts

    two = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]  # workers in processes of their own
    assert main(["refresh", "--hub", hub, "--input", f"{there}/more/*.jsonl", *flags, *two]) == DONE
    assert len(before := texts(hub)) > len(texts(f"{tmp_path}/out"))
    assert main(["export", "--hub", hub, "--format", "jsonl,parquet", *flags]) == DONE
    assert f"{hub}/export/" in capsys.readouterr().out
    takedown = ["takedown", "--hub", hub, "--source", A, "--purge", "--older_than_hours", "0", *flags]
    assert main(takedown) == DONE
    assert (left := texts(hub)) == [text for text in before if text in left] != before
    assert found_in(copy_of(s3_bucket, "out/", tmp_path / "purged")) == []
    assert main(["rollback", "--hub", hub, *flags]) == DONE
    assert main(["gc", "--hub", hub, *flags]) == DONE
    assert missing_files(open_hub(hub)) == []
    assert len(list_versions(hub)) == 4
    keys = [item.key for item in s3_bucket.objects.filter(Prefix="out/")]
    assert not [key for key in keys if "_part-" in key]
    assert not list(s3_bucket.multipart_uploads.all())


@pytest.mark.parametrize("parent", ["", "0001-aa"])
def test_of_eight_at_once_one_wins(parent: str, s3_bucket: Any) -> None:
    output = f"s3://{s3_bucket.name}/out"
    if parent:
        set_current(output, "", parent)
    start = Barrier(8)

    def swap(i: int) -> bool:
        start.wait()
        try:
            set_current(output, parent, f"0002-{i}")
        except PublishConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [i for i, done in enumerate(pool.map(swap, range(8))) if done]
    assert [f"0002-{i}" for i in won] == [read_current(output)]


def test_a_run_that_comes_too_late_is_told_what_to_do(s3_bucket: Any) -> None:
    output = f"s3://{s3_bucket.name}/out"
    set_current(output, "", "0001-aa")
    set_current(output, "0001-aa", "0002-bb")
    for expected in ("", "0001-aa"):
        with pytest.raises(PublishConflict, match=r"holds 0002-bb now, .* run it again"):
            set_current(output, expected, "0002-cc")
