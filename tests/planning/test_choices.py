"""What a choice needs of a hub: it is told before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.parser import read_options
from persona_hub.pipelines.planning.samples.choices import choice_in_build, choice_of_hub
from persona_hub.transforms.choice import given_columns
from persona_hub.transforms.choice.choice import Choice, Method
from persona_hub.transforms.choice.columns import Column
from persona_hub.transforms.choice.given_columns import unknown_given
from persona_hub.transforms.hub.manifest import FileEntry, Manifest
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Attributes
from persona_hub.transforms.synthesis.use_cases import load_use_case
from persona_hub.transforms.wire.batches import Batch
from tests.helpers.flags import build_options

MATH = load_use_case("math")


def hub_of(**records: int) -> Hub:
    """A version with tables of so many records."""
    files = tuple(FileEntry(f"hub/0001-aaaaaaaa/{kind}-0.avro", n) for kind, n in records.items())
    return Hub("HUB", Manifest(version="0001-aaaaaaaa", files=files))


def came_with(number: int, given: str) -> Attributes:
    """The row of a persona that came with these columns."""
    return Attributes(f"{number}", "en", "2", "2221", "mid", "adult", "DE", "bachelor", given)


def chosen(hub: Hub, *flags: str) -> Choice:
    """The choice of `synthesize` with these flags."""
    given = ["--hub", "HUB", "--output", "OUT", "--use_case", "math", *flags]
    options, _ = read_options(JOB_BY_NAME["synthesize"], given)
    return choice_of_hub(options, hub)


def test_flags_are_a_choice() -> None:
    hub = hub_of(personas=9, vectors=9)
    assert chosen(hub) == Choice()
    flags = ["--where", "hop < 2", "--choose=diverse", "--max_samples=5", "--samples_per_persona=2", "--choose_seed=7"]
    assert chosen(hub, *flags) == Choice(where="hop<2", method=Method("diverse"), seed=7, samples=5, each=2)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--where", "occupation=2"), "--where: occupation is a column of the table attributes"),
        (("--where", "occupation=2"), "0001-aaaaaaaa of HUB has none; `persona-hub compact --hub` completes it"),
        (("--where", "given.age<9"), "--where: given.age is a column of the table attributes"),
        (("--choose", "stratified:cluster", "--max_samples=3"), "there are no clusters where there are no vectors"),
        (("--choose", "diverse", "--max_samples=3"), "--choose diverse: version 0001-aaaaaaaa of HUB has no vectors"),
        (("--choose", "stratified:hop"), "--choose stratified:hop: --max_samples N says of how many"),
    ],
)  # fmt: skip
def test_a_table_that_lacks_is_named_with_the_remedy(flags: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(hub_of(personas=9), *flags)
    assert said in str(caught.value)


def test_clusters_that_an_earlier_release_did_not_make_can_be_added() -> None:
    with pytest.raises(UsageError, match=r"cluster is a column of the table members, .*`persona-hub compact --hub`"):
        chosen(hub_of(personas=9, vectors=9), "--where", "cluster=2")


def test_a_given_column_that_nobody_came_with_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    rows = [
        came_with(n, given)
        for n, given in enumerate(('{"age":41,"marital status":"single"}', '{"Sex":"Female"}', "", "{damaged"))
    ]
    file = write_shard(str(tmp_path), "hub/0001-aaaaaaaa", "attributes-0", TABLES["attributes"], "avro", [Batch(rows)])
    hub = Hub(str(tmp_path), Manifest(version="0001-aaaaaaaa", files=(file,)))
    assert chosen(hub, "--where", "given.Sex=Female or given.age>3").tables == ("attributes",)
    there = "there are: given.Sex, given.age, given.'marital status'"
    with pytest.raises(UsageError, match=f"^--where: no persona .* came with a column given.sex; {there}$"):
        chosen(hub, "--where", "given.sex=Female")
    with pytest.raises(UsageError, match=f"^--choose: no persona .* came with a column given.x; {there}$"):
        chosen(hub, "--choose", "stratified:given.x", "--max_samples=3")


def test_of_more_rows_than_are_read_no_column_is_said_to_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [came_with(n, '{"a":1}') for n in range(3)]
    assert unknown_given([Column("given.b")], rows) == ([Column("given.b")], [Column("given.a")])
    monkeypatch.setattr(given_columns, "ROWS_READ", 2)
    assert unknown_given([Column("given.b")], rows) == ([], [])


def test_rows_that_lack_are_counted() -> None:
    with pytest.raises(UsageError, match=r"has the rows of 4 of 9 personas; `persona-hub compact"):
        chosen(hub_of(personas=9, attributes=4), "--where", "occupation=2")
    assert chosen(hub_of(personas=9, attributes=9), "--where", "occupation=2").tables == ("attributes",)
    assert chosen(hub_of(personas=9, members=4), "--where", "cluster=2").tables == ("members",)


def test_a_build_has_clusters_and_attributes_of_its_own() -> None:
    flags = ("--use_case=math", "--where", "cluster=3 and occupation=2", "--choose=diverse", "--max_samples=3")
    assert choice_in_build(build_options(*flags), [MATH], has_vectors=True).tables == ("attributes", "members")
    with pytest.raises(UsageError, match="--where: cluster: there are no clusters"):
        choice_in_build(build_options(*flags), [MATH], has_vectors=False)
    assert choice_in_build(build_options(), [], has_vectors=True) == Choice()
