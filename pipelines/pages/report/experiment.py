"""What an experiment found, as `ablate` wrote it -> the section `ablation` of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.pages.report.form import ArmRow, Remark
from persona_hub.pipelines.pages.report.given import digest_of
from persona_hub.transforms.evaluation.figures import Figure
from persona_hub.transforms.files.storage import StorageError, read_bytes
from persona_hub.transforms.records import printable

LARGEST_OUTCOME = 16 << 20  # bytes


@dataclass(frozen=True)
class GivenAblation:
    """The section, what a reader must know of it, and what decides it."""

    section: Mapping[str, Any] | None = None
    warnings: Sequence[Remark] = ()
    identity: str = ""


def ablation_of_file(path: str) -> GivenAblation:
    """The outcome in an ablation.json. Raises UsageError, which names the file and the remedy."""
    if not path:
        return GivenAblation()
    try:
        found, identity = orjson.loads(read_bytes(path, LARGEST_OUTCOME)), digest_of(path)
    except (OSError, StorageError) as error:
        raise UsageError(f"--ablation {path}: cannot be read; name the ablation.json that `ablate` wrote") from error
    except orjson.JSONDecodeError:
        raise UsageError(f"--ablation {path}: is no JSON; name the ablation.json that `ablate` wrote") from None
    try:
        warnings = [Remark(f"ablation: {printable(str(text))}", "docs/ablation.md") for text in found["warnings"]]
        return GivenAblation(ablation_section(found), warnings, identity)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise UsageError(f"--ablation {path}: is no outcome of `ablate`; name the ablation.json it wrote") from None


def ablation_section(found: Mapping[str, Any]) -> dict[str, Any]:
    """The section of an outcome. Raises KeyError, TypeError or ValueError for one that `ablate` did not write."""
    primary, n = found["primary"], found["samples"]
    section = {
        "verdict": str(found["verdict"]),
        "words": str(found["words"]),
        "primary": f"{primary['metric']}, share of the samples",
        "treatment": str(primary["treatment"]),
        "control": str(primary["control"]),
        "threshold": primary["threshold"],
        "least_gain": primary["least"],
        "samples_an_arm": n,
        "samples_needed": found["samples_needed"],
        "effect": figure_of(found["effect"], n),
        "arms": [arm_row(str(name), one) for name, one in found["arms"].items()],
    }
    comparisons = [
        {
            "arm": str(one["arm"]),
            "beside": str(primary["control"]),
            "effect": figure_of(one, min(n, found["arms"][one["arm"]]["samples"])),
            "p_by_holm": one["adjusted_p"],
            "verdict": str(one["verdict"]),
        }
        for one in found["comparisons"]
    ]
    beside = [
        {"metric": str(name).replace("_", " "), "treatment_less_control": figure_of(one, n)}
        for name, one in found["beside"].items()
    ]
    tables = {"comparisons": comparisons, "other_metrics": beside, "scores": score_rows(found.get("scores"))}
    tables["proxy"] = proxy_rows(found.get("proxy"))
    return section | {name: rows for name, rows in tables.items() if rows}


def figure_of(row: Mapping[str, Any], n: int, scale: float = 1.0) -> Figure:
    """A figure of `n` samples, by `scale`; what is null in JSON is not known."""
    value, low, high = (None if row[key] is None else float(row[key]) / scale for key in ("value", "low", "high"))
    return Figure(float("nan") if value is None else value, low, high, n)


def arm_row(name: str, arm: Mapping[str, Any]) -> ArmRow:
    """An arm: the share of its samples that are distinct, what it has, and what it cost."""
    figure = Figure(float("nan"))
    if "distinct" in arm:
        n = int(arm["distinct"]["n"])
        figure = figure_of(arm["distinct"], n, n)
    cost = arm.get("cost", {})
    return ArmRow(name, figure, cost.get("usd"), arm["samples"], arm.get("candidates"), arm.get("largest_cluster"))


def score_rows(scores: Any) -> list[dict[str, Any]]:
    """Scores of models that were trained on the arms: each with its interval and its distance to the control's."""
    rows = []
    for one in scores or ():
        row = {"arm": str(one["arm"]), "benchmark": str(one["benchmark"]), "score": figure_of(one["score"], one["n"])}
        less = one.get("less_control")
        rows.append(row | {"less_control": figure_of(less, one["n"]) if less else None})
    return rows


def proxy_rows(proxy: Any) -> list[dict[str, Any]]:
    """What the small models of the arms' sets span of texts of people."""
    rows = []
    for one in proxy or ():
        less = one.get("less_control")
        row = {"arm": str(one["arm"]), "rows": one["rows"], "spanned": figure_of(one["spanned"], one["n"])}
        rows.append(row | {"less_control": figure_of(less, one["n"]) if less else None})
    return rows
