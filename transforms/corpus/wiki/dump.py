"""Pages of a MediaWiki dump (https://www.mediawiki.org/wiki/Help:Export), one after the other, in a piece of its file.

The XML of each page is parsed for itself: a broken page costs itself, and no more than one page is in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote
from xml.etree import ElementTree

from persona_hub.transforms.corpus.corpus_records import FETCH_FILE, MIB, BrokenError, Damage, Limits
from persona_hub.transforms.records import excerpt

PAGE, PAGE_END, DUMP_END = b"<page>", b"</page>", b"</mediawiki>"
SITE_BYTES = MIB  # of what stands before the first page; Wikipedia has 5 KB
MOST_NODES = 1_000_000  # of the XML of a page: a revision has 12, a page of Wikipedia with its history 100,000 of them
TITLE = re.compile(rb"<title>(.{0,1000}?)</title>", re.DOTALL)
MAIN, FILES, CATEGORIES, MEDIA = "0", "6", "14", "-2"  # namespaces
UNQUOTED = "/:@!$*(),;~"  # as MediaWiki leaves them in its own addresses


class Part(NamedTuple):
    """Bytes of the dump, decompressed; pages that begin in bytes which are not the piece's `own` are another's."""

    data: bytes
    own: bool


@dataclass(frozen=True)
class Site:
    """What the head of a dump says of its wiki."""

    address: str = ""  # of a page, up to its title; "" if the head names none
    namespaces: dict[str, str] = field(default_factory=dict)  # names of the namespaces by their numbers

    def address_of(self, title: str) -> str:
        """Where a page is to be found, "" if the head does not say."""
        return self.address + quote(title.replace(" ", "_"), safe=UNQUOTED) if self.address else ""

    @property
    def hidden(self) -> str:
        """The names of the namespaces to which links show nothing, parted by "|"."""
        return "|".join(self.namespaces.get(number, "") for number in (FILES, CATEGORIES, MEDIA))


@dataclass(frozen=True)
class WikiPage:
    """A page as its last revision in the dump has it."""

    title: str
    namespace: str  # its number
    redirects: bool
    model: str  # "wikitext" but for scripts, styles and data
    wikitext: str


def parse_site(head: bytes) -> Site:
    """What stands before the first page. Raises BrokenError for a head that declares entities or is no XML."""
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        detail = "it has a DOCTYPE, which no dump has and which is not read. Remove it, or leave the file out."
        raise BrokenError("mediawiki-damaged", detail)
    at = head.find(b"<siteinfo")
    end = head.find(b"</siteinfo>", at)
    if at < 0 or end < 0:
        return Site()
    try:
        site = ElementTree.fromstring(head[at : end + len(b"</siteinfo>")])  # noqa: S314 - no DOCTYPE, so no entities
    except ElementTree.ParseError as error:
        raise BrokenError("mediawiki-damaged", f"the head of the dump is broken ({error}). {FETCH_FILE}") from error
    base = (site.findtext("base") or "").strip()
    mark = "title=" if "?title=" in base else "/"
    address = base.rpartition(mark)[0] + mark if mark in base else ""
    names = {element.get("key", ""): element.text or "" for element in site.iter("namespace")}
    return Site(address, names)


def pages_in(parts: Iterator[Part], site: Site, limits: Limits) -> Iterator[tuple[int, WikiPage | Damage]]:
    """Offset (in all bytes of `parts`) and content of the pages that begin in own bytes, or damage in their stead.

    After damage the next page is looked for. The last damage is that of a dump which ends before its end.
    """
    scan, found = _Scan(limits.record_bytes), False
    for part in parts:
        if not part.own and scan.done:
            return
        scan.add(part)
        for offset, data in scan.pages():
            found = True
            yield offset, page_of(data, site) if isinstance(data, bytes) else data
    if scan.in_page or (found and not scan.ended):
        yield scan.offset, Damage("", "mediawiki-truncated", f"the dump ends before its end. {FETCH_FILE}")


class _Scan:
    """Looks for pages in bytes that come in parts."""

    def __init__(self, page_bytes: int):
        self._page_bytes = page_bytes
        self._data = bytearray()
        self.offset = 0  # of the first byte of `_data`
        self._own_end = 0  # where the piece's own bytes end
        self.in_page = False  # whether `_data` begins with a page
        self._too_large = False  # which is being passed over
        self._looked = 0  # bytes of `_data` in which no end was found
        self.ended = False  # whether after the last page stands the end of the dump, or a page of another piece

    @property
    def done(self) -> bool:
        """Whether no page is begun, and none can begin in what was read."""
        return not self.in_page and not any(self._data.endswith(PAGE[:n]) for n in range(1, len(PAGE)))

    def add(self, part: Part) -> None:
        """Takes the next bytes."""
        self._data += part.data
        if part.own:
            self._own_end = self.offset + len(self._data)

    def pages(self) -> Iterator[tuple[int, bytes | Damage]]:
        """Every page that is complete, and what is to be said of those that are none."""
        while self._open():
            end = self._data.find(PAGE_END, self._looked)
            again = self._data.find(PAGE, max(len(PAGE), self._looked), end if end >= 0 else len(self._data))
            if again >= 0:  # the end is missing
                if not self._too_large:
                    yield self.offset, self._damage("mediawiki-damaged", f"the page has no end. {FETCH_FILE}")
                self._drop(again)
                self.in_page = self._too_large = False
                continue
            size = end if end >= 0 else len(self._data)
            if size > self._page_bytes and not self._too_large:
                detail = f"a page of more than {self._page_bytes:,} bytes. Leave it out."
                yield self.offset, self._damage("record-too-large", detail)
                self._too_large = True
            if end < 0:
                self._looked = max(0, len(self._data) - len(PAGE_END))
                if self._too_large:  # only its end matters
                    kept = PAGE + bytes(self._data[self._looked :])
                    self.offset += len(self._data) - len(kept)
                    self._data, self._looked = bytearray(kept), len(PAGE)
                return
            if not self._too_large:
                yield self.offset, bytes(self._data[: end + len(PAGE_END)])
            self._drop(end + len(PAGE_END))
            self.in_page = self._too_large = False

    def _open(self) -> bool:
        """Drops what stands before the next page; whether one begins."""
        if self.in_page:
            return True
        at = self._data.find(PAGE)
        between = self._data[: at if at >= 0 else len(self._data)]
        self.ended = at < 0 and (self.ended or DUMP_END in between)
        keep = len(DUMP_END) if at < 0 else 0
        self._drop(max(0, len(between) - keep))
        self.in_page = at >= 0 and self.offset < self._own_end
        self.ended = self.ended or (at >= 0 and not self.in_page)
        return self.in_page

    def _drop(self, size: int) -> None:
        del self._data[:size]
        self.offset += size
        self._looked = 0

    def _damage(self, reason: str, detail: str) -> Damage:
        return Damage("", reason, detail, _seen(bytes(self._data[:2048])))


def _seen(data: bytes) -> str:
    title = TITLE.search(data)
    return excerpt((title[1] if title else data[:200]).decode("utf-8", "replace"))


def page_of(data: bytes, site: Site) -> WikiPage | Damage:
    """What the XML of a page holds; its damage has no place yet."""
    if data.count(b"<") + data.count(b'="') > MOST_NODES:
        detail = f"a page of more than {MOST_NODES:,} tags and attributes. Leave it out."
        return Damage("", "record-too-large", detail, _seen(data))
    try:
        # A DOCTYPE cannot stand within an element, so there are no entities to expand.
        page = ElementTree.fromstring(data)  # noqa: S314
    except (ElementTree.ParseError, ValueError) as error:
        detail = f"the XML of the page is broken ({error}). {FETCH_FILE}"
        return Damage("", "mediawiki-damaged", detail, _seen(data))
    title = (page.findtext("title") or "").strip()
    namespace = page.findtext("ns")
    if namespace is None:  # before version 0.6 of the format only the title had it
        prefix = title.partition(":")[0] if ":" in title else ""
        numbers = {name: number for number, name in site.namespaces.items()}
        namespace = numbers.get(prefix, MAIN) if prefix else MAIN
    last = next(iter(page.findall("revision")[-1:]), None)
    text = last.findtext("text") if last is not None else ""
    model = last.findtext("model") if last is not None else ""
    redirects = page.find("redirect") is not None
    return WikiPage(title, namespace.strip(), redirects, model or "wikitext", text or "")
