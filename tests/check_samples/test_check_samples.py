"""CheckSamples: what costs nothing comes first, each sample has one reason, and none is lost."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import apache_beam as beam
import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.calls.protocol import ModelError, Verdict
from persona_hub.transforms.check_samples.benchmark_files import benchmarks_of
from persona_hub.transforms.check_samples.check_samples import ACCEPTED, CheckSamples, SamplesAndEarlier
from persona_hub.transforms.check_samples.checks import Checks
from persona_hub.transforms.counting.counts import count_records
from persona_hub.transforms.counting.stages import check_stage
from persona_hub.transforms.judging.judge_task import Judge
from persona_hub.transforms.judging.rubric import Criterion, Rubric
from persona_hub.transforms.llm.protocol import Request
from persona_hub.transforms.records import Sample
from persona_hub.transforms.synthesis.use_cases import load_use_case
from persona_hub.transforms.synthesis.verify import parse_verify
from persona_hub.transforms.synthesize.synthesized import Synthesized
from persona_hub.transforms.wire.batches import Batch
from tests.helpers.checks import checking
from tests.helpers.checks.checking import checked
from tests.helpers.checks.scripted_model import scripted
from tests.helpers.hubs import rows, samples, write_personas
from tests.helpers.paid import paying
from tests.material.personas import persona
from tests.servers.models.launch import FakeServer

FERRY = "A ferry carries 12 cars; how many cars does it bring over the lake in 6 trips on a quiet day?"
FERRIES = "A ferry carries 15 cars; how many cars does it bring over the lake in 4 trips on a quiet day?"
EXAM = "A baker sells 40 loaves each morning; how many does he sell in a week with a day off for the fair?"
HENS = "Six hens lay an egg a day; in how many days do they fill a box that has room for 30 of them?"
LOOM = "A loom makes 9 metres of cloth in an hour; how long is the cloth after a shift of 8 hours without a rest?"
WELL = "A bucket holds 11 litres; how much water have the monks drawn from their well with 7 full buckets of it?"
KILN = "A kiln burns 50 bricks at once; how many bricks does the potter have when it has burnt 3 times this month?"
SILENT, DISPUTED, DULL = WELL, LOOM, KILN  # what the model gives no answer to; an other one; few points


@dataclass(kw_only=True)
class WholeCheck(beam.PTransform):
    """CheckSamples as the step that takes its samples has it: the accepted ones are counted, too."""

    check: CheckSamples
    earlier: tuple[Sample, ...]

    def expand(self, samples: beam.PCollection[Batch[Sample]]) -> Synthesized:
        before = samples.pipeline | "Before" >> beam.Create([Batch(self.earlier)], reshuffle=False)
        out = SamplesAndEarlier(samples, (before,)) | "CheckSamples" >> self.check
        counts = (*out.counts, *count_records(check_stage("math"), ACCEPTED, out.samples))
        rejected, dead = out.rejected | "R" >> beam.Flatten(), out.dead_letters | "D" >> beam.Flatten()
        return Synthesized(out.samples, rejected, dead, counts)


def sample(who: int, problem: str, answer: int, program: str) -> Sample:
    made = checking.sample(problem, str(answer))
    fields = json.dumps({"problem": problem, "answer": str(answer), "solution": program})
    return replace(made, persona_id=f"{who:010x}{0:022x}", fields=fields)


def answer(request: Request) -> str | ModelError:
    """What the model says, as a solver and as a judge."""
    if SILENT in request.prompt:
        return ModelError("http-503", "busy", Verdict.INPUT)
    if request.task == "solve":
        right = {HENS: "5", FERRY: "72", KILN: "150"}
        return json.dumps({"working": "", "answer": next((a for p, a in right.items() if p in request.prompt), "1")})
    return json.dumps({"comment": "", "right": 1 if DULL in request.prompt else 5})


def test_each_check_sees_what_those_before_it_let_pass(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    exam = tmp_path / "exam.jsonl"
    exam.write_text(json.dumps({"question": EXAM}) + "\n")
    call = "The clock shop has 5 clocks; call +49 30 901820 to hear how many of them 3 clerks sell in 4 weeks?"
    given = {
        0: (sample(0, EXAM, 241, "print(40 * 6)"), "program-disagreed"),  # it stands in the exam, and a near copy, too
        1: (sample(1, EXAM, 240, "print(40 * 6)"), "contaminated"),  # a near copy of the next as well
        2: (sample(2, EXAM.replace("loaves", "rolls"), 240, "print(40 * 6)"), "contaminated"),
        3: (sample(3, FERRY, 72, "print(12 * 6)"), ""),
        4: (sample(4, FERRIES, 60, "print(15 * 4)"), "near-duplicate-sample"),  # the model would say 1
        5: (sample(5, HENS, 5, "print(30 // 6)"), "near-duplicate-sample"),  # of an earlier one
        6: (sample(6, DISPUTED, 72, "print(9 * 8)"), "votes-disagreed"),
        7: (sample(7, DULL, 150, "print(50 * 3)"), "below-min-score"),
        8: (sample(8, SILENT, 77, "print(11 * 7)"), "unchecked"),
        9: (sample(9, call, 60, "print(5 * 3 * 4)"), "contact-data"),
        10: (sample(10, "How many?", 6, "print(2 * 3)"), "too-short"),
    }
    earlier = sample(99, HENS.replace("30", "42"), 7, "print(42 // 6)")
    model, asked = scripted(monkeypatch, answer)
    judge = Judge(model=model, min_score=0.5, rubric=Rubric((Criterion("right", "5: right; 1: wrong"),)))
    checks = Checks(verify=parse_verify("vote:2/3"), judge=judge, against=benchmarks_of([str(exam)]))
    check = CheckSamples(use_case=load_use_case("math"), model=model, checks=checks)
    out = checked([one for one, _ in given.values()], WholeCheck(check=check, earlier=(earlier,)))
    found = {one.persona_id: "" for one in out.kept} | {one.persona_id: one.reason for one in out.rejected}
    wanted = {one.persona_id: reason for one, reason in given.values() if reason != "unchecked"}
    assert found == wanted
    assert len(out.kept) + len(out.rejected) + 1 == len(given)
    reasons = Counter(f"rejected-{reason}" for reason in wanted.values() if reason)
    assert out.counts["check_math"] == {"samples": 11, "accepted": 1, "unchecked": 1, **reasons}
    assert {letter.key for letter in out.dead_letters} == {given[8][0].persona_id}
    solved = Counter(request.subject for request in asked if request.task == "solve")
    judged = [request.subject for request in asked if request.task == "judge"]
    assert solved == {given[n][0].persona_id: 3 for n in (3, 6, 7, 8)}  # what costs nothing rejects is not paid for
    assert sorted(judged) == [given[n][0].persona_id for n in (3, 7)]


def test_a_near_duplicate_of_an_earlier_run_in_the_folder(server: FakeServer, tmp_path: Path) -> None:
    first = "Draft a notice for the town hall board that its clock will stand still for 3 days while I clean it."
    again = first.replace("3 days", "12 days")
    other = "Explain to an apprentice in plain words how the weights of a tower clock are wound up in frost."
    texts = {"sexton": first, "beadle": again, "verger": other}
    server.tell(answers={who: [json.dumps({"instruction": text})] for who, text in texts.items()})
    people = [persona(f"A {who} who keeps the town's clock", hop=int(who != "sexton")) for who in texts]
    hub = write_personas(tmp_path / "hub", people)
    command = ["synthesize", "--hub", str(hub), "--output", str(tmp_path / "out"), *paying(server, tmp_path)]
    for hop, wanted in ((0, {first}), (1, {first, other})):
        assert main([*command, "--use_case", "instruction", "--where", f"hop={hop}"]) == DONE
        assert {row["synthesized text"] for row in samples(tmp_path / "out", "instruction")} == wanted
    [rejected] = rows(tmp_path / "out" / "samples", "rejected-*.jsonl")
    whose = people[0].persona_id[:10]
    assert (rejected["reason"], rejected["persona_id"]) == ("near-duplicate-sample", people[1].persona_id)
    assert rejected["detail"] == f"Jaccard similarity 1.00 to a sample made before, of the persona {whose}..."
