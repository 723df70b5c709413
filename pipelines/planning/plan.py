"""What a job is going to do: all that can be wrong with its flags, prompts and files is found here, before it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import Any

from persona_hub.pipelines.cli.command_options import BuildOptions, RefreshOptions
from persona_hub.pipelines.cli.model_options import LanguageModelOptions, RepairOptions
from persona_hub.pipelines.cli.option import deciding_values, options_of
from persona_hub.pipelines.planning.budget import BudgetShares, stage_shares
from persona_hub.pipelines.planning.corpus.sources import check_sources, corpus_files, given_files, without_hops
from persona_hub.pipelines.planning.differences import differences
from persona_hub.pipelines.planning.embedders import across_of, identified
from persona_hub.pipelines.planning.forecast import budget_shares, forecast_build
from persona_hub.pipelines.planning.models import (
    HERE,
    chosen_sampling,
    embedder_of,
    embedder_price,
    embeds,
    model_of,
    model_price,
    named_model,
)
from persona_hub.pipelines.planning.samples.checks import checks_in_job, checks_of, decisive_checks, recorded_checks
from persona_hub.pipelines.planning.samples.choices import choice_in_build
from persona_hub.pipelines.planning.samples.judges import judge_price, prices_known
from persona_hub.pipelines.planning.samples.use_cases import use_cases_of
from persona_hub.pipelines.planning.sizing import ROW_BYTES, blocks_for, expected_personas, shards_for, with_relations
from persona_hub.pipelines.planning.token_limits import known_job, raises_limit
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.ask_attributes.ask_attributes import BY_MODEL
from persona_hub.transforms.ask_attributes.attributes_task import attributes_prompt
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.check_samples.checks import Checks
from persona_hub.transforms.choice.choice import Choice
from persona_hub.transforms.corpus.corpus_records import CorpusFile
from persona_hub.transforms.corpus.names import printable_name
from persona_hub.transforms.counting.losses import open_questions
from persona_hub.transforms.embedding.across_languages import AcrossLanguages
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.expand_persona.relation_task import expand_prompt
from persona_hub.transforms.extract_persona.extract_persona import extract_prompt
from persona_hub.transforms.hub.manifest import BaseManifest, Manifest, fingerprint
from persona_hub.transforms.hub.versions import (
    Hub,
    TargetVersion,
    lineage,
    read_version,
    version_to_add,
    version_to_build,
)
from persona_hub.transforms.llm.protocol import MALFORMED_REASONS, Sampling
from persona_hub.transforms.prompts import Prompt
from persona_hub.transforms.reasons import unanswered
from persona_hub.transforms.synthesis.use_case import UseCase

COMPRESSION = 4  # times the size of a compressed file that its text has, about

Unfinished = Callable[[BaseManifest], bool]
# (fingerprint, whether a version is unfinished, the checks as recorded) -> what is made, and what that adds to
Choose = Callable[[str, Unfinished, Mapping[str, Any]], tuple[TargetVersion, Hub | None]]


@dataclass(frozen=True, kw_only=True)
class BuildPlan:
    """A build, ready to run."""

    options: BuildOptions
    files: Sequence[CorpusFile]  # of the corpus
    given: Sequence[CorpusFile]  # of personas that exist
    model: ModelConfig
    sampling: Sampling
    token_limits: tuple[int, ...]  # of earlier runs
    embedder: EmbedderConfig
    across: AcrossLanguages | None  # how languages are compared, if they are
    extract: Prompt
    expand: Prompt
    attributes: Prompt | None  # None where no model is asked for them
    use_cases: Sequence[UseCase]
    checks: Checks
    checked: Mapping[str, Any]  # the checks as the manifest has them
    choice: Choice  # of the personas that samples are made of
    blocks: int  # parts of a shuffle
    shards: int  # files of a table
    priced: bool  # whether the prices of model and embedder are known
    version: str
    parent: str  # the version that CURRENT names when this one is published
    replaces: str  # the partial version that this one completes, if there is one
    fingerprint: str
    done: Manifest | None  # the version, if it has been published already
    base: Hub | None = None  # what this version adds to

    @property
    def asks(self) -> bool:
        """Whether the language model is asked anything."""
        return bool(self.files or self.use_cases or self.options.expand_hops or self.attributes)

    @property
    def store(self) -> str:
        """The response store, "" where nothing is paid."""
        return (self.model.store if self.asks else "") or (self.embedder.calls.store if self.embedder.calls else "")

    @property
    def prompts(self) -> dict[str, str]:
        """Hash of each prompt by its name."""
        steps = [self.extract, self.expand, *([self.attributes] if self.attributes else [])]
        return {prompt.name: prompt.prompt_hash for prompt in (*steps, *prompts(self.use_cases))}


def plan_build(options: BuildOptions, where: Where = HERE) -> BuildPlan:
    """The plan of a build. Raises ValueErrors that name the flag or file and the remedy."""

    def choose(content: str, left: Unfinished, checked: Mapping[str, Any]) -> tuple[TargetVersion, None]:
        told = partial(differences, asked, checked=checked)
        return version_to_build(options.output, content, left, told), None

    asked = without_hops(options)
    return planned(asked, where, choose)


def plan_refresh(options: RefreshOptions, where: Where = HERE) -> BuildPlan:
    """The plan of a refresh. Raises ValueErrors that name the flag or file and the remedy."""
    return planned(options, where, lambda content, left, _: version_to_add(options.output, content, left))


def planned(options: BuildOptions, where: Where, choose: Choose) -> BuildPlan:
    """The plan of a version. `choose` names it, and what it adds to, by a fingerprint of its content."""
    check_sources(options)
    files, given = corpus_files(options), given_files(options)
    extract, expand = extract_prompt(options.prompt_dir), expand_prompt(options.prompt_dir)
    ordered = use_cases_of(options)
    checks = checks_of(options, where, options.pii, [one.name for one in ordered])
    decisive = decisive_checks(options, checks, ordered)
    checked = recorded_checks(options, checks, decisive)
    attributes = attributes_prompt(options.prompt_dir) if options.attributes == BY_MODEL else None
    steps = [extract, expand, *([attributes] if attributes else [])]

    def content_of(job: BuildOptions) -> str:
        content = {**identified(job, where), **own_prompts(job), **decisive}
        return build_fingerprint(job, files, given, steps, content)

    options, limits, content = known_job(options, lineage(options.output), content_of)
    use_cases = use_cases_of(options, limits)
    here, there = float(bool(files)), float(bool(given))
    stages = forecast_build(options, extract, expand, use_cases, here, given=there, attributes=attributes)
    shares = budget_shares(stages, model_price(options), embedder_price(options), judge_price(options))
    model, embedder, priced = build_models(options, where, shares)
    across = across_of(options)
    chosen, base = choose(content, partial(unfinished, options=options), checked)
    before = read_version(options.output, chosen.replaces) if chosen.replaces else None
    model = replace(model, repairs=repairs_for(options, before))
    personas = personas_in(files, given, options)
    held = base.manifest.records_of("personas") if base else 0
    return BuildPlan(
        options=options,
        files=files,
        given=given,
        model=model,
        sampling=chosen_sampling(options, Sampling(), limits),
        token_limits=limits.earlier,
        embedder=embedder,
        across=across,
        extract=extract,
        expand=expand,
        attributes=attributes,
        use_cases=use_cases,
        checks=checks_in_job(checks, options, where, shares, limits, model.repairs),
        checked=checked,
        choice=choice_in_build(options, use_cases, has_vectors=options.embedding_threshold != 1.0),
        blocks=options.partitions or blocks_for(personas + held),
        shards=shards_for(personas),
        priced=priced,
        version=chosen.version,
        parent=chosen.parent,
        replaces=chosen.replaces,
        fingerprint=content,
        done=chosen.done,
        base=base,
    )


def personas_in(files: Sequence[CorpusFile], given: Sequence[CorpusFile], options: BuildOptions) -> int:
    """An upper estimate of the personas that a build makes of files of its corpus, and of those `given`."""
    rows = unpacked_size(given) // ROW_BYTES
    hops, per_persona = options.expand_hops, options.expand_per_persona
    made = expected_personas(unpacked_size(files), options.personas_per_document, hops, per_persona) if files else 0
    return max(1, made + with_relations(rows, hops, per_persona))


def unpacked_size(files: Sequence[CorpusFile]) -> int:
    """Bytes of what the files hold, about."""
    return sum(file.size * (COMPRESSION if file.compressed else 1) for file in files)


def build_fingerprint(
    options: BuildOptions,
    files: Sequence[CorpusFile],
    given: Sequence[CorpusFile],
    prompts: Sequence[Prompt],
    content: Mapping[str, Any],
) -> str:
    """A hash of all that decides what a build makes of its corpus: the same for the same hub.

    `content` takes the place of options that name a folder: what counts is what lies there.
    """
    return fingerprint(
        deciding_values(options)
        | {"llm": named_model(options)[0], **content}
        | {
            "files": [(printable_name(file.path), file.size) for file in files],
            "prompts": [prompt.prompt_hash for prompt in prompts],
        }
        | ({"given": [(printable_name(file.path), file.size) for file in given]} if given else {})
    )


def own_prompts(options: BuildOptions) -> dict[str, list[str]]:
    """What stands for --prompt_dir and --world in a fingerprint: hashes of the use cases' prompts."""
    named = [name for name in ("prompt_dir", "world") if getattr(options, name)]
    return dict.fromkeys(named, [prompt.prompt_hash for prompt in prompts(use_cases_of(options))] if named else [])


