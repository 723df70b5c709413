"""refresh: hub + new corpus -> the hub's next version."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from persona_hub.pipelines.build import BuildJob
from persona_hub.pipelines.cli.command_options import RefreshOptions
from persona_hub.pipelines.cli.exit_status import NothingToRead
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.embedders import check_embedder, warn_of_threshold
from persona_hub.pipelines.planning.plan import plan_refresh
from persona_hub.pipelines.planning.trust import continued
from persona_hub.pipelines.runners.job import run_job
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.corpus.corpus_records import NoFileError
from persona_hub.transforms.hub.versions import open_hub


def refresh_hub(options: RefreshOptions, beam_flags: Sequence[str]) -> int:
    """Adds to the hub what a corpus brings; returns the exit code."""
    return run_job(partial(plan_refresh_job, options), options, beam_flags)


def plan_refresh_job(options: RefreshOptions, where: Where) -> BuildJob:
    """The plan of the hub's next version. Raises NothingToRead where the corpus is not there yet."""
    hub = open_hub(options.hub)
    asked = continued(options, hub)
    check_embedder(asked, hub, where)
    warn_of_threshold(asked, hub.manifest.models)
    try:
        plan = plan_refresh(asked, where)
    except NoFileError as error:
        raise NothingToRead(f"nothing to read yet, {hub.output} stays at {hub.manifest.version}: {error}") from error
    if plan.use_cases and not plan.done:
        names = ", ".join(use_case.name for use_case in plan.use_cases)
        whence = "" if "use_case" in options.given else ", as the hub was built (--use_case none: no samples)"
        say(f"use cases     {names}{whence}", flush=True)
    return BuildJob(plan, where.runner)


if __name__ == "__main__":
    sys.exit(run_command("refresh", refresh_hub))
