"""The --purge of a takedown: what came of the sources is erased from all that a hub has written, and told."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from persona_hub.pipelines.cli.command_options import TakedownOptions
from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.planning.named_sources import some_of
from persona_hub.pipelines.planning.plan import code_version
from persona_hub.pipelines.planning.store_choice import RESPONSES, absolute
from persona_hub.pipelines.planning.trust import is_built_here, is_own, noted_settings
from persona_hub.pipelines.reporting.affected_samples import FILE, FOLDER, list_samples
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.files.storage import is_local
from persona_hub.transforms.hub.manifest import BaseManifest
from persona_hub.transforms.hub.versions import list_versions, open_hub, path_of
from persona_hub.transforms.llm.registry import EXPORT
from persona_hub.transforms.purge.answers import ErasedAnswers, purge_answers
from persona_hub.transforms.purge.erasure import Erasure
from persona_hub.transforms.purge.runs import all_runs, purge_runs
from persona_hub.transforms.purge.versions import purge_versions
from persona_hub.transforms.store.protocol import NOT_THERE, StoreError
from persona_hub.transforms.store.registry import NO_STORE, open_store

KINDS = ("personas", "provenance", "duplicates", "vectors", "attributes", "members", "samples", "dead_letters")
OPEN = "not erased yet: "


def run_purge(options: TakedownOptions, sources: frozenset[str]) -> int:
    """Erases, and says what and where, and what could not be; returns the exit code."""
    output, idle = options.hub, options.older_than_hours * 3600
    hub = purge_versions(output, sources, idle, code_version())
    listed = list_samples(output, hub.version, hub.gone.personas)
    runs = purge_runs(output, hub.gone, idle)
    rows = {**hub.rows, **runs.rows}
    say(f"purge         {some_of(sources)}: {extent(hub.gone)}")
    say("erased        " + ", ".join(f"{quantity(rows.get(kind, 0), 'row')} of {kind}" for kind in KINDS))
    say(f"deleted       {quantity(hub.files + runs.files, 'file')} that no manifest names any more")
    for folder in runs.exports:
        say(f"deleted       {folder}: `persona-hub export` writes it anew, without them")
    if listed:
        where = path_of(output, f"{FOLDER}/{hub.version}/{FILE}")
        say(f"samples       {where}  (where {len(listed):,} lay that are erased)")
    shown = open_hub(output, hub.version).manifest
    say(f"hub           {path_of(output, shown.folder)}  ({quantity(shown.records_of('personas'), 'persona')} left)")
    open_ends = [*purged_stores(options, hub.gone, sorted({*hub.texts, *runs.texts}))]
    if left := [*hub.left, *runs.left]:
        open_ends.append(
            f"{quantity(len(left), 'file')} that no manifest names may belong to a job that runs, as {left[0]}; when "
            "none does, run the same command again with --older_than_hours 0"
        )
    for word in open_ends:
        say(OPEN + word)
    for word in beyond(options):
        say(f"out of reach  {word}")
    return BUDGET_SPENT if open_ends else DONE


def extent(gone: Erasure) -> str:
    """How much is erased: of the sources, and what earlier takedowns left behind that no source can be told of."""
    traced, untraced = len(gone.personas - gone.untraced), len(gone.untraced)
    besides = f"; besides, {quantity(untraced, 'persona')} taken down before, with no provenance left"
    of_sources = f"{quantity(len(gone.documents), 'document')}, {quantity(traced, 'persona')}"
    return of_sources + besides if untraced else of_sources


def purged_stores(options: TakedownOptions, gone: Erasure, texts: Sequence[str]) -> Iterator[str]:
    """Erases in every response store that any version or run was made with; yields what is not done, in words."""
    output = options.hub
    made = [*list_versions(output), *all_runs(output)]
    embedders = {
        (one.models["embedder"], int(one.parameters.get("embedding_dimensions", 0)))
        for one in made
        if "embedder" in one.models
    }
    addresses, strange = stores_of(options, made)
    for address in strange:
        yield (
            f"answers in {address}, which a manifest names and you have not used with this hub on this machine; if you "
            f"trust that, run the same command again with --response_store={shlex.quote(address)}"
        )
    for address in addresses:
        shown = address.partition("?")[0]
        try:
            found = purge_answers(open_store(address, make=False), gone, texts, embedders)
        except (StoreError, ValueError) as error:
            if NOT_THERE in str(error):
                say(f"no store      {shown}: if it was moved, name it with --response_store")
            else:
                yield str(error)
            continue
        say(f"erased        {quantity(found.answers, 'answer')} in {shown}")
        yield from told(found, shown)


def told(found: ErasedAnswers, address: str) -> Iterator[str]:
    """What is left in a store; prints what is out of reach of it."""
    for word in found.beyond:
        say(f"out of reach  {word}")
    if found.unnamed:
        yield (
            f"{quantity(found.unnamed, 'answer')} in {address} may hold some of it (an earlier release stored them, "
            "and did not note whom they are about); delete the store to be sure: the hub needs none of it, and further "
            "runs pay anew"
        )


def stores_of(options: TakedownOptions, made: Sequence[BaseManifest]) -> tuple[list[str], list[str]]:
    """(addresses of the response stores to erase in, those that only a manifest names, which nobody opens).

    The first are the store that is named, those that versions and runs were made with by this user, and the one in
    OUTPUT.
    """
    output, noted = options.hub, noted_settings(options.hub)
    own = dict.fromkeys([options.response_store])
    strange: dict[str, None] = {}
    for address in (str(one.parameters.get("response_store", "")) for one in made):
        (own if address == options.response_store or is_own(output, "response_store", address, noted) else strange)[
            address
        ] = None
    addresses = dict.fromkeys(absolute(address) for address in own if address not in ("", NO_STORE, None))
    for folder in dict.fromkeys([output, *(str(one.parameters.get("output", "")) for one in made)]):
        place = Path(folder).absolute() / RESPONSES
        if folder and is_local(folder) and place.is_file():
            is_known = (folder == output or is_built_here(folder)) and not place.is_symlink()
            (addresses if is_known else strange)[f"sqlite:{place}"] = None
    return list(addresses), [address for address in strange if address not in addresses]


def beyond(options: TakedownOptions) -> Iterator[str]:
    """What a purge of OUTPUT does not reach."""
    output = options.hub
    made = [*list_versions(output), *all_runs(output)]
    for llm in sorted({str(one.parameters.get("llm", "")) for one in made}):
        if llm.partition(":")[0] == EXPORT:
            yield f"requests and answers of batch APIs hold documents and personas: delete {llm.partition(':')[2]}"
    yield (
        "samples that `synthesize --output` wrote elsewhere, exports elsewhere, backups, earlier object versions "
        "of a bucket, and what model servers keep"
    )
