"""Hubs from strangers: nothing that they hold makes a command read, write or delete outside of OUTPUT."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_hub.pipelines.commands.export import export
from persona_hub.pipelines.main import main
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.storage import delete_file
from persona_hub.transforms.hub import manifest_form
from persona_hub.transforms.hub.current import read_current, set_current
from persona_hub.transforms.hub.manifest import Manifest, ManifestError, RunManifest
from persona_hub.transforms.hub.orphans import remove_orphans
from persona_hub.transforms.hub.places import HubError
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.reading import read_personas
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import lineage, list_runs, list_versions, missing_files, open_hub
from persona_hub.transforms.purge.erasure import Erasure
from persona_hub.transforms.purge.runs import purge_runs
from persona_hub.transforms.purge.versions import purge_versions
from persona_hub.transforms.records import Persona, Sample
from persona_hub.transforms.wire.batches import Batch
from tests.material.versions import made, persona

NOBODY = Erasure(frozenset(), frozenset(), frozenset(), frozenset())
COMMANDS: dict[str, Callable[[str], Any]] = {
    "gc": lambda output: remove_orphans(output, 1, 0.0),
    "read": lambda output: list(read_personas(open_hub(output))),
    "export": lambda output: export(output, ("jsonl", "parquet")),
    "list": lambda output: [list_versions(output), list_runs(output), missing_files(open_hub(output))],
    "lineage": lambda output: list(lineage(output)),
    "purge": lambda output: [purge_versions(output, frozenset(), 0.0, "1"), purge_runs(output, NOBODY, 0.0)],
    "publish": lambda output: made(Path(output), open_hub(output).manifest.version, "a baker"),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with OUTPUT, a hub of two versions and a run of samples, and beside it what nobody may touch."""
    folder = tmp_path_factory.mktemp("strangers")
    output = folder / "out"
    first = made(output, "", "a diver")
    second = made(output, first.version, "a nurse")
    sample = Sample(persona("a nurse").persona_id, "a nurse", "math", "How deep?", "math", "m", "abc", 0, 1, 1)
    run = f"{second.version}-aaaaaaaa"
    entry = write_shard(str(output), f"samples/math/{run}", "samples-0", Sample, "jsonl", [Batch([sample])])
    publish(str(output), RunManifest(run=run, hub_version=second.version), [entry], {})
    victim = folder / "victim"
    shutil.copytree(output / "hub" / first.version, victim)
    (victim / "CURRENT").write_text("kept\n")
    return folder


@contextmanager
def unharmed(folder: Path) -> Iterator[None]:
    """Raises where anything in `folder` outside of OUTPUT is another than before."""

    def outside() -> dict[str, bytes]:
        files = (path for path in folder.rglob("*") if folder / "out" not in path.parents and not path.is_symlink())
        return {str(path): path.read_bytes() if path.is_file() else b"" for path in files}

    before = outside()
    yield
    assert outside() == before


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "copy"))


def manifest_file(folder: Path) -> Path:
    """Of the version that readers see."""
    return folder / "out" / "hub" / read_current(str(folder / "out")) / "manifest.json"


def change(file: Path, **changes: Any) -> None:
    file.write_bytes(json.dumps(orjson.loads(file.read_bytes()) | changes).encode())


def outcome(command: str, output: Path) -> str:
    """What a command says: "" where nothing is wrong, else one line of one of our own errors."""
    try:
        COMMANDS[command](str(output))
    except InvalidInputError as error:
        return str(error)
    return ""


PATHS = (
    "../victim/personas-0.avro",
    "hub/../../victim/CURRENT",
    "/etc/passwd",
    "hub/0001-aa/../../../victim/CURRENT",
    "hub/CURRENT",
    "hub/0001-aa/*",
    "hub/0001-aa/\x1b[2J.avro",
    "hub/0001-aa/manifest.json",
    "..\\victim\\CURRENT",
    "samples/math/0001-aa/samples-0.jsonl",
    "",
    7,
    None,
)


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_a_path_that_is_none_of_a_version_is_refused_and_named(folder: Path, path: Any) -> None:
    file = manifest_file(folder)
    change(file, files=[{"path": path, "records": 1, "bytes": 1}])
    with unharmed(folder):
        for command in COMMANDS:
            said = outcome(command, folder / "out")
            assert said.startswith(f"{file}: files[0].path: "), command
            assert said.isprintable()


