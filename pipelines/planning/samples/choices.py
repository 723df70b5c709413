"""Which personas samples are made of, from options: what cannot be chosen by is found before anything starts."""

from __future__ import annotations

from collections.abc import Sequence

from persona_hub.pipelines.cli.corpus_options import UseCaseOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.samples.check_options import AcceptedOptions
from persona_hub.pipelines.planning.samples.own_columns import own_names, own_table
from persona_hub.transforms.choice.choice import DIVERSE, MOST_DIVERSE, RANDOM, Choice, parse_method
from persona_hub.transforms.choice.columns import Column, tables_of
from persona_hub.transforms.choice.given_columns import told_columns, unknown_given
from persona_hub.transforms.choice.own_columns import OWN_COLUMNS
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Attributes
from persona_hub.transforms.synthesis.use_case import UseCase

COMPLETED = "`persona-hub compact --hub` completes it"
NEEDS_VECTORS = "there are no clusters where there are no vectors (--embedding_threshold 1.0)"
TABLES_OF_ALL = ("attributes",)  # that have a row of every persona


def choice_of(options: UseCaseOptions) -> Choice:
    """The choice that options name. Raises UsageError where they do not go together."""
    most, flag = options.max_samples, "--max_samples N"
    if isinstance(options, AcceptedOptions) and options.accepted:
        if options.max_samples:
            raise UsageError("--max_samples: with --accepted N it is --candidates M that says how many are asked for")
        most, flag = options.candidates, "--candidates M"
    choice = Choice(
        where=options.where,
        method=parse_method(options.choose),
        seed=options.choose_seed,
        samples=most,
        each=options.samples_per_persona,
        **own_table(options),
    )
    if choice.own_files and OWN_COLUMNS not in choice.tables:
        raise UsageError("--columns: no column given.NAME stands in --where or --choose; ask as in given.quota=1")
    if choice.method.name != RANDOM and not choice.personas:
        raise UsageError(f"--choose {choice.method}: {flag} says of how many; without it all personas are used")
    if choice.method.name == DIVERSE and choice.personas > MOST_DIVERSE:
        raise UsageError(
            f"--choose diverse: {choice.personas:,} personas; it chooses at most {MOST_DIVERSE:,} (--max_samples over "
            "--samples_per_persona). For more, --choose stratified:cluster"
        )
    return choice


def choice_of_hub(options: UseCaseOptions, hub: Hub) -> Choice:
    """The choice among a hub's personas. Raises UsageError for a table, vectors or a given column that it lacks."""
    choice = choice_of(options)
    for column in choice.columns:
        require_table(column, flag_of(column, choice), hub)
    own = own_names(choice.own_files)
    asked = [column for column in choice.columns if column not in own]
    unknown, known = unknown_given(asked, read_table(hub, "attributes", Attributes))
    if unknown:
        raise UsageError(
            f"--{flag_of(unknown[0], choice)}: no persona of version {hub.manifest.version} of {hub.output} came with "
            f"a column {unknown[0]}; there are: {told_columns([*own, *known])}"
        )
    if choice.method.name == DIVERSE and not hub.paths("vectors"):
        raise UsageError(
            f"--choose diverse: version {hub.manifest.version} of {hub.output} has no vectors "
            "(--embedding_threshold 1.0); use --choose stratified:COLUMN or random"
        )
    return choice


def flag_of(column: Column, choice: Choice) -> str:
    """The flag that names a column."""
    return "choose" if column in choice.method.columns else "where"


def require_table(column: Column, flag: str, hub: Hub) -> None:
    """Raises UsageError where the version has not the table of a column, or lacks some of its rows."""
    there, wanted = hub.manifest.records_of(column.table), hub.manifest.records_of("personas")
    if hub.paths(column.table) and (there >= wanted or column.table not in TABLES_OF_ALL):
        return
    if column.table == "members" and not hub.paths("vectors"):
        raise UsageError(
            f"--{flag}: {column}: version {hub.manifest.version} of {hub.output} has none; {NEEDS_VECTORS}"
        )
    has = f"has the rows of {there:,} of {wanted:,} personas" if there else "has none"
    raise UsageError(
        f"--{flag}: {column} is a column of the table {column.table}, of which version {hub.manifest.version} of "
        f"{hub.output} {has}; {COMPLETED}"
    )


def choice_in_build(options: UseCaseOptions, use_cases: Sequence[UseCase], has_vectors: bool) -> Choice:
    """The choice among the personas that a build keeps. Raises UsageError for what these do not have."""
    if not use_cases:
        if idle := sorted(options.given & {"where", "choose", "choose_seed"}):
            raise UsageError(f"--{idle[0]}: chooses the personas that samples are made of; name --use_case, too")
        return Choice()
    choice = choice_of(options)
    if choice.own_files:
        raise UsageError("--columns: of the personas of a hub that is there; goes with --hub")
    if not has_vectors and "members" in choice.tables:
        flag = "--choose" if "members" in tables_of(choice.method.columns) else "--where"
        raise UsageError(f"{flag}: cluster: there are no clusters with --embedding_threshold 1.0")
    if choice.method.name == DIVERSE and not has_vectors:
        raise UsageError("--choose diverse: there are no vectors with --embedding_threshold 1.0")
    return choice
