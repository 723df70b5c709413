"""What a job says when it is done: counts, where the files lie, and something to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from persona_hub.pipelines.planning.trust import NO_USE_CASE
from persona_hub.pipelines.reporting.accepted import rejected_lines
from persona_hub.pipelines.reporting.judged import judged_lines
from persona_hub.pipelines.reporting.own_usage import Usage, usage_by_name
from persona_hub.transforms.counting.losses import all_lost, refused_inputs
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.counting.stages import (
    CHECK,
    EXPAND_PERSONA,
    EXTRACT_PERSONA,
    JUDGE,
    LEFT_OUT,
    SYNTHESIZE,
    VERIFY,
    synthesize_stage,
)
from persona_hub.transforms.expand_persona.one_hop import LOW_NOVELTY
from persona_hub.transforms.hub.manifest import BaseManifest, Manifest
from persona_hub.transforms.hub.reading import read_manifest_files
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.versions import Hub, list_attempts, list_runs, open_hub, path_of
from persona_hub.transforms.judging.agreement import GOLD
from persona_hub.transforms.llm.protocol import MALFORMED_REASONS
from persona_hub.transforms.records import Persona, Sample, excerpt, printable

NOTHING_LEFT = "nothing is to be done"
SHOWN_PERSONAS = 3
SHOWN_COLUMNS, SHOWN_OF_NAME = 5, 40
SHOWN_CHARACTERS = 300
ELSEWHERE = (
    "documents",
    "personas",
    "expanded",
    "passed-over",
    LOW_NOVELTY,
    "not-asked",
)  # counts that have no place in a line


def build_summary(output: str) -> str:
    """The summary of a build: of the version that it made."""
    hub = open_hub(output)
    manifest = hub.manifest
    own = usage_by_name(output).get(manifest.version, manifest.usage)
    head = [*counted(manifest.counts), *left_out(manifest.counts), "", *paid(own, manifest.usage), *novel(manifest)]
    return "\n".join(map(printable, [*head, *locations(hub), "", *first_records(hub)]))


def samples_summary(output: str, run: str) -> str:
    """The summary of a run that made samples."""
    runs = [(use_case, made) for use_case, made in list_runs(output) if made.run == run]
    lines = list(counted(runs[0][1].counts)) if runs else ["no samples were made; see dead_letters"]
    lines += list(paid(usage_by_name(output).get(run, runs[0][1].usage), runs[0][1].usage)) if runs else []
    for use_case, made in runs:
        folder = path_of(output, f"samples/{use_case}/{run}")
        lines.append(f"{use_case:20}{folder}  ({made.records_of('samples'):,})")
        first = next(read_manifest_files(output, made, "samples", Sample), None)
        if first:
            lines.append(f"  {excerpt(first.text, SHOWN_CHARACTERS)}")
        lines += [*judged_lines(use_case, made), *rejected_lines(output, made)]
    if letters := (runs[0][1].counts.get("dead_letters", {}).get("letters", 0) if runs else 0):
        lines.append(f"{'dead letters':20}{path_of(output, f'dead_letters/{run}')}  ({letters:,})")
    return "\n".join(map(printable, lines))


def already_done(output: str, manifest: Manifest, current: str, lacking: Sequence[str] = ()) -> str:
    """What a build says that finds its work done; `current` is the version that readers see by now, `lacking` the use
    cases that it asks for and that nobody has made samples of.
    """
    since = f" (readers see {current}, which came of it since)" if current != manifest.version else ""
    held = "the personas" if lacking else "the result"
    left = nothing_left(manifest)
    rest = "" if lacking and left == NOTHING_LEFT else f"; {left}"
    return (
        f"{output} already holds {held} of this command: version {manifest.version}, made {manifest.created}{since}"
        f"{rest}"
    )


def unmade_use_cases(output: str, manifest: Manifest, use_cases: Sequence[str]) -> list[str]:
    """Those of which neither the version nor a run beside it has made samples."""
    made = {use_case for use_case, _ in list_runs(output)}
    return [name for name in use_cases if name not in made and synthesize_stage(name) not in manifest.counts]


def samples_done(output: str, run: str) -> str:
    """What a run of samples says that finds its work done."""
    made = [one for one in list_attempts(output, run) if one.run == run]
    return f"{output} already holds these samples, as run {run}; {nothing_left(made[-1] if made else BaseManifest())}"


def nothing_left(made: BaseManifest) -> str:
    """Whether anything is left to do: some answers may be lacking, too few to matter or refused for their inputs."""
    refused, lost = refused_inputs(made.counts), all_lost(made.counts)
    if not refused and not lost:
        return "but it lacks whole files" if made.lost_files else NOTHING_LEFT
    every = dict(sorted((Counter(refused) + Counter(lost)).items()))
    why = ", ".join(f"{reason} {n:,}" for reason, n in every.items())
    asked = quantity(sum(every.values()), "question")
    said = f"complete, but for {asked} without an answer ({why}), which dead_letters/ lists"
    return (
        f"{said}; a higher --retry_malformed asks for what was malformed again"
        if lost.keys() & MALFORMED_REASONS
        else said
    )


def nothing_new(output: str, version: str, run: str) -> str:
    """What a refresh says that read nothing new, and so made no version."""
    runs = [made for made in list_attempts(output, run) if made.run == run]
    read = "\n".join(map(printable, counted(runs[-1].counts))) if runs else ""
    lost = runs[-1].records_of("dead_letters") if runs else 0
    aside = f"dead letters  {path_of(output, f'dead_letters/{run}')}  ({lost:,})\n" if lost else ""
    return f"{read}\n{aside}nothing new: {output} stays at version {version}".lstrip()


def counted(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """One line for each step: what came in and what became of it."""
    for stage, whole, kept in (
        ("read_corpus", "records", "document"),
        ("read_personas", "records", "document"),
        ("extract_persona", "asked", "answered"),
        ("expand_persona", "asked", "answered"),
        ("filter_persona", "personas", "kept"),
        ("unique_personas", "personas", "unique"),
        ("minhash_dedup", "personas", "kept"),
        ("embed_dedup", "personas", "kept"),
        ("ask_attributes", "asked", "answered"),
        *(
            (stage, "asked", "answered")
            for kind in (SYNTHESIZE, VERIFY, JUDGE)
            for stage in counts
            if stage.startswith(f"{kind}_")
        ),
        *((stage, "samples", "accepted") for stage in counts if stage.startswith(f"{CHECK}_")),
    ):
        found = counts.get(stage, {})
        if not found.get(whole):
            continue
        others = {
            name: n for name, n in found.items() if name not in (whole, kept, *ELSEWHERE) and not name.startswith(GOLD)
        }
        rest = ", ".join(
            f"{n:,} {name.removeprefix('lost-').removeprefix('rejected-')}" for name, n in others.items() if n
        )
        line = f"{stage.replace('_', ' '):28}{found[whole]:>10,} {whole:9}{found.get(kept, 0):>10,} {kept:9}"
        yield f"{line} {rest}".rstrip()


def left_out(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Which columns of given personas are not kept, or not always, and why: the rows that have them."""
    found = sorted(counts.get(LEFT_OUT, {}).items(), key=lambda item: (-item[1], item[0]))
    named = [
        f"{excerpt(column, SHOWN_OF_NAME)} ({n:,}, {why})"
        for name, n in found
        for why, _, column in [name.partition(" ")]
    ]
    if named:
        more = f" and {len(named) - SHOWN_COLUMNS} more" if len(named) > SHOWN_COLUMNS else ""
        yield f"left out      of the rows' other columns: {', '.join(named[:SHOWN_COLUMNS])}{more}"


