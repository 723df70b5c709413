"""The pages in a browser: one Chromium for all, by keyboard, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from persona_hub.pipelines.commands.review.import_ratings import FINDINGS, GOLD
from persona_hub.pipelines.main import main
from persona_hub.pipelines.pages.review.items import review_of
from persona_hub.pipelines.pages.review.page import review_page
from persona_hub.pipelines.pages.review.ratings import read_rater_file
from persona_hub.transforms.judging.gold import read_gold
from tests.helpers.pages.browser import Shown, chromium
from tests.helpers.pages.raters import item

PLANTED = '</script><script>window.planted=1</script><img src="https://example.com/x" onerror="window.planted=1"><!--'
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
    assert not [text for text in seen if "hub" in text or "none" in text or "offline" in text.partition("Sample ")[2]]
