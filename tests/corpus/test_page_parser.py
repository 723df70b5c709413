"""What runs in a process of its own: it can be stopped, it may crash, and it takes no more memory than it may."""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import pytest

from examples.make_corpus import page
from persona_hub.transforms import apart
from persona_hub.transforms.apart import SIZES, serve
from persona_hub.transforms.corpus.corpus_records import BrokenError
from persona_hub.transforms.corpus.formats.main_text import extract, extractor, main_text
from persona_hub.transforms.corpus.page_parser import PageParser
from tests.helpers.shadows import shadowing_folder

TEXT = "Les façades du quai ont été repeintes, et les élèves ont gardé la clé du vieux hangar."


def greedy(text: str, url: str) -> str:
    """Takes as many bytes as the text says."""
    return str(len(bytearray(int(text)))) if text.isdigit() else ""


def test_what_takes_too_much_memory_is_an_error_and_the_next_text_is_read() -> None:
    other = PageParser(f"{__name__}:{greedy.__name__}")
    assert other("1000000", "", 30) == "1000000"
    with pytest.raises(BrokenError, match="MemoryError") as caught:
        other(f"{apart.MOST_MEMORY}", "", 30)
    assert caught.value.reason == "page-broken"
    assert other("1000000", "", 30) == "1000000"
    other.ready().stop()


def test_a_parser_that_crashes_costs_its_page() -> None:
    html = page("The ferry", [TEXT])
    assert main_text(html, "", 30) == extract(html)
    first = extractor.ready()
    os.kill(first.process.pid, signal.SIGSTOP)  # as one that is lost in a page
    with pytest.raises(BrokenError, match=r"within 0\.2 seconds"):
        main_text(html, "", 0.2)
    assert main_text(html, "", 30) == extract(html)
    later = extractor.ready()
    assert later is not first
    later.process.kill()  # between two pages: the next is not its fault
    later.process.wait()
    assert main_text(html, "", 30) == extract(html)


def test_an_extractor_is_replaced_after_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "TEXTS_OF_A_PROCESS", 2)
    other = PageParser(extractor.function)
    first = other.ready()
    pids = []
    for _ in range(4):
        other("<html>", "", 30)
        assert other.process
        pids.append(other.process.process.pid)
    assert pids[0] == pids[1] != pids[2] == pids[3]
    assert first.process.poll() is not None
    other.ready().stop()


def test_the_other_process_answers_pages_one_by_one_and_names_its_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(html: str, url: str) -> str:
        if "bad" in html:
            raise RecursionError("too deep")
        return f"{url}: {html} \ud800"

    asked, answered = io.BytesIO(), io.BytesIO()
    for url, html in (("u1", "one"), ("", "bad"), ("u3", "seite drei ü")):
        asked.write(SIZES.pack(len(url.encode()), len(html.encode())) + url.encode() + html.encode())
    asked.write(b"\1\2")  # the worker was killed within a word
    asked.seek(0)
    serve(failing, asked, answered)
    got = answered.getvalue()
    assert got.startswith(b"!")
    at, answers = 1, []
    while at < len(got):
        failed, size = SIZES.unpack_from(got, at)
        answers.append((failed, got[at + SIZES.size : at + SIZES.size + size].decode()))
        at += SIZES.size + size
    assert answers == [(0, "u1: one ?"), (1, "RecursionError"), (0, "u3: seite drei ü ?")]


def test_packages_of_our_names_in_the_working_folder_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shadowing_folder(tmp_path / "project"))
    text = "A ferryman knows the river by the colour of its foam, and turns back when the water is dark."
    other = PageParser(extractor.function)
    assert text in other(page("The ferry", [text] * 3), "", 20)
    other.ready().stop()