@pytest.mark.parametrize("path", ["samples/math/../../../victim/CURRENT", "hub/0001-aa/a-0.avro", "samples/x/0001/a"])
def test_a_run_names_files_of_its_own_folder(folder: Path, path: str) -> None:
    [file] = (folder / "out" / "samples").rglob("manifest.json")
    change(file, files=[{"path": path, "records": 1}])
    with unharmed(folder):
        assert outcome("purge", folder / "out").startswith(f"{file}: files[0].path: ")
        assert outcome("list", folder / "out").startswith(f"{file}: files[0].path: ")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("version", "1-x/../../../victim"),
        ("version", "0002-cccccccc"),
        ("version", "1" * 5000),
        ("parent", "../../evil"),
        ("parent", "0009-aaaaaaaa"),
        ("base", "..-a"),
        ("replaces", "a/b"),
        ("counts", {"a": {"b": -1}}),
        ("counts", {"a": {"b": 1.5}}),
        ("counts", {"a": 7}),
        ("counts", []),
        ("hidden", {"personas": 1e300}),
        ("hidden", {"personas": True}),
        ("partial", {"x": "many"}),
        ("usage", {"a": {"cost_usd": -1.0}}),
        ("usage", {"a": {"calls": 1e300}}),
        ("repairs", 10**40),
        ("models", {"llm": 7}),
        ("prompts", "none"),
        ("created", {}),
        ("novelty", [[]]),
        ("parameters", {"a": [[[[[[[[[[[]]]]]]]]]]]}),
    ],
)
def test_a_value_without_the_form_of_its_place_is_named(folder: Path, place: str, value: Any) -> None:
    file = manifest_file(folder)
    change(file, **{place: value})
    with unharmed(folder):
        for command in COMMANDS:
            said = outcome(command, folder / "out")
            assert said.startswith((f"{file}: {place}", f"{file}: not JSON")), command
            assert said.isprintable()
            assert len(said) < 400


@pytest.mark.parametrize(
    "data",
    [
        b'{"format": 1, "files": [], "counts": {}, "version": "0001-aa", "version": "0001-aa"}',
        b'{"format": 1, "files": [], "counts": {"a": {"b": 1, "b" : 2}}, "version": "0001-aa"}',
        b'{"format": 1, "files": [{"path": "hub/0001-aa/a-0.avro", "records": 1, "path": "hub/0001-aa/b-0.avro"}], '
        b'"counts": {}, "version": "0001-aa"}',
    ],
)
def test_a_key_that_stands_twice_is_refused(data: bytes) -> None:
    with pytest.raises(ManifestError, match=r"^m\.json: keys: '\w+' is there twice"):
        Manifest.from_json(data, "m.json")


def test_a_text_that_looks_like_a_key_is_none() -> None:
    manifest = Manifest(version="0001-aa", parameters={"llm_extra_body": '{"seed": 1, "seed": 2}'})
    assert Manifest.from_json(manifest.to_json(), "m.json") == manifest


@pytest.mark.parametrize(
    "data", [b"[" * 100_000, b'{"format": NaN}', b'{"format": true}', b"\xff", b'{"format": 1e400}']
)
def test_what_is_no_manifest_at_all_is_one_error(data: bytes) -> None:
    with pytest.raises(ManifestError, match=r"^m\.json: "):
        Manifest.from_json(data, "m.json")


def test_a_manifest_beyond_all_bounds_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = manifest_file(folder)
    with file.open("r+b") as handle:
        handle.truncate(1 << 30)  # a gigabyte, of which the disk holds nothing
    for command in ("read", "list", "gc", "purge"):
        assert outcome(command, folder / "out").startswith(f"{file}: more than {manifest_form.MANIFEST_BYTES:,} bytes")


@pytest.mark.parametrize("content", ["../../evil", "0001-aa\x1b[2J", "0001-aa/../../victim", "x" * 300, "0001"])
def test_current_names_a_version_or_nothing(folder: Path, content: str) -> None:
    (folder / "out" / "hub" / "CURRENT").write_text(content)
    with unharmed(folder):
        for command in ("gc", "read", "lineage", "purge", "publish"):
            said = outcome(command, folder / "out")
            assert said.startswith(str(folder / "out" / "hub" / "CURRENT"))
            assert said.isprintable()


