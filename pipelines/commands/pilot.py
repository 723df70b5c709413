"""A pilot: the first questions of a run of `synthesize` are asked and checked, and their answers stay in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import apache_beam as beam
from apache_beam.metrics import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.commands.trial import BOUGHT, latencies
from persona_hub.pipelines.planning.samples.simulated import (
    DISTINCT,
    GOOD,
    PROVED,
    READABLE,
    SOUND,
    Heard,
    StageSeen,
    UseCaseSeen,
)
from persona_hub.pipelines.planning.sizing import blocks_for
from persona_hub.pipelines.runners.called_models import CalledModel
from persona_hub.pipelines.runners.job import execute
from persona_hub.pipelines.synthesize import SynthesizeJob
from persona_hub.transforms.check_samples.check_by_model import CheckByModel
from persona_hub.transforms.check_samples.check_samples import ACCEPTED, REJECTED, CheckSamples
from persona_hub.transforms.check_samples.checked_by_model import UNCHECKED
from persona_hub.transforms.check_samples.near_duplicates import NEAR_DUPLICATE
from persona_hub.transforms.choice.choice import DIVERSE, RANDOM, Choice
from persona_hub.transforms.counting.counts import Key
from persona_hub.transforms.counting.stages import check_stage, judge_stage, synthesize_stage, verify_stage
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.hub.versions import list_attempts
from persona_hub.transforms.llm.registry import answers_in_process
from persona_hub.transforms.read_hub.choice_rows import ReadRows
from persona_hub.transforms.reasons import unanswered
from persona_hub.transforms.records import Persona
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesize.accepted.wanted import PILOT, Wanted, first_round
from persona_hub.transforms.synthesize.choose_personas import ChoosePersonas
from persona_hub.transforms.wire.batches import Batch

CHOSEN = "chosen"


@dataclass(frozen=True)
class PilotResult:
    """What a pilot has shown."""

    seen: Mapping[str, UseCaseSeen]  # by use case
    bought: int = 0  # calls; the others' answers were in the store
    latency: Mapping[str, float] = field(default_factory=dict)  # mean seconds of a call by stage
    unanswered: int = 0  # questions that a budget, or a server that was away, left


@dataclass(frozen=True, kw_only=True)
class PilotJob(SynthesizeJob):
    """The first questions of a run, in a folder of their own."""

    earlier_output: str  # the folder of the run itself: no sample is to be like one of an earlier run there

    @property
    def compared(self) -> str:
        """The run's own folder."""
        return self.earlier_output


@dataclass(frozen=True)
class CountJob:
    """Counts the personas that a run would ask about; no model is asked."""

    job: SynthesizeJob

    store = ""
    called: Sequence[CalledModel] = ()
    done = False

    def build(self, p: beam.Pipeline) -> None:
        """The DAG."""
        hub, choice = self.job.hub, self.job.choice
        rows = p | "ReadHub" >> ReadRows(hub=hub, blocks=blocks_for(hub.manifest.records_of("personas")), choice=choice)
        _ = rows | "ChoosePersonas" >> ChoosePersonas(choice=choice) | "Count" >> beam.ParDo(CountChosen())

    def report(self) -> int:
        """Nothing to say."""
        return DONE


class CountChosen(beam.DoFn):
    """Counts personas; nothing goes on."""

    def __init__(self) -> None:
        self.tally = Tally(CHOSEN)

    def process(self, batch: Batch[Persona]) -> None:
        """A batch."""
        self.tally.inc("personas", len(batch))


def chosen_personas(job: SynthesizeJob, runner: PipelineOptions) -> int:
    """How many personas a run asks about: reckoned where all are eligible, else counted."""
    personas = job.hub.manifest.records_of("personas")
    if not job.choice.where and job.choice.method.name != DIVERSE:
        return min(personas, job.choice.personas or personas)
    result = execute(CountJob(job), job.options, runner)
    return counters(result)[CHOSEN, "personas"]


def possible_questions(choice: Choice, personas: int) -> int:
    """Questions of a use case about so many chosen personas."""
    whole = personas * choice.each
    return min(whole, choice.samples) if choice.samples else whole


def usual_pilot(possible: int, wanted: Wanted | None) -> int:
    """Questions of a pilot where no number is given: those that the rounds of --accepted begin with."""
    return first_round(possible, wanted).asks if wanted else min(PILOT, possible)


def send_pilot(job: SynthesizeJob, n: int, possible: int, earlier_output: str, runner: PipelineOptions) -> PilotResult:
    """Asks the first `n` of a run's questions of each use case, and checks the answers as the run will.

    The order is that of --accepted, so a run with it begins with these; another asks them among all.
    """
    small = pilot_job(job, n, possible, earlier_output)
    result = execute(small, small.options, runner)
    counts: dict[str, Counter[str]] = {}
    for made in list_attempts(small.options.output, small.run):
        for stage, found in made.counts.items():
            counts.setdefault(stage, Counter()).update(found)
    told = counters(result)
    return PilotResult(
        seen={one.name: use_case_seen(job, one, counts, told) for one in job.use_cases},
        bought=sum(told[stage, "calls"] for stage in {stage for stage, _ in told}),
        latency=latencies(result),
        unanswered=sum(sum(open_of(found).values()) for found in counts.values()),
    )


