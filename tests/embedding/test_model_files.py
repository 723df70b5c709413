"""A SavedModel is what its files are: the same where it is copied to, another one where a byte of them changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from persona_hub.transforms.embedding.model_files import savedmodel_files
from persona_hub.transforms.embedding.savedmodel import SavedModelError
from tests.helpers.embedding import saved_files


def test_a_copy_is_the_same_model_whatever_else_lies_there(tmp_path: Path) -> None:
    model = saved_files(tmp_path / "model")
    copy = Path(shutil.copytree(model, tmp_path / "elsewhere" / "copy"))
    (copy / "README.md").write_text("about it")
    (copy / ".DS_Store").write_bytes(b"x")
    assert savedmodel_files(str(copy)) == savedmodel_files(str(model))
    assert savedmodel_files(f"{model}/") == savedmodel_files(str(model))


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.index", "assets/words.txt"])
def test_another_byte_or_name_is_another_model(tmp_path: Path, name: str) -> None:
    model = saved_files(tmp_path / "model")
    before = savedmodel_files(str(model))
    content = (model / name).read_bytes()
    (model / name).write_bytes(content[:-1] + b"!")
    assert savedmodel_files(str(model)) != before
    (model / name).write_bytes(content)
    assert savedmodel_files(str(model)) == before
    (model / "assets" / "more.txt").write_bytes(b"")
    assert savedmodel_files(str(model)) != before


@pytest.mark.parametrize("there", [False, True])
def test_what_is_no_model_is_refused(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "model" / "variables").mkdir(parents=True)
    with pytest.raises(SavedModelError, match="no SavedModel there"):
        savedmodel_files(str(tmp_path / "model"))
