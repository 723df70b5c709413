"""What an experiment found, for a terminal, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from persona_hub.pipelines.cli.command_options import AblateOptions
from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, FAILED
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.reporting.judged import NO_GOLD
from persona_hub.pipelines.reporting.partial import report_attempt
from persona_hub.pipelines.reporting.summary import nothing_left
from persona_hub.transforms.ablate.settle import OUTCOME_FILE
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.files.storage import join_path, read_bytes
from persona_hub.transforms.hub.versions import list_attempts
from persona_hub.transforms.records import printable


def report_ablation(options: AblateOptions, run: str, model: ModelConfig, done: bool) -> int:
    """Says the verdict, and what is lacking; returns the exit code."""
    path = join_path(options.output, OUTCOME_FILE)
    found = orjson.loads(read_bytes(path))
    attempts = [made for made in list_attempts(options.output, run) if made.run == run]
    if done and attempts:
        say(f"{options.output} already holds this experiment; {nothing_left(attempts[-1])}")
    for line in outcome_lines(found):
        say(printable(line))
    say(f"outcome: {path}")
    return report_attempt(options.output, run, model) or code_of_arms(found["arms"], options.samples_per_arm)


def outcome_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A line for each arm, the verdict, and the warnings."""
    for name, arm in found["arms"].items():
        if "distinct" in arm:
            n, distinct = arm["distinct"]["n"], arm["distinct"]["value"]
            largest = f"largest cluster {arm['largest_cluster']:,}"
            yield f"{name:16}{distinct:9,.0f} distinct of {n:,}  {largest}  ({arm['samples']:,} accepted)"
        else:
            yield f"{name:16}{arm['samples']:9,} accepted"
    for one in found["comparisons"]:
        control = found["primary"]["control"]
        change = f"{one['value']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"
        yield f"{one['arm']} beside {control}: {change}, p {one['adjusted_p']:.3g} (Holm): {one['verdict']}"
    for one in found.get("scores", ()):
        yield score_line(one, found["primary"]["control"])
    for one in found.get("proxy", ()):
        yield proxy_line(one, found["primary"]["control"])
    if judged := found.get("judged"):
        yield judged_line(judged)
    yield found["words"]
    for warning in found["warnings"]:
        yield f"warning: {warning}"


def score_line(one: Mapping[str, Any], control: str) -> str:
    """What the model trained on an arm's set has scored."""
    score, less = one["score"], one["less_control"]
    beside = f"; beside {control} {less['value']:+.3f} ({less['low']:+.3f} to {less['high']:+.3f})" if less else ""
    interval = f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"
    return f"{one['arm']} on {one['benchmark']}: {interval} of {one['n']:,}{beside}"


def proxy_line(one: Mapping[str, Any], control: str) -> str:
    """What a small model of an arm's set spans of texts of people."""
    share, less = one["spanned"], one["less_control"]
    beside = f"; beside {control} {less['value']:+.3f} ({less['low']:+.3f} to {less['high']:+.3f})" if less else ""
    interval = f"{share['value']:.3f} ({share['low']:.3f} to {share['high']:.3f})"
    return f"{one['arm']} spans {interval} of {one['n']:,} held-out texts{beside}"


def judged_line(judged: Mapping[str, Any]) -> str:
    """What a judge did, and how far it agrees with people."""
    agreement = NO_GOLD
    if "gold_samples" in judged:
        low, high = judged["interval"]
        kappa = "undefined" if judged["kappa"] is None else f"= {judged['kappa']:.2f}"
        agreement = f"κ {kappa} [{low:.2f}, {high:.2f}] on {judged['gold_samples']:,} gold samples"
    remark = f"; {judged['remark']}" if judged["remark"] else ""
    return f"judge {judged['judge']}: {judged['samples']:,} samples judged; {agreement}{remark}"


def code_of_arms(arms: Mapping[str, Mapping[str, Any]], wanted: int) -> int:
    """The exit code by what arms have, and a line for each that has fewer samples than wanted."""
    short = {name: arm["samples"] for name, arm in arms.items() if arm["samples"] < wanted}
    for name, n in short.items():
        say(f"{name}: {n:,} of {wanted:,} accepted; --candidates_per_arm, or another model, gives more")
    if len(short) == len(arms) and not any(short.values()):
        return FAILED
    return BUDGET_SPENT if short else DONE
