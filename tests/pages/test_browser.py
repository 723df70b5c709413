"""The pages in a browser: one Chromium for all, by keyboard, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from persona_hub.pipelines.commands.review.import_ratings import FINDINGS, GOLD
from persona_hub.pipelines.main import main
from persona_hub.pipelines.pages.report.page import INDEX, write_report
from persona_hub.pipelines.pages.review.items import review_of
from persona_hub.pipelines.pages.review.page import review_page
from persona_hub.pipelines.pages.review.ratings import read_rater_file
from persona_hub.transforms.judging.gold import read_gold
from tests.helpers.pages.browser import Shown, chromium
from tests.helpers.pages.made_report import PLANTED, made_report
from tests.helpers.pages.raters import item

KEPT_NOWHERE = 'Object.defineProperty(window, "localStorage", {get() { throw new Error("blocked") }})'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(accept_downloads=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def review_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 20 items and 10 pairs, with a planted persona and text."""
    hub = [item(n, persona=f"persona {n} {PLANTED}", text=f"text {n} {PLANTED}") for n in range(10)]
    none = [item(n, "none", persona=f"persona {n} {PLANTED}", text=f"other {n}") for n in range(10)]
    file = tmp_path_factory.mktemp("review") / "review.html"
    file.write_text(review_page(review_of([lambda: iter(hub), lambda: iter(none)], 20)), "utf-8")
    return file


def begin(shown: Shown, name: str = "Ann B.") -> None:
    shown.page.keyboard.type(name)
    shown.press("Enter")


