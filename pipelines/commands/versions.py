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
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.counting.stages import READ_CORPUS, READ_PERSONAS
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.orphans import names_back
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import Hub, list_versions, open_hub, runs_in
from persona_hub.transforms.records import ADDRESS_END, DocumentOutcome
from persona_hub.transforms.take_down.naming import READ

VERSIONS_HEAD = (
    f"  {'version':16}{'created':22}{'personas in all':>17}{'added':>12}{'documents read':>16}{'US dollars':>12}"
)
VERSIONS_FOOT = (
    "* is the one that readers see; what is added, read and paid is of each version by itself",
    "rolled back: readers see nothing of it; so is what a job left that was killed as it published",
)


def list_hub_versions(options: ListingOptions, _: Sequence[str]) -> int:
    """Lists the versions, or the sources of the current one."""
    output = options.hub
    hub = open_hub(output)
    if options.sources:
        for source in sources_of(hub):
            say_lines([source])
        return DONE
    say(VERSIONS_HEAD)
    versions = list_versions(output)
    own = own_usages([*versions, *(run for _, run in runs_in(output))])
    seen = names_back({manifest.version: manifest for manifest in versions}, hub.manifest.version)
    for manifest in versions:
        mark = "* " if manifest.version == hub.manifest.version else "  "
        back = "" if manifest.version in seen else "  rolled back"
        say_lines([f"{mark}{version_line(manifest, own[manifest.version])}{back}"])
    say(*VERSIONS_FOOT[: 1 if len(seen) == len(versions) else 2])
    return DONE


def sources_of(hub: Hub) -> list[str]:
    """Where the documents were read that are in the hub: addresses, or for records without one "file, line n"."""
    gone = hub.tombstones().unwanted
    rows = (row for row in read_table(hub, "documents", DocumentOutcome) if row.outcome in READ)
    shown = {row.source for row in rows if not is_row_named(row, gone)}
    return sorted({address for source in shown for address in source.split(ADDRESS_END)})


def version_line(manifest: Manifest, usage: Usage) -> str:
    """A version in a line: all its personas, those that it added, documents read, what was paid for it, and how."""
    costs = [row["cost_usd"] for row in usage.values() if "cost_usd" in row]
    cost = f"{sum(costs):,.2f}" if costs else "-"
    read = sum(manifest.counts.get(stage, {}).get("document", 0) for stage in (READ_CORPUS, READ_PERSONAS))
    partial = f"  partial: {quantity(sum(manifest.partial.values()), 'question')} unasked" if manifest.partial else ""
    partial += f"  partial: {quantity(len(manifest.lost_files), 'file')} lost" if manifest.lost_files else ""
    return (
        f"{manifest.version:16}{manifest.created:22.19}{manifest.records_of('personas'):>17,}"
        f"{personas_added(manifest):>12,}{read:>16,}{cost:>12}{made_by(manifest)}{partial}"
    )


def personas_added(manifest: Manifest) -> int:
    """Personas that a version brought: neither those of a takedown that changed hands nor those that were compacted."""
    counts = manifest.counts
    others = (("take_down", "moved"), ("compact", "personas"), ("purge", "personas"))
    written = counts.get("write_hub", {}).get("personas", 0)
    return max(0, written - sum(counts.get(stage, {}).get(name, 0) for stage, name in others))


def made_by(manifest: Manifest) -> str:
    """What made a version that is neither a build nor a refresh."""
    if "take_down" in manifest.counts:
        return f"  takedown: {quantity(manifest.counts['take_down'].get('gone', 0), 'persona')} gone"
    if "compact" in manifest.counts:
        return "  compacted"
    is_purge = manifest.parent and manifest.counts.keys() <= {"write_hub", "purge"}
    return "  purge" if is_purge and manifest.counts.get("write_hub", {}).keys() <= {"removed"} else ""


if __name__ == "__main__":
    sys.exit(run_command("versions", list_hub_versions))
