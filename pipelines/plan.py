"""What a job is going to do: all that can be wrong with its flags, prompts and files is found here, before it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from pipelines.errors import UsageError
from pipelines.sizing import blocks_for, expected_personas, shards_for
from transforms.corpus.files import match_corpus
from transforms.corpus.found import CorpusFile
from transforms.embedding.protocol import EmbedderConfig
from transforms.expand_persona import prompt_of as expand_prompt
from transforms.extract_persona import prompt_of as extract_prompt
from transforms.hub.manifest import Manifest, fingerprint
from transforms.hub.versions import version_to_build
from transforms.llm.protocol import ModelConfig, Sampling
from transforms.llm.registry import split_name
from transforms.prompts import Prompt
from transforms.synthesis.use_case import UseCase
from transforms.synthesis.use_cases import USE_CASES, load_use_case

Flags = Mapping[str, Any]
# Flags that decide how a job runs, and not what comes of it.
RUNNING = (
    "input",
    "output",
    "llm_base_url",
    "max_in_flight",
    "partitions",
    "use_case",
    "samples_per_persona",
    "max_samples",
    "examples",
)


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
    version: str
    fingerprint: str
    done: Manifest | None  # the version, if it has been published already

    @property
    def prompts(self) -> dict[str, str]:
        """Hash of each prompt by its name."""
        return {prompt.name: prompt.prompt_hash for prompt in (self.extract, self.expand, *prompts(self.use_cases))}


def plan_build(flags: Flags) -> BuildPlan:
    """The plan of a build. Raises ValueErrors that name the flag or file and the remedy."""
    output = flags["output"]
    files = match_corpus(flags["input"], "warc" if flags["format"] == "wet" else flags["format"])
    personas = expected_personas(
        sum(file.size * (4 if file.compressed else 1) for file in files),
        flags["personas_per_document"],
        flags["expand_hops"],
        flags["expand_per_persona"],
    )
    extract, expand = extract_prompt(flags["prompt_dir"]), expand_prompt(flags["prompt_dir"])
    decisive = {name: value for name, value in flags.items() if name not in RUNNING}
    content = fingerprint(
        decisive
        | {"files": [(file.path, file.size) for file in files], "prompts": [extract.prompt_hash, expand.prompt_hash]}
    )
    name, done = version_to_build(output, content)
    return BuildPlan(
        flags=flags,
        files=files,
        model=model_of(flags),
        sampling=sampling_of(flags, Sampling()),
        embedder=EmbedderConfig(flags["embedder"]),
        extract=extract,
        expand=expand,
        use_cases=use_cases_of(flags),
        blocks=flags["partitions"] or blocks_for(personas),
        shards=shards_for(personas),
        version=name,
        fingerprint=content,
        done=done,
    )


def model_of(flags: Flags) -> ModelConfig:
    """The language model. Raises ValueError for a backend that is not there."""
    split_name(flags["llm"])
    return ModelConfig(flags["llm"], flags["llm_base_url"], flags["max_in_flight"])


def sampling_of(flags: Flags, default: Sampling) -> Sampling:
    """How the model draws its answers: as the flags say, else as `default` does."""
    given = {name: flags[name] for name in ("temperature", "top_p", "max_tokens", "seed") if flags[name] is not None}
    return replace(default, **given)


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
