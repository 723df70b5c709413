"""Wikitext -> what a reader sees."""

from __future__ import annotations

import pytest

from persona_hub.transforms.corpus.corpus_records import BrokenError
from persona_hub.transforms.corpus.wiki.plain import plain_text_of_wiki, wikitext_to_text


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("'''A ferry''' is a [[boat|vessel]].", "A ferry is a vessel."),
        ("See [[boat]]s, [[:Category:Boats]] and [[#History|below]].", "See boats, Category:Boats and below."),
        ("{{Infobox|name={{nowrap|X}}}}\nText {{as of|2020}}.", "Text ."),
        ("Before\n{| class=wikitable\n! Year\n|-\n| 1900\n|}\nAfter", "Before\n\nAfter"),
        ("A claim<ref name=a>{{cite|x}}</ref> and more.<ref group=n />", "A claim and more."),
        ("[[File:A.jpg|thumb|A [[ferry]]]]\nText\n[[Category:Boats]]\n[[de:Fähre]]", "Text"),
        ("[[Datei:A.jpg|mini|Eine Fähre]] Text [[Kategorie:Boote]]", "Text"),
        ("== History ==\nIt began.\n=== Later ===\nIt ended.", "History\n\nIt began.\n\nLater\n\nIt ended."),
        ("* one\n* two\n# three\n: four", "one\n two\n three\n four"),
        ("a&nbsp;b &lt;c&gt; &amp;amp;", "a\xa0b <c> &amp;"),
        ("[http://x.example Example], [http://x.example], https://x.example", "Example, , https://x.example"),
        ("one<br />two<!-- three --> __NOTOC__", "one\ntwo"),
        ("<gallery>\nFile:a.jpg|A\n</gallery><math>x^2</math>done", "done"),
        ("<nowiki>'''not bold'''</nowiki> <div>inside</div>", "'''not bold'''\ninside"),
        ("Rhine ({{IPA|x}}, {{lang|y}}) river", "Rhine river"),
        ("-{zh-hans:计算机; zh-hant:電腦;}- -{A|zh-cn:内存;zh-tw:記憶體}- -{兩}-", "计算机 内存 兩"),
        ("{{unclosed and the rest", "{{unclosed and the rest"),
        ("", ""),
    ],
)
def test_what_a_reader_sees(wikitext: str, text: str) -> None:
    assert wikitext_to_text(wikitext, "Datei|Kategorie|") == text


def test_markup_in_which_the_parser_loses_itself_is_stopped_and_the_next_page_is_read() -> None:
    with pytest.raises(BrokenError, match=r"within 0\.5 seconds") as caught:
        plain_text_of_wiki("<b>" * 20_000, "", 0.5)
    assert caught.value.reason == "page-timeout"
    assert plain_text_of_wiki("'''A ferry'''", "", 30) == "A ferry"
