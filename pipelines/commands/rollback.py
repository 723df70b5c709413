"""rollback: an earlier version of a hub becomes the one that readers see."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from persona_hub.pipelines.cli.exit_status import DONE, UsageError
from persona_hub.pipelines.cli.hub_options import RollbackOptions
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.named_sources import some_of
from persona_hub.transforms.counting.quantity import noun_for, quantity
from persona_hub.transforms.hub.current import exclusive, set_current
from persona_hub.transforms.hub.tombstones import NEVER_AGAIN, REMOVED_SOURCE, number_of
from persona_hub.transforms.hub.versions import Hub, missing_files, open_hub, path_of


def roll_back(options: RollbackOptions, _: Sequence[str]) -> int:
    """Makes an earlier version the one that readers see; nothing is deleted. Beyond a takedown only if that is told."""
    output = options.hub
    shown = open_hub(output)
    current = shown.manifest
    if not (options.version or current.parent):
        raise UsageError(f"{output}: {current.version} is the first version, there is none before it")
    hub = open_hub(output, options.version or current.parent)
    version = hub.manifest.version
    if lacking := missing_files(hub):
        raise UsageError(f"--version {version}: {lacking[0]} is not there any more; see `persona-hub versions`")
    undone = takedowns_between(hub, shown)
    if undone and not options.undo_takedowns:
        raise UsageError(
            f"--version {version}: was made before {undone}, and readers would see again what was removed then; name a "
            "later version, or add --undo_takedowns"
        )
    with exclusive(output):
        set_current(output, current.version, version)
    personas = quantity(hub.manifest.records_of("personas"), "persona")
    say(f"{output}: readers see version {version} ({personas}) from now on")
    if undone:
        say(f"undone        {undone}: what was removed then is shown again, but for what a purge has erased")
    return DONE


def takedowns_between(earlier: Hub, later: Hub) -> str:
    """What has been taken down since one version that holds in the other, in words; "" for nothing.

    Tombstones are compared, and not versions: a compaction moves them, and a takedown may stand on both sides.
    """
    kept, removed = earlier.tombstones().unwanted, later.tombstones().removed
    lost = {key: number for key, number in removed.items() if key[0] in NEVER_AGAIN and key[1] not in kept}
    if not lost:
        return ""
    versions = sorted({name for name, number in folders_of(later) if number in lost.values()})
    named = sorted(key for kind, key in lost if kind == REMOVED_SOURCE) or sorted(key for _, key in lost)
    return f"the takedown of {some_of(named)} ({noun_for(len(versions), 'version')} {', '.join(versions)})"


def folders_of(hub: Hub) -> list[tuple[str, int]]:
    """(version, its number) of those whose tombstones a version has."""
    files = hub.manifest.files_of("removed")
    return [(entry.folder.rpartition("/")[2], number_of(path_of(hub.output, entry.path))) for entry in files]


if __name__ == "__main__":
    sys.exit(run_command("rollback", roll_back))