def build_models(options: BuildOptions, where: Where, shares: BudgetShares) -> tuple[ModelConfig, EmbedderConfig, bool]:
    """(language model, embedder, whether the prices of both and of the judge are known); they share a budget."""
    priced = prices_known(options) and (embedder_price(options) is not None or not embeds(options))
    model = model_of(options, where, shares)
    return model, embedder_of(options, where, stage_shares(options, shares)), priced


def unfinished(made: BaseManifest, options: LanguageModelOptions) -> bool:
    """Whether the same command asks again: for what is open, lost beyond the share, or lost and to be repaired more or
    with more tokens.
    """
    still_open = any(map(unanswered, made.partial)) or bool(lost_beyond(made, options))
    malformed = any(counts.get(f"lost-{reason}") for counts in made.counts.values() for reason in MALFORMED_REASONS)
    return still_open or (malformed and (options.retry_malformed > repairs_of(made) or raises_limit(options, made)))


def repairs_for(options: RepairOptions, before: BaseManifest | None) -> int:
    """How often this run asks for a malformed answer again, where `before` is the unfinished one that it completes.

    Answers are stored, so the questions that were repaired once and lost are repaired a second time: asked as before,
    they would have the same answers. A run after one with 2 repairs that lost too many makes 3.
    """
    if before is None:
        return options.retry_malformed
    return max(options.retry_malformed, repairs_of(before) + bool(lost_beyond(before, options)))


def repairs_of(made: BaseManifest) -> int:
    """How often a run asked for a malformed answer again."""
    default = options_of(RepairOptions)["retry_malformed"].default  # of manifests from before there was this flag
    return made.repairs or int(made.parameters.get("retry_malformed", default))


def lost_beyond(made: BaseManifest, options: RepairOptions) -> list[str]:
    """Reasons of the answers that a run has lost, where they are more than the share that may be."""
    return [reason for reason in open_questions(made.counts, options.max_lost) if not unanswered(reason)]


def prompts(use_cases: Sequence[UseCase]) -> list[Prompt]:
    """The prompts of use cases."""
    return [use_case.prompt for use_case in use_cases]


def code_version() -> str:
    """The installed version of this package."""
    return version("persona-hub")
