"""A folder for this user alone, where any user may have planted one before."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from persona_hub.transforms.files.private_folder import PrivateFolderError, private_folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folder is to be."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / f"hub-{os.getuid()}"


def test_it_is_made_for_its_user_alone_and_found_again(place: Path) -> None:
    before = os.umask(0)
    try:
        assert private_folder("hub") == private_folder("hub") == place
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_one_that_others_could_read_is_closed(place: Path) -> None:
    place.mkdir(mode=0o755)
    assert stat.S_IMODE(private_folder("hub").stat().st_mode) == 0o700


def as_link(place: Path) -> None:
    (place.parent / "elsewhere").mkdir(mode=0o700)
    place.symlink_to("elsewhere")


def as_open_folder(place: Path) -> None:
    place.mkdir()
    place.chmod(0o777)


@pytest.mark.parametrize(
    ("plant", "wrong"),
    [(as_link, "is no folder"), (as_open_folder, "is open to other users"), (Path.touch, "is no folder")],
)
def test_what_was_planted_is_refused(plant: Callable[[Path], None], wrong: str, place: Path) -> None:
    plant(place)
    with pytest.raises(PrivateFolderError, match=f"{wrong}; remove it, or set TMPDIR"):
        private_folder("hub")


def test_a_folder_of_another_user_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.mkdir(mode=0o700)
    theirs = SimpleNamespace(st_mode=place.lstat().st_mode, st_uid=os.getuid() + 1)
    monkeypatch.setattr(Path, "lstat", lambda _: theirs)
    with pytest.raises(PrivateFolderError, match="belongs to another user"):
        private_folder("hub")
