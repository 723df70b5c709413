"""versions: which versions a hub has, and which one readers see."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.cli.hub_options import ListingOptions
from persona_hub.pipelines.cli.log_lines import say, say_lines
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.reporting.own_usage import Usage, own_usages
from persona_hub.transforms.corpus.names import is_row_named
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import Hub, list_versions, open_hub, runs_in
from persona_hub.transforms.records import ADDRESS_END, DocumentOutcome
from persona_hub.transforms.take_down.naming import READ

VERSIONS_HEAD = f"  {'version':16}{'created':22}{'personas':>12}{'of its own':>12}{'documents':>12}{'US dollars':>12}"


def list_hub_versions(options: ListingOptions, _: Sequence[str]) -> int:
    """Lists the versions, or the sources of the current one."""
    output = options.hub
    hub = open_hub(output)
    if options.sources:
        for source in sources_of(hub):
            say_lines([source])
        return DONE
    current = hub.manifest.version
    say(VERSIONS_HEAD)
    versions = list_versions(output)
    own = own_usages([*versions, *(run for _, run in runs_in(output))])
    for manifest in versions:
        mark = "* " if manifest.version == current else "  "
        say_lines([mark + version_line(manifest, own[manifest.version])])
    say("* is the one that readers see")
    return DONE


def sources_of(hub: Hub) -> list[str]:
    """Where the documents were read that are in the hub: addresses, or for records without one "file, line n"."""
    gone = hub.tombstones().unwanted
    rows = (row for row in read_table(hub, "documents", DocumentOutcome) if row.outcome in READ)
    shown = {row.source for row in rows if not is_row_named(row, gone)}
    return sorted({address for source in shown for address in source.split(ADDRESS_END)})


def version_line(manifest: Manifest, usage: Usage) -> str:
    """A version in a line: all its personas, those of its own, documents read, and what was paid for it."""
    own = manifest.counts.get("write_hub", {}).get("personas", 0) - manifest.counts.get("purge", {}).get("personas", 0)
    costs = [row["cost_usd"] for row in usage.values() if "cost_usd" in row]
    cost = f"{sum(costs):,.2f}" if costs else "-"
    read = manifest.counts.get("read_corpus", {}).get("document", 0)
    partial = f"  partial: {sum(manifest.partial.values()):,} questions unasked" if manifest.partial else ""
    return (
        f"{manifest.version:16}{manifest.created:22.19}{manifest.records_of('personas'):>12,}"
        f"{own:>12,}{read:>12,}{cost:>12}{partial}"
    )


if __name__ == "__main__":
    sys.exit(run_command("versions", list_hub_versions))
