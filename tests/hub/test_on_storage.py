"""A hub on Cloud Storage: Beam's own client and Google's, against an emulator."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED
from persona_hub.pipelines.commands.export import export
from persona_hub.pipelines.main import main
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import read_bytes
from persona_hub.transforms.hub.current import PublishConflict, read_current, set_current, swap_bytes
from persona_hub.transforms.hub.reading import read_personas
from persona_hub.transforms.hub.versions import list_versions, open_hub
from tests.material.planted import PLANTED, found_in
from tests.material.sources import A
from tests.servers.storage import StorageServer


@pytest.fixture
def there(gcs_bucket: Any, examples: Path) -> str:
    """gs://BUCKET, with three files of the example corpus in corpus/."""
    for file in sorted((examples / "corpus").iterdir())[:3]:
        gcs_bucket.blob(f"corpus/{file.name}").upload_from_filename(str(file))
    return f"gs://{gcs_bucket.name}"


def build(corpus: str, output: str) -> int:
    return main(["build", "--input", corpus, "--output", output, "--expand_hops=1", "--use_case=math"])


def texts(output: str) -> list[str]:
    return sorted(persona.text for persona in read_personas(open_hub(output)))


def test_it_is_the_hub_on_disk(there: str, gcs_bucket: Any, tmp_path: Path) -> None:
    assert build(f"{there}/corpus/*", f"{there}/out") == DONE
    (tmp_path / "corpus").mkdir()
    for blob in gcs_bucket.list_blobs(prefix="corpus/"):
        blob.download_to_filename(tmp_path / blob.name)
    assert build(f"{tmp_path}/corpus/*", f"{tmp_path}/out") == DONE
    assert texts(f"{there}/out") == texts(f"{tmp_path}/out") != []
    remote, local = open_hub(f"{there}/out").manifest, open_hub(f"{tmp_path}/out").manifest
    assert remote.counts == local.counts
    exported = export(f"{there}/out", ["jsonl", "parquet"]), export(f"{tmp_path}/out", ["jsonl", "parquet"])
    assert exported[0].folder == f"{there}/out/export/{remote.version}"
    assert {entry.path for entry in exported[0].files} >= {"persona.jsonl", "math.jsonl"}
    for far, near in zip(exported[0].files, exported[1].files, strict=True):
        assert (far.path, far.records) == (near.path, near.records)
        if far.path.endswith(".jsonl"):  # the tables hold the addresses of the corpus, too
            assert read_bytes(f"{exported[0].folder}/{far.path}") == Path(exported[1].folder, near.path).read_bytes()
    assert not [blob.name for blob in gcs_bucket.list_blobs(prefix="out/") if "_part-" in blob.name]


@pytest.mark.parametrize("after", [0, 3])
def test_an_upload_that_fails_leaves_no_version_and_the_next_run_completes(
    after: int, there: str, running_storage: StorageServer, capsys: pytest.CaptureFixture[str]
) -> None:
    running_storage.refuse_uploads(after)
    try:
        assert build(f"{there}/corpus/*", f"{there}/out") == FAILED
    finally:
        running_storage.refuse_uploads(-1)
    told = capsys.readouterr().err
    assert "the job failed" in told
    assert f"{there}/out/" in told
    assert "cannot be written (HTTP 403)" in told
    assert read_current(f"{there}/out") == ""
    assert build(f"{there}/corpus/*", f"{there}/out") == DONE
    assert open_hub(f"{there}/out").manifest.records_of("personas") == len(texts(f"{there}/out")) > 0


def test_current_moves_from_version_to_version(there: str) -> None:
    set_current(f"{there}/out", "", "0001-aa")
    set_current(f"{there}/out", "0001-aa", "0002-bb")
    assert read_current(f"{there}/out") == "0002-bb"
    for expected in ("", "0001-aa"):
        with pytest.raises(PublishConflict, match=r"holds 0002-bb now, .* run it again"):
            set_current(f"{there}/out", expected, "0002-cc")


@pytest.mark.parametrize("parent", ["", "0001-aa"])
def test_of_eight_at_once_one_wins(there: str, parent: str) -> None:
    if parent:
        set_current(f"{there}/out", "", parent)
    start = Barrier(8)

    def swap(i: int) -> bool:
        start.wait()
        try:
            set_current(f"{there}/out", parent, f"0002-{i}")
        except PublishConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [i for i, done in enumerate(pool.map(swap, range(8))) if done]
    assert [f"0002-{i}" for i in won] == [read_current(f"{there}/out")]


def test_a_write_whose_answer_was_lost_is_a_success(there: str, running_storage: StorageServer) -> None:
    running_storage.relay.lose_answers = 1
    set_current(f"{there}/out", "", "0001-aa")
    assert running_storage.relay.lose_answers == 0
    assert read_current(f"{there}/out") == "0001-aa"


def test_a_small_file_is_swapped_only_if_it_is_what_was_read(there: str, running_storage: StorageServer) -> None:
    path = f"{there}/out/hub/0001-aa/manifest.json"
    assert not swap_bytes(path, b"", b"new"), "there is none"
    write_bytes(path, b"one")
    assert swap_bytes(path, b"one", b"two")
    assert not swap_bytes(path, b"one", b"three")
    running_storage.relay.lose_answers = 1
    assert swap_bytes(path, b"two", b"three"), "the client sent it again, and was refused by its own success"
    assert read_bytes(path) == b"three"


def test_a_purge_erases_from_a_bucket(there: str, gcs_bucket: Any, tmp_path: Path) -> None:
    gcs_bucket.blob("corpus/planted.jsonl").upload_from_string(
        b"\n".join(orjson.dumps({"text": text, "url": url}) for url, text in PLANTED.items())
    )
    assert build(f"{there}/corpus/planted.jsonl", f"{there}/out") == DONE
    before = texts(f"{there}/out")
    command = ["takedown", "--hub", f"{there}/out", "--source", A, "--purge", "--older_than_hours", "0"]
    assert main(command) == DONE
    left = texts(f"{there}/out")
    assert left == [text for text in before if text in left] != before
    for round in range(2):
        for blob in gcs_bucket.list_blobs(prefix="out/"):
            file = tmp_path / str(round) / blob.name
            file.parent.mkdir(parents=True, exist_ok=True)
            blob.download_to_filename(file)
        assert (tmp_path / str(round) / "out/hub").is_dir()
        assert found_in(tmp_path / str(round)) == []
        assert main(command) == DONE
    assert len(list_versions(f"{there}/out")) == 3
