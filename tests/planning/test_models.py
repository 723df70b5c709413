"""Which store, which parts of a budget, which sampling a job's flags come to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.hub_options import StatusOptions
from persona_hub.pipelines.planning.budget import shares_of
from persona_hub.pipelines.planning.models import chosen_sampling, named_model
from persona_hub.pipelines.planning.samples.use_cases import use_cases_of
from persona_hub.pipelines.planning.store_choice import absolute, default_store, named_store
from persona_hub.pipelines.runners.response_store import check_store, opened_store
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.protocol import Sampling
from tests.helpers.flags import build_options
from tests.helpers.places import EXAMPLES

STAGES = (("extract", 0.5), ("expand", 0.3), ("synthesize", 0.2))


@pytest.mark.parametrize(
    ("typed", "shares"),
    [
        ([], STAGES),
        (["none"], ()),
        (["expand=0.5", "extract=0.25"], (("extract", 0.25), ("expand", 0.5))),
        (["synthesize=1"], (("synthesize", 1.0),)),
    ],
    ids=["as estimated", "none", "in the order of the stages", "of one stage"],
)
def test_parts_of_a_budget(typed: list[str], shares: Any) -> None:
    assert shares_of(typed, STAGES) == shares


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["extract"], "must be STAGE=PART"),
        (["extract=half"], "must be STAGE=PART"),
        (["lunch=0.1"], "no such stage; there are extract, expand, synthesize"),
        (["extract=0.7", "expand=0.6"], "together at most 1"),
        (["extract=0"], "each above 0"),
        (["extract=-0.1"], "each above 0"),
        (["extract=nan"], "each above 0"),
        (["extract=0.1", "extract=0.2"], "extract has a part already"),
        (["extract=0.1", "none"], "must be STAGE=PART"),
    ],
)
def test_parts_that_are_none(typed: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        shares_of(typed, STAGES)


@pytest.mark.parametrize(
    ("flags", "sampling"),
    [
        ((), Sampling(0.7, None, 300, None)),
        (("--temperature=0",), Sampling(0.0, None, 300, None)),
        (("--max_tokens=9", "--seed=0", "--top_p=0.5"), Sampling(0.7, 0.5, 9, 0)),
    ],
)
def test_build_options_the_sampling_go_before_what_a_step_needs(flags: tuple[str, ...], sampling: Sampling) -> None:
    assert chosen_sampling(build_options(*flags), Sampling(temperature=0.7, max_tokens=300)) == sampling


def test_a_relative_store_is_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("sqlite:a/b.sqlite") == f"sqlite:{tmp_path}/a/b.sqlite"
    assert absolute("redis://host:1/2") == "redis://host:1/2"
    assert default_store("out") == f"sqlite:{tmp_path}/out/responses.sqlite"
    assert default_store("") == ""
    assert named_model(build_options("--llm=export:requests", "--batch_model=openai:m")) == (
        "openai:m",
        {"export": f"{tmp_path}/requests"},
    )


def test_a_command_that_looks_takes_the_store_that_is_named_before_the_output_s() -> None:
    assert named_store(StatusOptions(response_store="redis://host", output="/o")) == "redis://host"
    assert named_store(StatusOptions(output="/o")) == "sqlite:/o/responses.sqlite"
    with pytest.raises(UsageError, match="--output or --response_store"):
        named_store(StatusOptions(response_store="none"))


def test_looking_makes_no_store(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        opened_store(f"sqlite:{tmp_path}/s.sqlite", must_be_there=True)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_store_is_told_before_a_job_runs_where_this_machine_can_see_it(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").write_bytes(b"another program's file " * 99)
    model = ModelConfig(store=f"sqlite:{tmp_path}/s.sqlite")
    with pytest.raises(UsageError, match="--response_store sqlite:"):
        check_store(model.store, Where())
    check_store(model.store, Where("DataflowRunner", one_machine=False))
    check_store("none", Where())


def test_a_server_s_address_without_a_model_of_it_is_a_slip() -> None:
    with pytest.raises(UsageError, match="--llm_base_url: the model 'offline' has no server; name the one"):
        named_model(build_options("--llm_base_url=http://127.0.0.1:9/v1"))


# ---- use cases


def test_all_stands_for_the_six_and_each_counts_once() -> None:
    names = [use_case.name for use_case in use_cases_of(build_options("--use_case=tool,all,math"))]
    assert names[0] == "tool"
    assert len(names) == len(set(names)) == 6


def test_two_use_cases_of_one_name_cannot_be_told_apart(tmp_path: Path) -> None:
    example = (EXAMPLES / "use_case.yaml").read_text()
    (tmp_path / "use_case_check.py").write_text((EXAMPLES / "use_case_check.py").read_text())
    for file in ("one.yaml", "two.yaml"):
        (tmp_path / file).write_text(example)
    with pytest.raises(UsageError, match=r"two use cases are called .*; give one of them another name"):
        use_cases_of(build_options(f"--use_case={tmp_path}/one.yaml,{tmp_path}/two.yaml"))
