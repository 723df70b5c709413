"""Small text files of the user's: prompts, use cases, examples, prices."""

from __future__ import annotations

from pathlib import Path

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.storage import is_local, join_path, list_paths, open_decompressed

TEXT_BYTES = 4 << 20  # of a file: the longest examples that are allowed fill a half


class FileError(InvalidInputError):
    """A file that cannot be read; the message names it, the cause and the remedy."""


def read_text(path: str) -> str:
    """The text of a file in UTF-8, with or without a byte order mark. Raises FileError."""
    try:
        if is_local(path):
            with Path(path).open("rb") as file:
                content = file.read(TEXT_BYTES + 1)
        else:
            with open_decompressed(path) as stored:
                content = stored.read(TEXT_BYTES + 1)
        if len(content) > TEXT_BYTES:
            raise FileError(f"{path}: more than {TEXT_BYTES:,} bytes; it is no file of this kind, or holds too much")
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except FileError:
        raise
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: no UTF-8 at byte {error.start}; save it as UTF-8") from error
    except OSError as error:
        said = str(error.strerror or error).removeprefix(f"{path}: ")
        raise FileError(f"{path}: {said}") from error
    except Exception as error:  # each filesystem has errors of its own
        raise FileError(f"{path}: cannot be read ({error})") from error


def text_files_in(folder: str) -> list[str]:
    """Names of the .txt files in a folder, sorted. Raises FileError if there is no such folder."""
    if is_local(folder):
        if not Path(folder).is_dir():
            raise FileError(f"{folder}: no such folder")
        return sorted(file.name for file in Path(folder).glob("*.txt"))
    try:
        found = list_paths(join_path(folder, "*.txt"))
    except Exception as error:  # each filesystem has errors of its own
        raise FileError(f"{folder}: cannot be read ({error})") from error
    if not found:  # object stores have no folders
        raise FileError(f"{folder}: no .txt file there")
    return sorted(path.rpartition("/")[2] for path in found)
