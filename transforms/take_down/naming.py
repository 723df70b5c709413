"""How a takedown names what goes: by addresses, ids and files, and what the hub calls those."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from persona_hub.transforms.corpus.names import WITHIN, files_around, is_row_named, normal_path, places_of
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.records import ADDRESS_END, DocumentOutcome, is_named

READ = ("document", "repeated", "known-elsewhere", "unasked")  # records whose text a model was shown, or may be yet
MOST_KNOWN = 20_000  # names of a hub among which those are looked for that are like a name which it has not
SHOWN_FILES = 3
LIKE = 0.85  # of 1.0, as difflib measures it


@dataclass(frozen=True)
class Names:
    """What was named, and is not to be read again."""

    now: frozenset[str]  # by this takedown
    earlier: frozenset[str]  # by those before, and the documents that went with them

    @cached_property
    def every(self) -> frozenset[str]:
        """Both."""
        return self.now | self.earlier


@dataclass(frozen=True)
class FoundNames:
    """What a hub has of the names that were given."""

    called: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by name: as the hub has it, mostly itself
    strange: frozenset[str] = frozenset()  # names that no document has
    files: Mapping[str, Collection[str]] = field(default_factory=dict)  # of an id that is in several: which
    known: frozenset[str] = frozenset()  # some of the hub's own names

    @property
    def found(self) -> frozenset[str]:
        """All that were found, as the hub has them."""
        return frozenset[str]().union(*self.called.values())

    def like(self, name: str) -> list[str]:
        """What the hub calls its sources that may be meant by a strange name, the likeliest first."""
        base = name.rpartition("/")[2]
        same = sorted(one for one in self.known if one.rpartition("/")[2] == base)
        near = get_close_matches(name, sorted(self.known), SHOWN_FILES, LIKE)
        return list(dict.fromkeys([*same, *near]))[:SHOWN_FILES]


def address_of(row: DocumentOutcome, names: AbstractSet[str]) -> str:
    """The source of a record; where it lies (`places_of`), if that is what `names` holds of it."""
    if is_named(row.source, names):
        return row.source
    return next((place for place in places_of(row.source, row.file) if place in names), row.source)


def find_names(paths: Iterable[str], names: AbstractSet[str], gone: AbstractSet[str] = frozenset()) -> FoundNames:
    """What the tables of documents at `paths` have of `names`; `gone`: names that were taken down before.

    A path may be written in another way than the hub has it, "./corpus/a.jsonl" for "corpus/a.jsonl".
    """
    others = {form: name for name in sorted(names) for form in forms_of(name) if form not in names}
    wanted = names | others.keys()
    called: dict[str, set[str]] = defaultdict(set)
    files: dict[str, set[str]] = defaultdict(set)
    known: set[str] = set()
    for path in paths:
        for row in read_file(path, DocumentOutcome):
            if len(known) < MOST_KNOWN:
                known |= {*files_around(row.file), *row.source.split(ADDRESS_END)}
            if is_row_named(row, wanted):
                for name in wanted.intersection(names_of(row)):
                    called[name].add(name)
                    if is_id(name, row) and row.outcome in READ and not is_row_named(row, gone):
                        files[name].add(row.file)
    found = {name: frozenset(called.pop(name)) for name in names if name in called}
    meant: dict[str, set[str]] = defaultdict(set)
    for form in called:
        if others[form] not in found:
            meant[others[form]].add(form)
    found |= {name: frozenset(forms) for name, forms in meant.items()}
    several = {name: sorted(where) for name, where in files.items() if len(where) > 1}
    return FoundNames(found, frozenset(names - found.keys()), several, frozenset(known))


def names_of(row: DocumentOutcome) -> Iterator[str]:
    """All by which a record may be named."""
    yield from (row.source, *row.source.split(ADDRESS_END), row.document_id)
    yield from places_of(row.source, row.file)


def forms_of(name: str) -> Iterator[str]:
    """Other ways to write a local path: without "./" and the like, and from the root on."""
    if "://" not in name:
        yield normal_path(name)
        yield os.path.abspath(name)


def is_id(name: str, row: DocumentOutcome) -> bool:
    """Whether a name is an id that a record has in its file, which means nothing outside of it; no URL is."""
    return "://" not in name and name in row.source.split(ADDRESS_END) and not row.source.startswith(f"{row.file}, ")


def one_of_several(name: str, files: Collection[str]) -> str:
    """What is said of an id that stands for records of several files."""
    shown = ", ".join(list(files)[:SHOWN_FILES]) + (" ..." if len(files) > SHOWN_FILES else "")
    first = next(iter(files))
    return f"{name} is in {len(files):,} files ({shown}) and stands for all of them; one alone is {first}{WITHIN}{name}"
