"""The report's page: what is in it, what is missing, and how large it is."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from persona_hub.pipelines.pages.html import own_part, script_json, source_of
from persona_hub.pipelines.pages.report.form import Report
from persona_hub.pipelines.pages.report.page import INDEX, REPORT_JSON, cut_to_bytes, report_page, vega, write_report
from persona_hub.pipelines.pages.report.plots import plots_of
from persona_hub.pipelines.pages.report.tables import cell, facts_in, figures_in, tables_of
from tests.helpers.pages.made_report import PLANTED, made_report


def test_both_files_hold_the_same_figures(tmp_path: Path) -> None:
    write_report(str(tmp_path), made_report())
    found = orjson.loads((tmp_path / REPORT_JSON).read_bytes())
    assert found["diversity"]["distinct_2"].keys() == {"value", "low", "high", "n"}
    page = (tmp_path / INDEX).read_text("utf-8")
    for text in ("0.812", "1,203,441", "en, de, zh", "412.7", "41% of personas", "gain", "program-disagreed"):
        assert text in page
    assert "was not measured" not in page


def test_a_section_that_is_missing_is_said_to_be() -> None:
    page = report_page(Report(title="Empty").as_json())
    assert page.count("This section is missing: it was not measured.") == 7
    assert "Not measured:</strong> diversity, repetition" in page
    assert page.count("The report does not say.") == 1
    assert page.count("No paid call is on record.") == 1
    assert "data-plot" not in page.partition("<script")[0]
    assert plots_of(Report(title="Empty").as_json()) == []


def test_each_part_that_has_rows_is_drawn() -> None:
    found = [plot.id for plot in plots_of(made_report().as_json())]
    assert found == ["map", "coverage", "hops", "shares-0", "shares-1", "arms", "cost"]


def test_what_a_persona_says_is_no_part_of_the_page() -> None:
    page = report_page(made_report(text=PLANTED).as_json())
    own = page.replace(vega(), "")
    assert "<script>window.planted" not in own
    assert "<img" not in own
    assert own.count("</script>") == 3  # the data, Vega's, the page's own
    assert "&lt;script&gt;window.planted=1" in own


@pytest.mark.parametrize("sign", ["語", "<"])
def test_a_report_of_a_million_is_below_6_mb(sign: str) -> None:
    # As many points and examples as a report has, with texts of the longest that a page keeps, and longer.
    page = report_page(made_report(points=12_000, text=sign * 400, examples=1_000).as_json())
    assert 2_000_000 < len(page.encode()) < 6_000_000


def test_texts_are_cut_to_bytes() -> None:
    for text in ("abc" * 50, "日本語" * 50, "<&>" * 50, "👩🏽" * 30):
        short = cut_to_bytes(text, 40)
        assert text.startswith(short[:-1])
        assert 20 < len(script_json(short).encode()) <= 45
    assert cut_to_bytes("abc", 3) == "abc"


def test_the_policy_names_each_script_and_no_network() -> None:
    page = report_page(Report(title="x").as_json())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    words = policy[1].replace("&#39;", "'")
    assert words.startswith("default-src 'none'; script-src 'sha256-")
    assert source_of(vega()) in words
    assert "unsafe-eval" not in words
    assert "http" not in words


def test_a_script_that_would_end_its_element_is_refused() -> None:
    with pytest.raises(ValueError, match="would end its own element"):
        own_part("'</SCRIPT>'", "script")


def test_figures_are_found_wherever_they_are() -> None:
    figure = {"value": 0.5, "low": None, "high": None, "n": 3}
    section = {"a": figure, "b": {"hop": {"0": figure}}, "rows": [{"x": 1, "y": figure}], "verdict": "gain"}
    assert [name for name, _ in figures_in(section)] == ["a", "b: hop: 0"]
    assert [one.title for one in tables_of(section)] == ["Figures", "Rows"]
    assert facts_in({"none_of_them": []}) == [("none of them", "none")]
    assert cell({**figure, "low": 0.25, "high": 0.75}).text == "0.5 [0.25, 0.75]"
    assert cell({**figure, "value": None}).text == cell(None).text == "–"
