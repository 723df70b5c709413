"""What is found out of a board and a store."""

from __future__ import annotations

from collections import Counter

import pytest

from persona_hub.pipelines.progress.facts import FactFinder, Facts
from persona_hub.transforms.calls.protocol import Budget
from persona_hub.transforms.store.protocol import Spend

Counts = dict[tuple[str, str], int]


def looks(finder: FactFinder, *seen: tuple[float, Counts]) -> Facts:
    """The facts at the last of several looks."""
    for seconds, counts in seen:
        facts = finder.facts(seconds, Counter(counts), None)
    return facts


def test_a_step_that_waits_for_answers_has_its_share_rate_and_time_left() -> None:
    documents: Counts = {("read_corpus", "documents"): 100}
    asked: Counts = {("extract_persona", "asked"): 80, ("extract_persona", "records"): 40}
    done: Counts = {("extract_persona", "answered"): 45, ("extract_persona", "lost"): 5}
    facts = looks(
        FactFinder(Budget()), (0, documents), (10, {**documents, **asked}), (20, {**documents, **asked, **done})
    )
    [stage] = facts.stages
    assert (stage.done, stage.lost, stage.total) == (50, 5, 200)  # two questions a document
    assert (stage.rate, stage.seconds_left) == (5.0, 30.0)  # since the step began, not since the job did
    assert (facts.step, facts.documents, facts.lost) == ("extract_persona", 100, 5)


def test_of_a_step_that_has_a_successor_no_more_questions_are_expected() -> None:
    counts: Counts = {
        ("unique_personas", "unique"): 20,
        ("expand_persona", "asked"): 12,
        ("expand_persona", "records"): 12,
    }
    first = looks(FactFinder(Budget()), (1, counts))
    assert [stage.total for stage in first.stages] == [20]
    then: Counts = {
        **counts,
        ("embed_dedup", "kept"): 30,
        ("synthesize_math", "asked"): 3,
        ("synthesize_math", "records"): 3,
    }
    second = looks(FactFinder(Budget(), most_samples=25), (1, counts), (2, then))
    assert [(stage.stage, stage.total, stage.open) for stage in second.stages] == [
        ("expand_persona", 12, False), ("synthesize_math", 25, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "total"),
    [
        ({("expand_persona", "asked"): 5, ("unique_personas", "unique"): 20}, 20),
        ({("expand_persona", "asked"): 5, ("unique_personas", "unique"): 20, ("expand_persona", "passed-over"): 8}, 12),
        ({("expand_persona", "asked"): 9, ("unique_personas", "unique"): 4}, 9),
        ({("embed_dedup", "asked"): 9, ("minhash_dedup", "kept"): 30}, 30),
        ({("synthesize_math", "asked"): 9}, None),
        ({("tell_fortunes", "asked"): 9}, None),
    ],
    ids=["told", "some passed over", "more than expected", "an embedder's", "of a hub", "unknown step"],
)
def test_how_many_questions_are_expected(counts: Counts, total: int | None) -> None:
    assert looks(FactFinder(Budget()), (1, counts)).stages[0].total == total


def test_the_step_at_work_is_the_one_that_waits_or_else_counts_most_or_did_last() -> None:
    finder = FactFinder(Budget())
    assert looks(finder, (1, {("a", "n"): 100, ("b", "n"): 1})).step == "a"
    assert looks(finder, (2, {("a", "n"): 101, ("b", "n"): 9})).step == "b"
    assert looks(finder, (3, {("a", "n"): 101, ("b", "n"): 9})).step == "b"
    assert looks(finder, (4, {("a", "n"): 900, ("c", "asked"): 1})).step == "c"


def test_what_the_store_has_counted_wins_over_what_the_processes_tell() -> None:
    finder = FactFinder(Budget(calls=100))
    board = Counter(
        {("extract_persona", "asked"): 5, ("extract_persona", "calls"): 3, ("extract_persona", "refusals"): 2}
    )
    finder.facts(0.0, board, {"extract_persona": Spend(40, 400, 40, 10**9)})
    facts = finder.facts(
        10.0, board, {"extract_persona": Spend(60, 600, 60, 2 * 10**9), "embed_dedup": Spend(1, 2, 0, 0)}
    )
    assert facts.spend[:4] == (61, 602, 60, 2 * 10**9)
    assert (facts.call_rate, facts.refusals, facts.cost_usd) == (2.1, 2, 2.0)


def test_without_a_store_the_processes_tell_what_was_spent() -> None:
    counts: Counts = {("a", "calls"): 3, ("b", "calls"): 1, ("a", "input_tokens"): 9, ("a", "output_tokens"): 2}
    facts = looks(FactFinder(Budget()), (1, counts))
    assert facts.spend[:4] == (4, 9, 2, 0)
    assert facts.cost_usd is None  # calls that cost nothing: no price is known


def test_of_a_job_on_a_cluster_the_store_tells_what_this_run_has_called() -> None:
    finder = FactFinder(Budget(), cluster="FlinkRunner\x1b[31m")
    assert finder.facts(0.0, Counter(), None).stages == ()
    before = {"extract_persona": Spend(40, 400, 40, 0), "expand_persona": Spend(7, 1, 1, 0)}
    finder.facts(5.0, Counter(), before)
    facts = finder.facts(
        15.0, Counter({("read_corpus", "documents"): 9}), {**before, "extract_persona": Spend(60, 9, 9, 0)}
    )
    assert [(stage.stage, stage.done, stage.total) for stage in facts.stages] == [("extract_persona", 20, None)]
    assert (facts.documents, facts.spend.calls, facts.cluster) == (0, 67, "FlinkRunner [31m")


def test_rates_are_those_of_the_last_half_minute() -> None:
    finder = FactFinder(Budget())
    for second in range(120):
        answered = min(second, 60) * 10
        looks(finder, (second, {("a", "asked"): 10_000, ("a", "answered"): answered}))
    assert len(finder.seen) < 40
    assert looks(finder, (121, {("a", "asked"): 10_000, ("a", "answered"): 600})).stages[0].rate == 0.0
