"""What a server said to questions that it did not answer, as dead letters hold it: told once, by reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType

from persona_hub.transforms.files.storage import list_paths
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.versions import path_of
from persona_hub.transforms.records import DeadLetter, excerpt

NO_WORDS: Mapping[str, str] = MappingProxyType({})
LETTERS_READ = 20_000  # at most: a reason that is not among so many is told without words
WORDS_CHARACTERS = 160


def server_words(output: str, run: str, reasons: Mapping[str, int]) -> dict[str, str]:
    """{reason: the words of the first dead letter with it} of those `reasons` that a run's dead letters hold."""
    found: dict[str, str] = {}
    for letter in islice(letters_of(output, run), LETTERS_READ):
        if len(found) == len(reasons):
            break
        if letter.reason in reasons:
            found.setdefault(letter.reason, excerpt(letter.detail, WORDS_CHARACTERS))
    return found


def letters_of(output: str, run: str) -> Iterator[DeadLetter]:
    """The dead letters of a version or of a run of samples."""
    for path in list_paths(path_of(output, f"dead_letters/{run}/*.jsonl")):
        yield from read_file(path, DeadLetter)
