"""What a job is going to do: all that can be wrong with its flags, prompts and files is found here, before it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import Any

from persona_hub.pipelines.cli.commands import EMBEDDER_CALLS, SPENDING
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.planning.forecast import StageForecast, budget_shares, forecast_build
from persona_hub.pipelines.planning.models import (
    HERE,
    Flags,
    base_url_of,
    embedder_of,
    embedder_price,
    embeds,
    model_of,
    named_model,
    sampling_of,
)
from persona_hub.pipelines.planning.sizing import blocks_for, expected_personas, shards_for
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.found import CorpusFile
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.expand_persona.relation_task import expand_prompt
from persona_hub.transforms.extract_persona.extract_persona import extract_prompt
from persona_hub.transforms.hub.manifest import Made, Manifest, fingerprint
from persona_hub.transforms.hub.versions import Hub, ToBuild, version_to_add, version_to_build
from persona_hub.transforms.llm.prices import price_of
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.prompts import Prompt
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesis.use_cases import USE_CASES, load_use_case

# Flags that decide how a job runs, and not what comes of it.
RUNNING = (
    "input",
    "output",
    "hub",
    "llm_base_url",
    "llm_api_key_secret",
    "batch_model",
    *SPENDING,
    *EMBEDDER_CALLS,
    "partitions",
    "use_case",
    "samples_per_persona",
    "max_samples",
    "examples",
)

Unfinished = Callable[[Made], bool]


@dataclass(frozen=True, kw_only=True)
class BuildPlan:
    """A build, ready to run."""

    flags: Flags
    files: Sequence[CorpusFile]
    model: ModelConfig
    sampling: Sampling
    embedder: EmbedderConfig
    extract: Prompt
    expand: Prompt
    use_cases: Sequence[UseCase]
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
    def store(self) -> str:
        """The response store, "" where nothing is paid."""
        return self.model.store or (self.embedder.calls.store if self.embedder.calls else "")

    @property
    def prompts(self) -> dict[str, str]:
        """Hash of each prompt by its name."""
        return {prompt.name: prompt.prompt_hash for prompt in (self.extract, self.expand, *prompts(self.use_cases))}


def plan_build(flags: Flags, where: Where = HERE) -> BuildPlan:
    """The plan of a build. Raises ValueErrors that name the flag or file and the remedy."""
    return planned(flags, where, lambda content, left: (version_to_build(flags["output"], content, left), None))


def plan_refresh(flags: Flags, where: Where = HERE) -> BuildPlan:
    """The plan of a refresh. Raises ValueErrors that name the flag or file and the remedy."""
    return planned(flags, where, lambda content, left: version_to_add(flags["output"], content, left))


def planned(flags: Flags, where: Where, choose: Callable[[str, Unfinished], tuple[ToBuild, Hub | None]]) -> BuildPlan:
    """The plan of a version. `choose` names it, and what it adds to, by a fingerprint of its content."""
    files = match_corpus(flags["input"], "warc" if flags["format"] == "wet" else flags["format"])
    personas = expected_personas(
        sum(file.size * (4 if file.compressed else 1) for file in files),
        flags["personas_per_document"],
        flags["expand_hops"],
        flags["expand_per_persona"],
    )
    extract, expand = extract_prompt(flags["prompt_dir"]), expand_prompt(flags["prompt_dir"])
    use_cases = use_cases_of(flags)
    stages = forecast_build(flags, extract, expand, use_cases, documents=1.0)
    model, embedder, priced = build_models(flags, where, stages)
    decisive = {name: value for name, value in flags.items() if name not in RUNNING}
    content = fingerprint(
        decisive
        | {"llm": model.name}
        | {"files": [(file.path, file.size) for file in files], "prompts": [extract.prompt_hash, expand.prompt_hash]}
    )
    chosen, base = choose(content, partial(unfinished, flags=flags))
    held = base.manifest.records_of("personas") if base else 0
    return BuildPlan(
        flags=flags,
        files=files,
        model=model,
        sampling=sampling_of(flags, Sampling()),
        embedder=embedder,
        extract=extract,
        expand=expand,
        use_cases=use_cases,
        blocks=flags["partitions"] or blocks_for(personas + held),
        shards=shards_for(personas),
        priced=priced,
        version=chosen.version,
        parent=chosen.parent,
        replaces=chosen.replaces,
        fingerprint=content,
        done=chosen.done,
        base=base,
    )


def build_models(
    flags: Flags, where: Where, stages: Sequence[StageForecast]
) -> tuple[ModelConfig, EmbedderConfig, bool]:
    """The model and the embedder, the budget shared among the stages as they are expected, and whether both prices are
    known.
    """
    name, _ = named_model(flags)
    price = price_of(name, base_url_of(flags), flags["price_file"])
    embedding_price = embedder_price(flags)
    shares = budget_shares(stages, price, embedding_price)
    priced = price is not None and (embedding_price is not None or not embeds(flags))
    return model_of(flags, where, shares), embedder_of(flags, where, shares), priced


def unfinished(made: Made, flags: Flags) -> bool:
    """Whether questions were left unasked, or given up earlier than the flags now say."""
    malformed = any(counts.get("lost-malformed") for counts in made.counts.values())
    again = malformed and flags["retry_malformed"] > made.parameters.get("retry_malformed", 1)
    return bool(made.partial) or again


def use_cases_of(flags: Flags) -> list[UseCase]:
    """The use cases by name or file, `all` being the six; each once. Raises UseCaseError."""
    names = [name for given in flags["use_case"] for name in (USE_CASES if given == "all" else (given,))]
    loaded = [load_use_case(name, flags["prompt_dir"], flags["examples"]) for name in dict.fromkeys(names)]
    found = [replace(use_case, sampling=sampling_of(flags, use_case.sampling)) for use_case in loaded]
    taken = [use_case.name for use_case in found]
    twice = [name for name in taken if taken.count(name) > 1]
    if twice:
        raise UsageError(f"--use_case: two use cases are called {twice[0]!r}; give one of them another name")
    return found


def prompts(use_cases: Sequence[UseCase]) -> list[Prompt]:
    """The prompts of use cases."""
    return [use_case.prompt for use_case in use_cases]


def plain(flags: Flags) -> dict[str, Any]:
    """The flags as a manifest holds them."""
    return {name: value for name, value in sorted(flags.items()) if value not in ("", None, [])}


def code_version() -> str:
    """The installed version of this package."""
    return version("persona-hub")
