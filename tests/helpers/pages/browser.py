"""A headless Chromium that shows files; whatever a page asks for beside itself is written down."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
WITHOUT = "no chromium on this machine; .ci/packages chromium=chromium installs it"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; where there is none the tests skip, but fail where CI is set."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(WITHOUT)
    with sync_playwright() as playwright:
        # Root, as whom CI runs, may not have Chromium's sandbox; the pages are our own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Shown:
    """A page that is shown, what it asked for, and what went wrong in it."""

    def __init__(self, context: BrowserContext, file: Path) -> None:
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.set_default_timeout(60_000)  # a busy machine is no fault of the page
        self.url = file.as_uri()
        self.page.goto(self.url)

    def press(self, *keys: str) -> None:
        """Presses keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.page.evaluate(script)

    @property
    def foreign(self) -> list[str]:
        """Requests for anything but the page and what it holds itself."""
        return [url for url in self.requests if url != self.url and not url.startswith(("data:", "blob:"))]
