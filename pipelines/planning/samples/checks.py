"""What samples must pass, and how many are wanted, from options: what cannot be is found before anything starts."""

from __future__ import annotations

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.samples.check_options import AcceptedOptions, CheckOptions
from persona_hub.transforms.check_samples.benchmark_files import benchmarks_of
from persona_hub.transforms.check_samples.checks import Checks
from persona_hub.transforms.judging.judge_task import Judge
from persona_hub.transforms.synthesis.verify import parse_verify
from persona_hub.transforms.synthesize.accepted.wanted import Wanted


def checks_of(options: CheckOptions, judge: Judge | None, pii: str) -> Checks:
    """The checks that options name. Raises CorpusError for a benchmark that cannot be read."""
    return Checks(
        verify=parse_verify(options.verify),
        judge=judge,
        threshold=options.sample_threshold,
        against=benchmarks_of(options.against_benchmark) if options.against_benchmark else (),
        contacts=pii != "keep",
    )


def wanted_of(options: AcceptedOptions) -> Wanted | None:
    """How many accepted samples are wanted, None for whatever passes. Raises UsageError, or InvalidInputError."""
    if not options.accepted:
        if options.candidates:
            raise UsageError("--candidates: the most questions for --accepted N; without it --max_samples is for that")
        return None
    return Wanted(accepted=options.accepted, candidates=options.candidates)
