"""diff: two versions of a hub -> who came, who went, and what decided it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from pipelines.cli import job_main
from pipelines.errors import DONE, UsageError
from pipelines.models import Flags
from transforms.hub.files import read_file
from transforms.hub.manifest import FileEntry, Made, Manifest
from transforms.hub.versions import open_hub, path_of
from transforms.records import Persona, excerpt

SHOWN_PERSONAS = 3


def run(flags: Flags, _: Sequence[str]) -> int:
    """Compares two versions: by default the current one with the one before it."""
    output = flags["hub"]
    new = open_hub(output, flags["version"]).manifest
    old = flags["since"] or new.parent
    if not old:
        raise UsageError(f"--since: {new.version} is the first version; name another --version")
    print("\n".join(differences(output, open_hub(output, old).manifest, new)))
    return DONE


def differences(output: str, old: Manifest, new: Manifest) -> Iterator[str]:
    """What changed from `old` to `new`: personas by hop and language, what decided them, and a few to look at."""
    yield f"{old.version} -> {new.version}"
    added, removed = (list(only(output, one, other)) for one, other in ((new, old), (old, new)))
    ids = {persona.persona_id for persona in added} & {persona.persona_id for persona in removed}
    for sign, found in (("+", added), ("-", removed)):
        fresh = [persona for persona in found if persona.persona_id not in ids]
        yield f"{sign}{len(fresh):,} personas"
        for title, field in (("hop", "hop"), ("language", "language")):
            tally = Counter(getattr(persona, field) for persona in fresh)
            if tally:
                yield f"    by {title}: " + ", ".join(f"{key} {n:,}" for key, n in sorted(tally.items()))
        for persona in islice(fresh, SHOWN_PERSONAS):
            yield f"    {sign} {excerpt(persona.text)}"
    for title, was, now in (
        ("parameter", old.parameters, new.parameters),
        ("prompt", old.prompts, new.prompts),
        ("model", old.models, new.models),
    ):
        yield from changed(title, was, now)


def changed(title: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """One line for each name whose value is another."""
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            yield f"{title} {name}: {was.get(name, '-')} -> {now.get(name, '-')}"


def only(output: str, one: Made, other: Made) -> Iterator[Persona]:
    """The personas in files of `one` that `other` does not name: files that both name are not even opened."""
    shared: set[FileEntry] = set(other.files)
    for entry in one.files_of("personas"):
        if entry not in shared:
            yield from read_file(path_of(output, entry.path), Persona)


if __name__ == "__main__":
    sys.exit(job_main("diff"))