def paid(own: Usage, counted_so_far: Usage | None = None) -> Iterator[str]:
    """What the answers of a version or run took, and where the store has counted more before, all that it has."""
    mine, whole = total_usage(own), total_usage(own if counted_so_far is None else counted_so_far)
    if not whole.get("calls"):
        return
    tokens = f"{quantity(mine['input_tokens'], 'token')} in, {mine['output_tokens']:,.0f} out"
    estimated = f" ({quantity(mine['estimated'], 'call')} estimated)" if mine.get("estimated") else ""
    yield f"model         {quantity(mine['calls'], 'call')}, {tokens}{estimated}{cost_in(mine)}"
    judged = total_usage({stage: row for stage, row in own.items() if stage.startswith(f"{JUDGE}_")})
    if judged.get("calls"):
        in_and_out = f"{quantity(judged['input_tokens'], 'token')} in, {judged['output_tokens']:,.0f} out"
        yield f"of that judge {quantity(judged['calls'], 'call')}, {in_and_out}{cost_in(judged)}"
    if whole["calls"] > mine["calls"]:
        calls = quantity(whole["calls"], "call")
        yield f"so far        {calls} of these steps{cost_in(whole)}, with those of earlier runs"


def total_usage(usage: Usage) -> dict[str, float]:
    """The sum over all stages."""
    return {name: sum(row.get(name, 0) for row in usage.values()) for row in usage.values() for name in row}


