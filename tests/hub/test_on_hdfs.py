"""A hub on HDFS, by WebHDFS: every file is replaced as a whole, where the file system does not write onto files."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.cli.storages import use_storage_flags
from persona_hub.pipelines.main import main
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import list_paths, read_bytes
from persona_hub.transforms.hub.reading import read_personas
from persona_hub.transforms.hub.versions import list_versions, missing_files, open_hub
from tests.material.planted import PLANTED, found_in
from tests.material.sources import A
from tests.servers.hdfs import HdfsServer


@pytest.fixture(autouse=True)
def _own_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apache_beam.io.filesystems.FileSystems._pipeline_options", None)


@pytest.mark.parametrize("overwrites", [True, False])
def test_a_small_file_is_replaced(overwrites: bool, tmp_path: Path) -> None:
    with HdfsServer(tmp_path / "hdfs", overwrites) as server:
        use_storage_flags(server.flags)
        for data in (b"one", b"two", b""):
            write_bytes("hdfs://deep/er/f", data)
            assert read_bytes("hdfs://deep/er/f") == data
        assert list_paths("hdfs://deep/er/*") == ["hdfs://deep/er/f"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a", ["a"]),
        ("*", ["a", "b"]),
        ("b/*", ["b/c", "b/d"]),
        ("*/*/e", ["b/d/e"]),
        ("b/**", ["b/c", "b/d/e"]),
        ("?/[c-d]", ["b/c", "b/d"]),
        ("none", []),
        ("none/*/x", []),
        ("a/*", []),
    ],
)
def test_a_pattern_may_have_a_glob_in_any_of_its_parts(pattern: str, found: list[str], tmp_path: Path) -> None:
    with HdfsServer(tmp_path / "hdfs") as server:
        use_storage_flags(server.flags)
        for name in ("a", "b/c", "b/d/e"):
            write_bytes(f"hdfs://top/{name}", b"x")
        assert list_paths(f"hdfs://top/{pattern}") == [f"hdfs://top/{name}" for name in found]


def test_a_hub_from_its_build_to_a_takedown(tmp_path: Path) -> None:
    with HdfsServer(tmp_path / "hdfs") as server:
        files, flags = tmp_path / "hdfs" / "corpus", server.flags
        files.mkdir()
        (files / "a.txt").write_text("A dentist in Porto writes about the teeth of sailors, and how they lost them.")
        planted = [orjson.dumps({"text": text, "url": url}) for url, text in PLANTED.items()]
        (files / "planted.jsonl").write_bytes(b"\n".join(planted))
        hub = "hdfs://hub"
        assert main(["build", "--input", "hdfs://corpus/*.txt", "--output", hub, "--expand_hops=0", *flags]) == DONE
        assert main(["refresh", "--hub", hub, "--input", "hdfs://corpus/*.jsonl", *flags]) == DONE
        before = sum(1 for _ in read_personas(open_hub(hub)))
        takedown = ["takedown", "--hub", hub, "--source", A, "--purge", "--older_than_hours", "0", *flags]
        assert main(takedown) == DONE
        assert main(["export", "--hub", hub, *flags]) == DONE
        assert main(["versions", "--hub", hub, *flags]) == DONE
        assert 0 < sum(1 for _ in read_personas(open_hub(hub))) < before
        assert found_in(tmp_path / "hdfs" / "hub") == []
        assert missing_files(open_hub(hub)) == []
        assert len(list_versions(hub)) == 4
        assert not list((tmp_path / "hdfs").rglob("_part-*"))
