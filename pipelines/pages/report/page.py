"""report.json -> index.html: the whole report in one file, which loads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from math import ceil
from typing import Any

import orjson

from persona_hub.pipelines.pages.html import page, part
from persona_hub.pipelines.pages.report.form import SECTION_TITLES, Report, is_figure, rows_in
from persona_hub.pipelines.pages.report.methods import METHOD_COLUMNS, methods
from persona_hub.pipelines.pages.report.plots import MAP_DATA, MOST_POINTS, Plot, plots_of
from persona_hub.pipelines.pages.report.tables import Table, cell, facts_in, table, tables_of
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import join_path

INDEX, REPORT_JSON = "index.html", "report.json"
# Vega's scripts are 0.9 MB. With these bounds a report stays below 6 MB, in whatever script its texts are.
MAP_TEXTS, EXAMPLE_TEXTS = 2_200_000, 1_400_000  # bytes of all
MAP_TEXT, EXAMPLE_TEXT = 240, 1_500  # bytes of one
UNSHOWN = ("evaluation",)  # facts that say nothing to a reader: by this one a report knows what it was made of


def write_report(folder: str, report: Report, reload_seconds: float = 0.0) -> None:
    """Writes index.html and, last, report.json into a folder: where that is, both are whole. Raises StorageError.

    With `reload_seconds` the page loads itself again, as that of a job which runs.
    """
    found = report.as_json()
    write_bytes(join_path(folder, INDEX), report_page(found, reload_seconds).encode())
    write_bytes(join_path(folder, REPORT_JSON), orjson.dumps(found, option=orjson.OPT_INDENT_2))


def report_page(report: Mapping[str, Any], reload_seconds: float = 0.0) -> str:
    """The page of a report as report.json has it."""
    plots = plots_of(report)
    data = {
        "specs": {plot.id: plot.spec for plot in plots},
        "map": map_columns(report),
        "mapData": MAP_DATA,
        "examples": examples_of(report),
    }
    scripts = [vega(), part("report/report.js")]
    return page(
        "report/report.html",
        str(report.get("title") or "A hub of personas"),
        data,
        scripts,
        [part("common.css"), part("report/report.css")],
        made=str(report.get("made") or ""),
        reload=ceil(reload_seconds),
        facts=facts_in({name: value for name, value in (report.get("hub") or {}).items() if name not in UNSHOWN}),
        cost=facts_in(report.get("cost") or {}),
        has_cost=report.get("cost") is not None,
        cost_tables=tables_of({"stages": rows_in(report.get("cost"), "stages")}),
        warnings=rows_in(report, "warnings"),
        sections=[section_of(name, title, report.get(name)) for name, title in SECTION_TITLES.items()],
        missing=[name for name in SECTION_TITLES if report.get(name) is None],
        plots=by_section(plots),
        clusters=clusters_of(report),
        examples=len(data["examples"]),
        methods=methods(),
        method_columns=METHOD_COLUMNS,
    )


def section_of(name: str, title: str, section: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the template needs of a section."""
    found = section or {}
    return {
        "name": name,
        "title": title,
        "missing": section is None,
        "facts": facts_in({key: value for key, value in found.items() if not is_figure(value)}),
        "tables": tables_of(found),
    }


def by_section(plots: Sequence[Plot]) -> dict[str, list[Plot]]:
    """{section: its pictures}, all sections of the page."""
    return {name: [plot for plot in plots if plot.section == name] for name in ("map", "cost", *SECTION_TITLES)}


def clusters_of(report: Mapping[str, Any]) -> list[Table]:
    """The table beside the map: what its names are, for whoever cannot see it."""
    rows = sorted(rows_in(report.get("map"), "clusters"), key=lambda row: -row["size"])
    cells = [[cell(row["cluster"]), cell(row["label"]), cell(row["size"])] for row in rows]
    return [table("Clusters", ("cluster", "about", "personas"), cells)] if cells else []


def map_columns(report: Mapping[str, Any]) -> dict[str, Any]:
    """The map's points in columns, a third of the bytes of rows, and the labels of the clusters at the top."""
    found = report.get("map")
    points = rows_in(found, "points")[:MOST_POINTS]
    bound = bound_of(len(points), MAP_TEXTS, MAP_TEXT)
    return {
        "x": [point["x"] for point in points],
        "y": [point["y"] for point in points],
        "text": [cut_to_bytes(str(point["text"]), bound) for point in points],
        "top": [str(point.get("cluster") or "").partition(".")[0] for point in points],
        "labels": {
            str(row["cluster"]): cut_to_bytes(str(row["label"]), MAP_TEXT) for row in rows_in(found, "clusters")
        },
    }


def examples_of(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The examples, with texts cut to what the page can hold."""
    rows = rows_in(report, "examples")
    bound = bound_of(2 * len(rows), EXAMPLE_TEXTS, EXAMPLE_TEXT)
    return [
        {name: cut_to_bytes(value, bound) if isinstance(value, str) else value for name, value in row.items()}
        for row in rows
    ]


def bound_of(texts: int, all_bytes: int, one: int) -> int:
    """The bytes that each of so many texts may have."""
    return min(one, max(all_bytes // max(texts, 1), 16))


def cut_to_bytes(text: str, most: int) -> str:
    """A text of at most `most` bytes, in UTF-8 and as JSON in a script has it.

    >>> cut_to_bytes("日本語のペルソナ", 12), cut_to_bytes("short", 12)
    ('日本語…', 'short')
    """
    size = 0
    for place, sign in enumerate(text):
        size += len(sign.encode("utf-8", "surrogatepass")) if sign >= " " and sign not in '<>&"\\\u2028\u2029' else 6
        if size > most:
            return f"{text[: max(place - 1, 0)]}…"
    return text


@cache
def vega() -> str:
    """Vega, Vega-Lite and the part that draws, in one script."""
    import vl_convert

    return str(vl_convert.javascript_bundle())  # type: ignore[call-arg]  # its stub lacks the default
