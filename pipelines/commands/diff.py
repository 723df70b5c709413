"""diff: two versions of a hub -> who came, who went, and what decided it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from persona_hub.pipelines.cli.exit_status import DONE, UsageError
from persona_hub.pipelines.cli.hub_options import TwoVersionsOptions
from persona_hub.pipelines.cli.log_lines import say_lines
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.hub.manifest import FileEntry
from persona_hub.transforms.hub.reading import read_visible
from persona_hub.transforms.hub.tombstones import number_of
from persona_hub.transforms.hub.versions import Hub, open_hub, path_of
from persona_hub.transforms.records import Persona, excerpt

SHOWN_PERSONAS = 3
LOCATIONS = ("hub", "output")


def diff_versions(options: TwoVersionsOptions, _: Sequence[str]) -> int:
    """Compares two versions: by default the current one with the one before it."""
    output = options.hub
    hub = open_hub(output, options.version)
    old = options.since or hub.manifest.parent
    if not old:
        raise UsageError(f"--since: {hub.manifest.version} is the first version; name another --version")
    say_lines(differences(open_hub(output, old), hub))
    return DONE


def differences(old: Hub, new: Hub) -> Iterator[str]:
    """What changed from `old` to `new`: personas by hop and language, what decided them, and a few to look at."""
    was, now = old.manifest, new.manifest
    yield f"{was.version} -> {now.version}"
    ids = [{persona.persona_id for persona in personas_only_in(*pair)} for pair in ((new, old), (old, new))]
    for sign, pair in (("+", (new, old)), ("-", (old, new))):
        yield from told_personas(sign, personas_only_in(*pair), ids[0] & ids[1])
    if was.novelty and now.novelty:
        before, after = (manifest.novelty["per_document"] for manifest in (was, now))
        yield f"novelty: {before:.2f} -> {after:.2f} new personas a document"
    yield from changed_lines("parameter", *(without_locations(manifest.parameters) for manifest in (was, now)))
    yield from changed_lines("prompt", was.prompts, now.prompts)
    yield from changed_lines("model", was.models, now.models)


def told_personas(sign: str, found: Iterator[Persona], both: AbstractSet[str]) -> Iterator[str]:
    """How many came or went, but for those in `both`, who did not; by hop and language, and a few of them."""
    hops: Counter[int] = Counter()
    languages: Counter[str] = Counter()
    shown: list[str] = []
    for persona in found:
        if persona.persona_id not in both:
            hops[persona.hop] += 1
            languages[persona.language] += 1
            if len(shown) < SHOWN_PERSONAS:
                shown.append(f"    {sign} {excerpt(persona.text)}")
    yield f"{sign}{quantity(hops.total(), 'persona')}"
    if hops:
        yield "    by hop: " + ", ".join(f"{key} {n:,}" for key, n in sorted(hops.items()))
        yield "    by language: " + ", ".join(f"{key} {n:,}" for key, n in sorted(languages.items()))
    yield from shown


def without_locations(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters but for where the hub lies, which a build and a refresh name by two flags."""
    return {name: value for name, value in parameters.items() if name not in LOCATIONS}


def changed_lines(title: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """One line for each name whose value is another."""
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            yield f"{title} {name}: {was.get(name, '-')} -> {now.get(name, '-')}"


def personas_only_in(one: Hub, other: Hub) -> Iterator[Persona]:
    """The personas that `one` shows and `other` does not; files that both name are read only where one hides more."""
    shared: set[FileEntry] = set(other.manifest.files)
    hiding_alike = one.paths("removed") == other.paths("removed")
    for entry in one.manifest.files_of("personas"):
        path = path_of(one.output, entry.path)
        if entry not in shared:
            yield from read_visible(path, Persona, one.tombstones())
        elif not hiding_alike:
            number, hidden = number_of(path), other.tombstones()
            shown = read_visible(path, Persona, one.tombstones())
            yield from (persona for persona in shown if hidden.hide(persona, number))


if __name__ == "__main__":
    sys.exit(run_command("diff", diff_versions))
