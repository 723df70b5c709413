"""`dedup` of 300,000 personas on Flink, at 1 GB of task heap: row by row what the FnApiRunner keeps and drops."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.flink import Cluster
from tests.helpers.dedup import timed
from tests.material.rows import write_rows

ROWS = 300_000


def test_the_rows_are_those_of_one_machine(cluster: Cluster, data: Path, tmp_path: Path) -> None:
    """Bundles run side by side in threads of the SDK workers there, one after another here."""
    assert (len(cluster.task_managers), cluster.slots, cluster.task_heap_mb) == (2, 2, 1024)
    rows = write_rows("even", ROWS, tmp_path / "rows.jsonl")
    _, here = timed(rows, tmp_path / "here", [])
    _, there = timed(rows, tmp_path / "there", cluster.quick_flags())
    assert sum(map(len, here.values())) == ROWS
    assert there == here, {kind: len(set(there[kind]) ^ set(here[kind])) for kind in here}
    assert not cluster.out_of_memory()
