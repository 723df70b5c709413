"""The main text of an HTML page, without menus and footers, within a bound of seconds.

Extraction runs in a process of its own, one for each worker process: a page on which a regular expression or the
parser loses itself can be stopped by nothing else, and one on which the parser crashes takes no worker along.
"""

from __future__ import annotations

import atexit
import os
import selectors
import struct
import subprocess
import sys
import threading
import time
from typing import BinaryIO

from persona_hub.transforms.corpus.corpus_records import BrokenError

SIZES = struct.Struct("<II")  # bytes of the address and of the page; of the answer, in the second place
EXTRACTOR_START_SECONDS = 120.0  # for the extractor to be imported: 1 s on an idle machine
PAGES_OF_A_PROCESS = 5000  # after which it is replaced: the extractor keeps caches that only grow


def extract(html: str, url: str = "") -> str:
    """The main text of a page, "" if it has none; here, without a bound.

    On 62 pages with marked strings (`python -m benchmarks.main_text`) trafilatura's own algorithm, leaning to recall,
    reaches a recall of 0.968 and a precision of 0.973 in 8 ms a page; with its fallbacks 0.946 and 0.962 in 14 ms;
    resiliparse 0.962 and 0.799 in 1.4 ms. Comments are left out: others wrote them, about other things.
    """
    import trafilatura

    return trafilatura.extract(html, url=url or None, fast=True, favor_recall=True, include_comments=False) or ""


def main_text(html: str, url: str, seconds: float) -> str:
    """The main text of a page, "" if it has none; raises BrokenError if it takes longer than `seconds` or crashes."""
    with _extractor_lock:
        return _extractor().extract(html, url, seconds)


class _Extractor:
    """The other process, seen from here."""

    def __init__(self) -> None:
        # A plain interpreter: a fork would copy the worker's threads' locks, `multiprocessing` its main module.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        command = [sys.executable, "-P", "-m", __name__]  # -P: no package of the working folder hides ours
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self.owner = os.getpid()
        self.pages = 0
        self._ready = False

    @property
    def usable(self) -> bool:
        """Whether it can be asked, by this process."""
        return self.owner == os.getpid() and self.process.poll() is None and self.pages < PAGES_OF_A_PROCESS

    def extract(self, html: str, url: str, seconds: float) -> str:
        """See `main_text`."""
        assert self.process.stdin
        self.pages += 1
        try:
            if not self._ready:
                self._read(1, EXTRACTOR_START_SECONDS)
                self._ready = True
            address, page = url.encode("utf-8", "replace"), html.encode("utf-8", "replace")
            self.process.stdin.write(SIZES.pack(len(address), len(page)) + address + page)
            self.process.stdin.flush()
            deadline = time.monotonic() + seconds
            failed, size = SIZES.unpack(self._read(SIZES.size, seconds))
            answer = self._read(size, max(1.0, deadline - time.monotonic())).decode("utf-8")
        except TimeoutError:
            self.stop()
            detail = f"its main text is not found within {seconds:g} seconds. Leave the page out."
            raise BrokenError("page-timeout", detail) from None
        except (EOFError, OSError):
            self.stop()
            raise BrokenError("page-crashed", "its page crashes the parser of HTML. Leave the page out.") from None
        if failed:
            raise BrokenError("page-broken", f"its main text cannot be found ({answer}). Leave the page out.")
        return answer

    def stop(self) -> None:
        """Ends the process."""
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()

    def _read(self, size: int, seconds: float) -> bytes:
        """`size` bytes of the answer; raises TimeoutError after `seconds`, EOFError if the process ends."""
        assert self.process.stdout
        deadline = time.monotonic() + seconds
        data = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while len(data) < size:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                part = os.read(self.process.stdout.fileno(), size - len(data))
                if not part:
                    raise EOFError
                data += part
        return data


_extractor_lock = threading.Lock()
_current: _Extractor | None = None


def _extractor() -> _Extractor:
    global _current
    if _current is None or not _current.usable:
        if _current is not None:
            _current.stop()
        _current = _Extractor()
        atexit.register(_current.stop)
    return _current


def _serve(stdin: BinaryIO, stdout: BinaryIO) -> None:
    """Answers pages until the worker is gone."""
    extract("<html><body><p>A first page loads what is loaded late.</p></body></html>")
    stdout.write(b"!")
    stdout.flush()
    while len(sizes := stdin.read(SIZES.size)) == SIZES.size:
        address, page = SIZES.unpack(sizes)
        url = stdin.read(address).decode("utf-8")
        html = stdin.read(page).decode("utf-8")
        failed = 0
        try:
            answer = extract(html, url)
        except Exception as error:
            failed, answer = 1, type(error).__name__
        data = answer.encode("utf-8", "replace")
        stdout.write(SIZES.pack(failed, len(data)) + data)
        stdout.flush()


if __name__ == "__main__":
    # What the extractor prints must not get between the answers.
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    _serve(sys.stdin.buffer, answers)
