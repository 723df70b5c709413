"""gc: what no kept version of a hub names is removed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.cli.hub_options import CleaningOptions
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.hub.orphans import find_orphans, remove_orphans
from persona_hub.transforms.hub.versions import open_hub


def collect_garbage(options: CleaningOptions, _: Sequence[str]) -> int:
    """Removes what no kept version names."""
    output, idle = options.hub, options.older_than_hours * 3600
    open_hub(output)
    clean = find_orphans if options.dry_run else remove_orphans
    found = clean(output, options.keep, idle)
    outcome = "would remove" if options.dry_run else "removed"
    versions, files = quantity(len(found.versions), "version"), quantity(len(found.files), "file")
    say(f"{outcome}: {versions}, {files}, {quantity(found.bytes, 'byte')}")
    for version in found.versions:
        say(f"  {version}")
    return DONE


if __name__ == "__main__":
    sys.exit(run_command("gc", collect_garbage))
