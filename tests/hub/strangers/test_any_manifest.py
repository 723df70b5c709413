"""Whatever a manifest says, nothing outside of OUTPUT changes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hub.strangers.outcomes import COMMANDS, change, manifest_file, outcome, unharmed

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
