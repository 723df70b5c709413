"""The section `quality`: what was rejected and why, what proves the rest, and what judges say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from persona_hub.transforms.evaluate.sample_sums import MOST_ERRORS, SampleSums
from persona_hub.transforms.evaluation.figures import Figure, share
from persona_hub.transforms.hub.manifest import RunManifest


def quality_section(runs: Sequence[tuple[str, RunManifest]], found: SampleSums) -> dict[str, Any]:
    """The whole section, of the manifests of runs by use case, and what their files add up to."""
    candidates = sum(run.candidates for _, run in runs)
    accepted = sum(min(run.accepted, run.candidates) for _, run in runs)
    rejected = [
        {
            "use_case": use_case,
            "run": run.run,
            "reason": reason,
            "answers": n,
            "share": share(n, max(run.candidates, n)),
        }
        for use_case, run in runs
        for reason, n in sorted(run.rejected.items(), key=lambda item: (-item[1], item[0]))
    ]
    errors = sorted(found.errors, key=lambda name: (-found.errors[name], name))[:MOST_ERRORS]
    return {
        "accepted": share(accepted, candidates),
        "samples": Figure(found.accepted.seen, n=found.accepted.seen),
        "scores": {use_case: means.figure("score") for use_case, means in sorted(found.scores.items())},
        "agreeing_answers": {use_case: means.figure("agreed") for use_case, means in sorted(found.agreed.items())},
        "damaged_scores": {use_case: Figure(n, n=n) for use_case, n in sorted(found.damaged.items())},
        "runs": [
            {
                "use_case": use_case,
                "run": run.run,
                "samples": run.records_of("samples"),
                "candidates": run.candidates,
                "accepted": share(min(run.accepted, run.candidates), run.candidates),
            }
            for use_case, run in runs
        ],
        "rejected": rejected,
        "proofs": [
            {"use_case": use_case, "proof": proof, "samples": n}
            for (use_case, proof), n in sorted(found.proofs.items())
        ],
        "judges": [judge_row(use_case, run) for use_case, run in runs if run.judged],
        "errors": [
            {"use_case": use_case, "reason": reason, "detail": detail, "text": text}
            for use_case, reason in errors
            for detail, text, _ in found.examples[use_case, reason].payloads
        ],
    }


def judge_row(use_case: str, run: RunManifest) -> dict[str, Any]:
    """Who judged a run, and how far that agrees with people."""
    told = run.judged
    row = {"use_case": use_case, "run": run.run, "judge": told.get("judge", ""), "judged": told.get("samples", 0)}
    if "gold_samples" not in told:
        return row | {"kappa": "unknown: no gold set"}
    low, high = told.get("interval") or (None, None)
    kappa = told.get("kappa")
    return row | {"kappa": Figure(float("nan") if kappa is None else kappa, low, high, told["gold_samples"])}