def cost_in(whole: Mapping[str, float]) -> str:
    """The price of some calls, as the end of a line."""
    return f", {whole['cost_usd']:,.2f} US dollars" if "cost_usd" in whole else ", at a price that is not known"


def novel(manifest: Manifest) -> Iterator[str]:
    """New personas for each document, hop by hop: where it falls, expanding further is not worth its price."""
    asked = EXTRACT_PERSONA in manifest.counts or EXPAND_PERSONA in manifest.counts
    if asked and (by_hop := manifest.novelty.get("by_hop")):
        hops = ", ".join(f"hop {hop} {row['per_document']:.2f}" for hop, row in by_hop.items())
        dollar = f", {manifest.novelty['per_dollar']:,.0f} a dollar" if "per_dollar" in manifest.novelty else ""
        yield f"novelty       {manifest.novelty['per_document']:.2f} new personas a document ({hops}){dollar}"
    if stopped := manifest.counts.get(EXPAND_PERSONA, {}).get(LOW_NOVELTY):
        hop, row = max((hop, row) for hop, row in manifest.novelty["by_hop"].items() if "per_answer" in row)
        least = manifest.parameters["stop_below_novelty"]
        yield (
            f"expansion     ended with hop {hop}: {row['per_answer']:.3f} new personas for each answer are under "
            f"--stop_below_novelty {least:g}; {stopped:,} were not expanded"
        )


def locations(hub: Hub) -> Iterator[str]:
    """Where the files are."""
    counts = hub.manifest.counts.get("write_hub", {})
    own, whole = counts.get("personas", 0), hub.manifest.records_of("personas")
    added = "" if own == whole else f", {whole:,} with those of earlier versions"
    yield f"hub           {path_of(hub.output, hub.manifest.folder)}  ({quantity(own, 'persona')}{added})"
    if counts.get("samples"):
        yield f"samples       {path_of(hub.output, 'samples')}  ({counts['samples']:,})"
    elif own and passed_nobody(hub.manifest):
        yield f"samples       none: --where {hub.manifest.parameters['where']} holds of none of these personas"
    if counts.get("dead_letters"):
        letters = path_of(hub.output, f"dead_letters/{hub.manifest.version}")
        yield f"dead letters  {letters}  ({counts['dead_letters']:,})"


def passed_nobody(manifest: Manifest) -> bool:
    """Whether samples were asked for, and a condition let none of the new personas pass."""
    asked = {*manifest.parameters.get("use_case", ())} - {NO_USE_CASE}
    return bool(asked and manifest.parameters.get("where") and not manifest.partial)


def first_records(hub: Hub) -> Iterator[str]:
    """A few personas that the version has added, and a sample of its run."""
    added = (persona for path in hub.own_paths("personas") for persona in read_file(path, Persona))
    for persona in islice(added, SHOWN_PERSONAS):
        yield f"persona  {excerpt(persona.text, SHOWN_CHARACTERS)}"
    own = [(use_case, run) for use_case, run in list_runs(hub.output) if run.run == hub.manifest.version]
    for use_case, run in own:
        for line in judged_lines(use_case, run):
            yield f"{use_case}:{line}"
    for use_case, run in own:
        for sample in islice(read_manifest_files(hub.output, run, "samples", Sample), 1):
            yield f"sample   {use_case}: {excerpt(sample.text, SHOWN_CHARACTERS)}"
            return