def pilot_job(job: SynthesizeJob, n: int, possible: int, earlier_output: str) -> PilotJob:
    """The job of a pilot."""
    values = {one.name: getattr(job, one.name) for one in fields(job)}
    choice = job.choice
    if n >= possible and not job.wanted:
        return PilotJob(**values, earlier_output=earlier_output)  # all of it
    if choice.method.name == RANDOM and n * choice.each <= possible:  # the same questions in one round
        first = replace(choice, samples=n, each=1)
        return PilotJob(**values | {"choice": first, "wanted": None}, earlier_output=earlier_output)
    return PilotJob(**values | {"wanted": Wanted(accepted=n, candidates=n)}, earlier_output=earlier_output)


def counters(result: PipelineResult) -> Counter[Key]:
    """{(stage, name): what Beam has counted}."""
    found = Counter[Key]()
    for metric in result.metrics().query(MetricsFilter())["counters"]:
        found[metric.key.metric.namespace, metric.key.metric.name] += metric.committed or 0
    return found


def open_of(counts: Mapping[str, int]) -> dict[str, int]:
    """Of a stage's counts those of questions that nobody answered."""
    return {name: n for name, n in counts.items() if name.startswith("lost-") and unanswered(name[len("lost-") :])}


def paid_checks(job: SynthesizeJob, use_case: UseCase) -> CheckByModel | None:
    """The checks of a use case that ask a model."""
    return CheckSamples(use_case=use_case, model=job.model, checks=job.checks).by_model()


def use_case_seen(
    job: SynthesizeJob, use_case: UseCase, counts: Mapping[str, Mapping[str, int]], told: Counter[Key]
) -> UseCaseSeen:
    """What a pilot has seen of a use case, from the counts of its manifest and of Beam."""
    asks, checked = (counts.get(stage(use_case.name), {}) for stage in (synthesize_stage, check_stage))
    to_solve, to_judge = (counts.get(stage(use_case.name), {}) for stage in (verify_stage, judge_stage))
    by_model = paid_checks(job, use_case)
    votes, judges = by_model is not None and by_model.votes, job.checks.judge is not None
    accepted, of = checked.get(ACCEPTED, 0), job.checks.verify.of
    distinct = to_solve.get("asked", 0) // of if votes else to_judge.get("asked", 0) if judges else accepted
    compares = use_case.stands_alone and not answers_in_process(job.model)
    through = {
        READABLE: asks.get("answered", 0),
        SOUND: distinct + checked.get(f"{REJECTED}{NEAR_DUPLICATE}", 0),
        **({DISTINCT: distinct} if compares else {}),
        **({PROVED: to_judge.get("asked", 0) if judges else accepted} if votes else {}),
        **({GOOD: accepted} if judges else {}),
    }
    asked = asks.get("asked", 0) - sum(open_of(asks).values())
    not_judged = sum(n for name, n in to_judge.items() if name.startswith("lost-"))
    open_steps = {PROVED: checked.get(UNCHECKED, 0) - not_judged, GOOD: sum(open_of(to_judge).values())}
    return UseCaseSeen(asked, through, stages_of(job, use_case, list(through), told), open_steps)


def stages_of(job: SynthesizeJob, use_case: UseCase, steps: Sequence[str], told: Counter[Key]) -> tuple[StageSeen, ...]:
    """The stages of a use case, and what was heard in them."""
    by_model = paid_checks(job, use_case)
    before = [step for step in steps if step not in (PROVED, GOOD)][-1]
    stages = [StageSeen(synthesize_stage(use_case.name), "", heard=heard_in(synthesize_stage(use_case.name), told))]
    if by_model and by_model.votes:
        stage = verify_stage(use_case.name)
        stages.append(StageSeen(stage, before, job.checks.verify.of, heard_in(stage, told)))
        before = PROVED
    if job.checks.judge:
        stage = judge_stage(use_case.name)
        stages.append(StageSeen(stage, before, heard=heard_in(stage, told), judges=True))
    return tuple(stages)


def heard_in(stage: str, told: Counter[Key]) -> Heard:
    """What was heard in a stage: an answer from the store counts as the call that it had been.

    Where questions are equal they share a call: if most answers were bought, those bought are the calls.
    """
    heard, bought = told[stage, "heard"], told[stage, "calls"]
    if not heard:
        return Heard(told[stage, "asked"])  # of a model in this process, whose answers have no tokens
    share = bought / heard if bought >= BOUGHT * heard else 1.0
    names = ("heard", "repairs", "heard_input_tokens", "heard_output_tokens", "heard_squared_tokens")
    return Heard(*(round(share * told[stage, name]) for name in names))