def saved(shown: Shown, folder: Path) -> Path:
    with shown.page.expect_download() as download:
        shown.press("s")
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def test_twenty_items_are_rated_by_keyboard_and_the_file_imports(
    context: BrowserContext, review_file: Path, tmp_path: Path
) -> None:
    shown = Shown(context, review_file)
    begin(shown)
    assert shown.page.locator("#place").inner_text() == "Sample 1 of 20"
    assert "<script>window.planted=1</script>" in shown.page.locator("#question").inner_text()
    shown.press("y", "2", "u", "4", "?", "n", "Escape")  # undone; help swallows what is pressed
    for n in range(1, 20):
        shown.press("n" if n % 4 == 0 else "y", str(1 + n % 5))
    assert shown.page.locator("#place").inner_text() == "Pair 1 of 10"
    shown.press(*"lrtlrtlrt", "ArrowRight", "ArrowLeft", "l")
    assert shown.page.locator("#done").inner_text() == "30 of 30 rated"
    file = saved(shown, tmp_path)
    assert file.name.endswith("-Ann-B.jsonl")
    read = read_rater_file(str(file))
    given = list(read.ratings.values())
    assert [(one.valid, one.fidelity) for one in given] == [
        (True, 4),
        *((n % 4 != 0, 1 + n % 5) for n in range(1, 20)),
    ]
    assert list(read.preferences.values()) == [*["left", "right", "tie"] * 3, "left"]
    assert main(["review", "import", str(file), "--output", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / FINDINGS).exists()
    assert len(read_gold(str(tmp_path / "out" / GOLD))) == 20
    assert (shown.foreign, shown.errors, shown.run("window.planted")) == ([], [], None)


def test_progress_is_kept_by_name_and_page_and_lost_where_the_browser_keeps_nothing(
    context: BrowserContext, review_file: Path
) -> None:
    shown = Shown(context, review_file)
    begin(shown)
    shown.press("y", "5", "n")
    for name, place, done in (("Ann B.", "Sample 2 of 20", "1 of 30 rated"), ("Bo", "Sample 1 of 20", "0 of 30 rated")):
        shown.page.reload()
        begin(shown, name)
        assert shown.page.locator("#place").inner_text() == place
        assert shown.page.locator("#done").inner_text() == done
    context.add_init_script(KEPT_NOWHERE)
    shown.page.reload()
    begin(shown)
    shown.press("y", "5")
    assert shown.page.locator("#done").inner_text() == "1 of 30 rated"
    assert shown.errors == []


def test_nothing_that_is_seen_tells_where_a_sample_is_from(context: BrowserContext, review_file: Path) -> None:
    shown = Shown(context, review_file)
    begin(shown)
    seen = []
    for _ in range(30):
        seen.append(shown.page.locator("body").inner_text())
        shown.press("ArrowRight")
    assert len(set(seen)) == 30
    assert [word for text in seen for word in ("hub", "none", "offline") if word in text] == []


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report in which every text ends with a planted script."""
    folder = tmp_path_factory.mktemp("report")
    write_report(str(folder), made_report(text=PLANTED))
    return folder / INDEX


@pytest.fixture(scope="module")
def report(browser: Browser, report_file: Path) -> Iterator[Shown]:
    """The report, with all of its pictures drawn."""
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    shown = Shown(context, report_file)
    shown.page.wait_for_function("Object.keys(drawn).length === document.querySelectorAll('.plot').length")
    yield shown
    context.close()


def test_every_picture_draws(report: Shown) -> None:
    marks = report.run("[...document.querySelectorAll('.plot svg')].map((one) => one.querySelectorAll('path').length)")
    assert len(marks) == 6
    assert min(marks) > 8
    assert report.run("drawn.map.data('points').length") == 300
    colours = """() => {
        const canvas = document.querySelector('#plot-map canvas');
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
    }"""
    assert report.run(colours) > 50
    assert report.run("document.querySelectorAll('.plot').length") == 7


def test_tables_sort_by_number_and_by_text(report: Shown) -> None:
    table = report.page.locator("#demographics table").nth(1)
    column = 'rows => rows.map((row) => row.cells[PLACE].innerText.split(" ")[0])'

    def cells(place: int) -> list[str]:
        found: list[str] = table.locator("tbody tr").evaluate_all(column.replace("PLACE", str(place)))
        return found

    table.get_by_role("button", name="figure").click()
    assert cells(2) == [f"{one:g}" for one in sorted(map(float, cells(2)))]
    table.get_by_role("button", name="figure").click()
    assert cells(2) == [f"{one:g}" for one in sorted(map(float, cells(2)), reverse=True)]
    table.get_by_role("button", name="value").click()
    assert cells(1) == sorted(cells(1), key=str.casefold)


def test_examples_are_searched_and_shown_in_parts(report: Shown) -> None:
    articles = report.page.locator("#list article")
    assert articles.count() == 10
    report.page.locator("#more").click()
    assert articles.count() == 20
    report.page.locator("#search").fill("ÓVENS 7 number")
    assert report.page.locator("#found").inner_text().startswith("4 of 45")  # 7, 17, 27, 37
    assert articles.count() == 4
    report.page.locator("#search").fill("zebra")
    assert articles.count() == 0
    report.page.locator("#search").fill("")


def test_a_point_shows_its_text_and_a_planted_script_does_nothing(report: Shown) -> None:
    report.run("document.getElementById('plot-map').scrollIntoView({block: 'center'})")
    place = report.run("""() => {
        const box = document.querySelector('#plot-map canvas').getBoundingClientRect();
        const row = drawn.map.data('points')[7], [left, top] = drawn.map.origin();
        const space = drawn.map.padding();
        const at = (name, value) => drawn.map.scale(name)(value);
        return [box.left + space.left + left + at('x', row.x), box.top + space.top + top + at('y', row.y)];
    }""")
    report.page.mouse.move(*place)
    report.page.wait_for_selector("#tip:not([hidden])")
    assert "<script>window.planted=1</script>" in report.page.locator("#tip").inner_text()
    assert (report.foreign, report.errors, report.run("window.planted")) == ([], [], None)


def test_a_phone_in_the_dark_scrolls_one_way_and_every_text_can_be_read(browser: Browser, report_file: Path) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 700}, color_scheme="dark")
    shown = Shown(context, report_file)
    shown.page.wait_for_function("Object.keys(drawn).length === document.querySelectorAll('.plot').length")
    assert shown.run("document.documentElement.scrollWidth") <= 360
    assert shown.run("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    labels = "getComputedStyle(document.querySelector('#plot-cost svg .role-axis-label text')).fill"
    assert shown.run(labels) == "rgb(154, 165, 177)"
    context.close()


def test_a_script_that_the_page_does_not_name_does_not_run(report: Shown) -> None:
    report.run("""() => new Promise((over) => {
        const one = document.createElement('script');
        one.textContent = 'window.strange = 1';
        document.body.append(one);
        document.body.insertAdjacentHTML('beforeend', '<img src="https://example.com/y" onerror="window.strange=1">');
        document.body.lastChild.addEventListener('error', over);
    })""")
    assert report.run("window.strange") is None
    assert report.errors  # the policy says so
    report.errors.clear()
    report.requests.clear()
