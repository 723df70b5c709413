"""refresh: hub + new corpus -> the hub's next version."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from persona_hub.pipelines.build import BuildJob
from persona_hub.pipelines.cli.command_options import RefreshOptions
from persona_hub.pipelines.cli.exit_status import NothingToRead, UsageError
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.plan import plan_refresh
from persona_hub.pipelines.planning.trust import continued
from persona_hub.pipelines.runners.job import run_job
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.corpus.corpus_records import NoFileError
from persona_hub.transforms.hub.versions import Hub, open_hub


def refresh_hub(options: RefreshOptions, beam_flags: Sequence[str]) -> int:
    """Adds to the hub what a corpus brings; returns the exit code."""
    return run_job(partial(plan_refresh_job, options), options, beam_flags)


def plan_refresh_job(options: RefreshOptions, where: Where) -> BuildJob:
    """The plan of the hub's next version. Raises NothingToRead where the corpus is not there yet."""
    hub = open_hub(options.hub)
    asked = continued(options, hub)
    check_embedder(asked, hub)
    try:
        plan = plan_refresh(asked, where)
    except NoFileError as error:
        raise NothingToRead(f"nothing to read yet, {hub.output} stays at {hub.manifest.version}: {error}") from error
    return BuildJob(plan, where.runner)


def check_embedder(options: RefreshOptions, hub: Hub) -> None:
    """Raises UsageError where vectors of the new personas could not be compared with the hub's."""
    if options.embedding_threshold == 1.0:
        return
    made_with = hub.manifest.models.get("embedder", options.embedder)
    if made_with != options.embedder:
        raise UsageError(
            f"--embedder {options.embedder}: the vectors of this hub are of {made_with}, and those of two embedders "
            f"cannot be compared; leave the flag out, or build a new hub"
        )
    before = hub.manifest.parameters.get("embedding_dimensions", 0)
    if options.embedding_dimensions != before:
        raise UsageError(
            f"--embedding_dimensions {options.embedding_dimensions}: the vectors of this hub were asked for with "
            f"{before}, and those of two sizes cannot be compared; leave the flag out, or build a new hub"
        )


if __name__ == "__main__":
    sys.exit(run_command("refresh", refresh_hub))