def test_no_rollback_leads_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = folder / "out"
    before = read_current(str(output))
    evil = folder / "evil"
    shutil.copytree(manifest_file(folder).parent, evil)
    for name in ("../../evil", "..", "*", str(evil)):
        assert main(["rollback", "--hub", str(output), "--version", name]) == 2
        assert "no version" in capsys.readouterr().err
    with pytest.raises(HubError, match="is no name of a version"):
        set_current(str(output), before, "../../evil")
    assert (output / "hub" / "CURRENT").read_text() == f"{before}\n"


@pytest.mark.parametrize(
    "name", ["hub/0009-bbbbbbbb", "samples/math/0009-bb", "samples/x", "dead_letters/0009-bb", "export"]
)
def test_no_command_goes_by_a_link_that_leads_out(folder: Path, name: str) -> None:
    link = folder / "out" / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(folder / "victim")
    with unharmed(folder):
        said = {command: outcome(command, folder / "out") for command in COMMANDS}
    told = f"{link}: a symbolic link that leads out of {folder / 'out'}"  # or it is passed over
    assert all(word.startswith(told) for word in said.values() if word)
    assert bool(said["export"]) == (name == "export")


@pytest.mark.parametrize("name", ["hub/.lock", "hub/CURRENT"])
def test_no_file_of_the_hub_is_a_link_that_leads_out(folder: Path, name: str) -> None:
    link = folder / "out" / name
    link.unlink(missing_ok=True)
    link.symlink_to(folder / "victim" / "not-there")
    with unharmed(folder):
        assert "a symbolic link that leads out" in outcome("gc", folder / "out")


def test_the_folder_of_the_next_version_is_no_link(folder: Path) -> None:
    output = folder / "out"
    draft = Manifest(version="0003-cccccccc", parent=read_current(str(output)), fingerprint="c" * 16)
    (output / "hub" / draft.version).symlink_to(folder / "victim")
    with unharmed(folder):
        with pytest.raises(HubError, match="a symbolic link that leads out"):
            write_shard(str(output), draft.folder, "personas-0", Persona, "avro", [Batch([persona("a baker")])])
        with pytest.raises(HubError, match="a symbolic link that leads out"):
            publish(str(output), replace(draft, files=open_hub(str(output)).manifest.files), [], {})


def test_a_link_within_the_hub_is_followed(folder: Path) -> None:
    output = folder / "out"
    (output / "hub").rename(output / "elsewhere")
    (output / "hub").symlink_to("elsewhere")
    assert outcome("read", output) == outcome("list", output) == ""


def test_a_name_with_a_star_is_a_name(tmp_path: Path) -> None:
    for name in ("a", "b", "*"):
        (tmp_path / name).write_text("")
    delete_file(str(tmp_path / "*"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


pieces = st.sampled_from(
    ["..", ".", "hub", "victim", "0001-aa", "manifest.json", "*", "CURRENT", "", "a-0.avro", "~", "\0"]
)
paths = st.lists(pieces, max_size=5).map("/".join) | st.text(max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | paths,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(paths, inner, max_size=2),
    max_leaves=4,
)
FIELDS = "version parent base replaces run hub_version files counts hidden usage parameters partial format novelty"
file_lists = st.lists(st.fixed_dictionaries({"path": paths, "records": st.integers(-1, 3) | values}), max_size=2)
changes = st.dictionaries(st.sampled_from(FIELDS.split()), values | file_lists, min_size=1, max_size=3)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes, st.booleans(), st.sampled_from(sorted(COMMANDS)), paths)
def test_whatever_a_manifest_says_nothing_outside_changes(
    template: Path, tmp_path: Path, told: dict[str, Any], of_run: bool, command: str, current: str
) -> None:
    folder = tmp_path / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    file = next((folder / "out" / "samples").rglob("manifest.json")) if of_run else manifest_file(folder)
    change(file, **told)
    if len(told) == 3:
        (folder / "out" / "hub" / "CURRENT").write_bytes(current.encode("utf-8", "replace"))
    with unharmed(folder):
        said = outcome(command, folder / "out")
    assert said.isprintable()
