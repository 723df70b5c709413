"""YAML of strangers: what is beyond the bounds is an error at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from persona_hub.pipelines.cli.exit_status import WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.transforms.files.user_text import TEXT_BYTES, FileError, read_text
from persona_hub.transforms.files.user_yaml import YAML_CHARACTERS, YAML_DEPTH, TooMuchYamlError, load_yaml
from persona_hub.transforms.llm.prices import PriceError, price_of
from persona_hub.transforms.synthesis.use_case import UseCaseError
from persona_hub.transforms.synthesis.user_file import read_use_case


def laughs(levels: int, width: int = 10, leaf: str = "x") -> str:
    """A list of lists whose aliases unfold to width ** levels values."""
    lines = [f"a0: &a0 [{', '.join([leaf] * width)}]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


def merged(levels: int, width: int = 8) -> str:
    """Mappings, each of which merges the one before several times."""
    lines = [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * width)}]}}" for n in range(1, levels)]
    return "\n".join(["m0: &m0 {k: v}", *lines])


HOSTILE = {
    "aliases": laughs(9),
    "aliases two by two": laughs(40, width=2),
    "aliases of a long text": f"a: &a {'x' * 10_000}\nb: [{', '.join(['*a'] * 1000)}]",
    "merged mappings": merged(9),
    "a list that holds itself": "a: &a [*a]",
    "depth": "[" * 5000,
    "depth of blocks": "".join(f"{' ' * n}- \n" for n in range(100)) + f"{' ' * 100}- x",
    "length": "- x\n" * (YAML_CHARACTERS // 4 + 1),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_too_much_is_said_before_it_is_made(text: str) -> None:
    with pytest.raises(TooMuchYamlError):
        load_yaml(text)


@pytest.mark.parametrize("text", ["a: 2020-99-99", "[1, 2", "a: \x01", "!!python/object/apply:os.system [ls]"])
def test_what_cannot_be_read_is_one_kind_of_error(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        load_yaml(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &a {x: 1}\nb: *a", {"a": {"x": 1}, "b": {"x": 1}}),
        ("a: &a {x: 1}\nb: {<<: *a, y: 2}", {"a": {"x": 1}, "b": {"x": 1, "y": 2}}),
        ("[" * (YAML_DEPTH - 1) + "]" * (YAML_DEPTH - 1), None),
        ("", None),
    ],
)
def test_what_people_write_is_read(text: str, value: Any) -> None:
    assert value is None or load_yaml(text) == value
    load_yaml(text)


def use_case(path: str) -> None:
    read_use_case(path, frozenset())


def prices(path: str) -> None:
    price_of("openai:x", "", path)


@pytest.mark.parametrize("read", [use_case, prices])
@pytest.mark.parametrize("kind", HOSTILE)
def test_every_file_of_a_user_is_read_so(read: Callable[[str], None], kind: str, tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(HOSTILE[kind])
    with pytest.raises((UseCaseError, PriceError), match=r"f\.yaml: .*(unfold|levels|characters)"):
        read(str(file))


def test_a_model_s_file_is_read_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(HOSTILE["aliases"])
    command = ["build", "--input", "c", "--output", str(tmp_path / "out"), "--model", str(file)]
    assert main(command) == WRONG_COMMAND
    assert "m.yaml: its aliases (*name) unfold to too much" in capsys.readouterr().err


def test_a_text_without_end_is_not_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    with file.open("wb") as handle:
        handle.truncate(1 << 32)  # of which the disk holds nothing
    with pytest.raises(FileError, match=f"more than {TEXT_BYTES:,} bytes"):
        read_text(str(file))
