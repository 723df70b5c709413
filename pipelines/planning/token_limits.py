"""A higher --max_tokens goes on with a run that lost answers for want of tokens; what it has whole stays paid."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.model_options import SamplingOptions
from persona_hub.pipelines.planning.embedders import as_in_earlier_releases
from persona_hub.transforms.hub.manifest import BaseManifest, Manifest
from persona_hub.transforms.llm.protocol import Sampling

OWN = 0  # in a list of limits: each step's own, where --max_tokens is not given

AnyManifest = TypeVar("AnyManifest", bound=BaseManifest)
WithSampling = TypeVar("WithSampling", bound=SamplingOptions)


@dataclass(frozen=True)
class TokenLimits:
    """What --max_tokens was in the runs of a job, 0 where it was not given: the first is part of the job's identity."""

    first: int = OWN
    earlier: tuple[int, ...] = ()  # than the last, from the first on
    last: int = OWN

    def of_job(self, options: WithSampling) -> WithSampling:
        """The options as they were when the job was first run."""
        return replace(options, max_tokens=self.first or None)

    def of_run(self, options: WithSampling) -> WithSampling:
        """The options as they are now: a limit that was raised before is not lowered."""
        return replace(options, max_tokens=self.last or None)

    def replayed(self, sampling: Sampling, default: int) -> Sampling:
        """The sampling with the limits whose answers are taken where they are whole, of a step's `default`."""
        earlier = dict.fromkeys(limit or default for limit in self.earlier)
        return replace(sampling, earlier=tuple(limit for limit in earlier if limit != sampling.max_tokens))


NEW_JOB = TokenLimits()


def limits_of(made: BaseManifest) -> tuple[int, ...]:
    """The limits of a run and of those that it went on from."""
    return (*made.token_limits, int(made.parameters.get("max_tokens") or OWN))


def token_limits(
    options: SamplingOptions, runs: Iterable[AnyManifest], is_run_of: Callable[[TokenLimits, AnyManifest], bool]
) -> TokenLimits:
    """The limits of the job that `options` describe, after the `runs` of it that there are.

    `is_run_of(limits, run)`: whether the run is one of the job as `limits` identify it.
    """
    wanted = options.max_tokens or OWN
    for made in runs:
        limits = limits_of(made)
        chain = dict.fromkeys((*limits, wanted)) if tokens(wanted) > tokens(limits[-1]) else dict.fromkeys(limits)
        *earlier, last = chain
        found = TokenLimits(limits[0], tuple(earlier), last)
        if (wanted in limits or last == wanted) and is_run_of(found, made):
            return found
    return TokenLimits(wanted, (), wanted)


def known_job(
    options: BuildOptions, runs: Iterable[Manifest], content_of: Callable[[BuildOptions], str]
) -> tuple[BuildOptions, TokenLimits, str]:
    """(options as they are now, limits, fingerprint) of the job that the options describe.

    What an earlier release has begun by the same command goes on by the defaults of then.
    """
    made = list(runs)
    jobs = []
    for job in (options, as_in_earlier_releases(options)):

        def content_with(limits: TokenLimits, job: BuildOptions = job) -> str:
            return content_of(limits.of_job(job))

        limits = token_limits(job, made, lambda limits, run: content_with(limits) == run.fingerprint)
        content = content_with(limits)
        jobs.append((limits.of_run(job), limits, content))
        if any(run.fingerprint == content for run in made):
            return jobs[-1]
    return jobs[0]


def raises_limit(options: SamplingOptions, made: BaseManifest) -> bool:
    """Whether these options allow more tokens than a run did."""
    return tokens(options.max_tokens or OWN) > tokens(limits_of(made)[-1])


def tokens(limit: int) -> int:
    """A limit as a number that compares."""
    return limit or Sampling().max_tokens
