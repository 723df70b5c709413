"""rollback: an earlier version of a hub becomes the one that readers see."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from persona_hub.pipelines.cli.exit_status import DONE, UsageError
from persona_hub.pipelines.cli.hub_options import VersionOptions
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.transforms.hub.current import exclusive, set_current
from persona_hub.transforms.hub.versions import missing_files, open_hub


def roll_back(options: VersionOptions, _: Sequence[str]) -> int:
    """Makes an earlier version the one that readers see; nothing is deleted."""
    output = options.hub
    current = open_hub(output).manifest
    if not (options.version or current.parent):
        raise UsageError(f"{output}: {current.version} is the first version, there is none before it")
    hub = open_hub(output, options.version or current.parent)
    version = hub.manifest.version
    if lacking := missing_files(hub):
        raise UsageError(f"--version {version}: {lacking[0]} is not there any more; see `persona-hub versions`")
    with exclusive(output):
        set_current(output, current.version, version)
    say(f"{output}: readers see version {version} ({hub.manifest.records_of('personas'):,} personas) from now on")
    return DONE


if __name__ == "__main__":
    sys.exit(run_command("rollback", roll_back))
