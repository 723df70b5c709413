"""The pictures of the report, as Vega-Lite specifications that altair has checked against its schema.

Colours are classes of the page: it sets them, light or dark, when it draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from persona_hub.pipelines.pages.report.form import rows_in
from persona_hub.pipelines.pages.report.tables import in_words, row_in_words

MOST_VALUES = 20  # of an attribute in a plot; the table has all
MOST_POINTS = 10_000  # of the map
MAP_LABELS = 12  # clusters that the map names
ROW_HEIGHT = 24  # pixels
LABEL_WIDTH = 210  # pixels: of a value with its title
MAP_DATA = "points"
ACROSS = alt.AutoSizeParams(type="fit-x", contains="padding")  # as wide as the page's column


@dataclass(frozen=True)
class Plot:
    """A picture: where it stands, what it shows, and its specification."""

    id: str
    section: str
    title: str
    about: str
    spec: dict[str, Any]


def plots_of(report: Mapping[str, Any]) -> list[Plot]:
    """The pictures for which a report has rows."""
    made = [
        persona_map(report),
        coverage(report),
        hop_funnel(report),
        *demographics(report),
        arms(report),
        cost(report),
        spent(report),
    ]
    return [plot for plot in made if plot is not None]


def persona_map(report: Mapping[str, Any]) -> Plot | None:
    """Personas by meaning; the page has the points, in columns."""
    found = report.get("map") or {}
    points = rows_in(found, "points")[:MOST_POINTS]
    if not points:
        return None
    named = sorted(rows_in(found, "clusters"), key=lambda row: (-row["size"], row["cluster"]))[:MAP_LABELS]
    x, y = (alt.X("x:Q", axis=None, scale=alt.Scale(zero=False)), alt.Y("y:Q", axis=None, scale=alt.Scale(zero=False)))
    dots = (
        alt.Chart(alt.NamedData(name=MAP_DATA))
        .mark_circle(size=24, opacity=0.7)
        .encode(x=x, y=y, color=alt.Color("top:N", legend=None, scale=alt.Scale(scheme="tableau10")))
        .encode(tooltip=[alt.Tooltip("text:N"), alt.Tooltip("label:N")])
        .add_params(alt.selection_interval(bind="scales", name="move", zoom="wheel![event.shiftKey]"))
    )
    names = alt.Chart(alt.Data(values=[{key: row[key] for key in ("label", "x", "y")} for row in named])).encode(
        x=x, y=y
    )
    halo = names.mark_text(fontSize=11, fontWeight="bold", limit=220, style="halo").encode(text="label:N")
    label = names.mark_text(fontSize=11, fontWeight="bold", limit=220).encode(text="label:N")
    about = (
        f"{len(points):,} of {found.get('of', len(points)):,} personas, chosen by hash, where their vectors lie in the "
        f"plane of the two directions in which they differ most: {found.get('explained', 0):.0%} of the variance, so "
        "neighbours here may be far apart in others. Drag to move, Shift and scroll to zoom; a point shows its text."
    )
    chart = alt.layer(dots, halo, label).properties(width="container", autosize=ACROSS, height=460)
    return Plot("map", "map", "Personas by meaning", about, chart.to_dict())


def coverage(report: Mapping[str, Any]) -> Plot | None:
    """How much is new as the hub grows."""
    rows = [
        {
            "size": row["size"],
            **interval(row["figure"]),
            "part": "extrapolated" if row.get("extrapolated") else "measured",
        }
        for row in rows_in(report.get("diversity"), "coverage")
    ]
    if not rows:
        return None
    measured = [row for row in rows if row["part"] == "measured"]
    if measured and len(measured) < len(rows):  # the forecast's line begins where the other ends
        rows.append({**max(measured, key=lambda row: row["size"]), "part": "extrapolated"})
    base = alt.Chart(alt.Data(values=rows)).encode(x=alt.X("size:Q", title="size", scale=alt.Scale(type="log")))
    parts = alt.StrokeDash(
        "part:N", title=None, scale=alt.Scale(domain=["measured", "extrapolated"], range=[[1, 0], [5, 4]])
    )
    band = base.mark_area(opacity=0.25).encode(
        y=alt.Y("low:Q", title="share that is new"), y2="high:Q", detail="part:N"
    )
    line = base.mark_line(point=True).encode(
        y="value:Q", strokeDash=parts, tooltip=["size:Q", "value:Q", "low:Q", "high:Q"]
    )
    chart = alt.layer(band, line).properties(width="container", autosize=ACROSS, height=260)
    about = "The share of what is new at each size; dashed where it is a forecast, between two models."
    return Plot("coverage", "diversity", "Coverage", about, chart.to_dict())


def hop_funnel(report: Mapping[str, Any]) -> Plot | None:
    """Personas made and kept, by hop."""
    rows = rows_in(report.get("novelty"), "hops")
    if len(rows) < 2:  # of one hop there is nothing to compare
        return None
    data = [{"hop": row["hop"], "what": what, "personas": row[what]} for row in rows for what in ("made", "kept")]
    chart = (
        alt.Chart(alt.Data(values=data))
        .mark_bar()
        .encode(
            y=alt.Y("hop:O", title="hop"),
            yOffset=alt.YOffset("what:N", sort=["made", "kept"]),
            x=alt.X("personas:Q", title="personas"),
            color=alt.Color("what:N", title=None, sort=["made", "kept"]),
            tooltip=["hop:O", "what:N", "personas:Q"],
        )
        .properties(width="container", autosize=ACROSS, height=alt.Step(ROW_HEIGHT // 2))
    )
    return Plot(
        "hops", "novelty", "Hops", "Personas that each hop made, and those of them that were kept.", chart.to_dict()
    )


def demographics(report: Mapping[str, Any]) -> list[Plot]:
    """Shares beside their reference, a picture for each attribute."""
    by_attribute: dict[str, list[dict[str, Any]]] = {}
    for row in rows_in(report.get("demographics"), "shares"):
        made = {"label": row_in_words(row)["value"], **interval(row["figure"]), "reference": row.get("reference")}
        made["n"] = row["figure"]["n"]
        by_attribute.setdefault(row["attribute"], []).append(made)
    return [share_plot(n, attribute, rows) for n, (attribute, rows) in enumerate(by_attribute.items())]


def share_plot(n: int, attribute: str, rows: Sequence[dict[str, Any]]) -> Plot:
    """The shares of one attribute."""
    shown = sorted(rows, key=lambda row: -max(row["value"] or 0, row["reference"] or 0))[:MOST_VALUES]
    order = [row["label"] for row in shown]
    base = alt.Chart(alt.Data(values=shown)).encode(
        y=alt.Y("label:N", title=None, sort=order, axis=alt.Axis(labelLimit=LABEL_WIDTH))
    )
    bars = base.mark_bar(opacity=0.8).encode(
        x=alt.X("value:Q", title="share", axis=alt.Axis(format="%")),
        tooltip=["label:N", "value:Q", "low:Q", "high:Q", "reference:Q"],
    )
    spans = base.mark_rule().encode(x="low:Q", x2="high:Q")
    marks = base.mark_tick(thickness=3, style="reference").encode(x="reference:Q")
    chart = alt.layer(bars, spans, marks).properties(width="container", autosize=ACROSS, height=alt.Step(ROW_HEIGHT))
    most = f" The {MOST_VALUES} largest of {len(rows)}." if len(rows) > MOST_VALUES else ""
    ticks = " Ticks: the reference." if any(row["reference"] is not None for row in shown) else ""
    known = f"Of {rows[0]['n']:,} personas that tell it. " if rows[0]["n"] else ""
    about = f"{known}Bars: share of these, with its interval.{ticks}{most}"
    return Plot(f"shares-{n}", "demographics", in_words(attribute).capitalize(), about, chart.to_dict())


def arms(report: Mapping[str, Any]) -> Plot | None:
    """The arms of the experiment, with intervals."""
    section = report.get("ablation") or {}
    rows = [{"arm": row["arm"], **interval(row["figure"])} for row in rows_in(section, "arms")]
    if not rows:
        return None
    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("arm:N", title=None, sort=[row["arm"] for row in rows]))
    title = in_words(str(section.get("primary") or "primary metric"))
    scale = alt.Scale(zero=False)
    dots = base.mark_point(filled=True, size=70).encode(
        x=alt.X("value:Q", title=title, scale=scale), tooltip=["arm:N", "value:Q", "low:Q", "high:Q"]
    )
    spans = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    chart = alt.layer(spans, dots).properties(width="container", autosize=ACROSS, height=alt.Step(ROW_HEIGHT))
    about = "Each arm has as many accepted samples. Where intervals overlap, look at the effect, not at the picture."
    return Plot("arms", "ablation", "Arms of the experiment", about, chart.to_dict())


def cost(report: Mapping[str, Any]) -> Plot | None:
    """What each stage cost; in tokens where no stage has a price."""
    rows = rows_in(report.get("cost"), "stages")
    if not rows:
        return None
    priced = any(row.get("usd") is not None for row in rows)
    data = [
        {
            "stage": in_words(row["stage"]),
            "cost": row.get("usd") if priced else row["input_tokens"] + row["output_tokens"],
        }
        for row in rows
    ]
    chart = (
        alt.Chart(alt.Data(values=data))
        .mark_bar()
        .encode(
            y=alt.Y("stage:N", title=None, sort="-x"),
            x=alt.X("cost:Q", title="US dollars" if priced else "tokens"),
            tooltip=["stage:N", "cost:Q"],
        )
        .properties(width="container", autosize=ACROSS, height=alt.Step(ROW_HEIGHT))
    )
    return Plot("cost", "cost", "Cost by stage", "What was paid for, by stage of the job.", chart.to_dict())


def spent(report: Mapping[str, Any]) -> Plot | None:
    """Calls, or dollars where they are known, over the time that a job was watched."""
    rows = rows_in(report.get("cost"), "spent")
    if len(rows) < 2:
        return None
    what, title = ("usd", "US dollars") if all(row["usd"] is not None for row in rows) else ("calls", "calls")
    chart = (
        alt.Chart(alt.Data(values=[dict(row) for row in rows]))
        .mark_line(point=len(rows) < 60)
        .encode(
            x=alt.X("seconds:Q", title="seconds since the watch began"),
            y=alt.Y(f"{what}:Q", title=title),
            tooltip=["seconds:Q", "calls:Q", "usd:Q"],
        )
        .properties(width="container", autosize=ACROSS, height=200)
    )
    return Plot(
        "spent", "cost", "Spent so far", "What all calls have taken, by the time of each look.", chart.to_dict()
    )


def interval(figure: Mapping[str, Any]) -> dict[str, Any]:
    """A figure's value and interval; where it has none, of no width."""
    value = figure["value"]
    return {"value": value, "low": value if figure["low"] is None else figure["low"]} | {
        "high": value if figure["high"] is None else figure["high"]
    }
