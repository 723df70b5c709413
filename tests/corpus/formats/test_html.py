"""Pages to main text: in any encoding, within bounds, whatever the page does to the parser."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.make_corpus import page
from persona_hub.transforms.corpus.charsets.html import decode_page
from persona_hub.transforms.corpus.corpus_records import Damage, SkippedRecord, TextRecord
from tests.corpus.writing import PACK, found_in

TEXTS = {
    "windows-1251": "Паромщик знает реку по цвету пены и поворачивает назад, когда вода темнеет.",
    "koi8-r": "Паромщик знает реку по цвету пены и поворачивает назад, когда вода темнеет.",
    "shift_jis": "渡し守は川の泡の色を見て、紅茶の色になったら引き返す。",
    "euc-jp": "渡し守は川の泡の色を見て、紅茶の色になったら引き返す。",
    "iso-2022-jp": "渡し守は川の泡の色を見て、紅茶の色になったら引き返す。",
    "gb2312": "摆渡人看着河水泡沫的颜色，变成茶色的时候就往回走。",
    "big5": "擺渡人看著河水泡沫的顏色，變成茶色的時候就往回走。",
    "euc-kr": "나룻배 사공은 강물의 거품 색을 보고 차 색이 되면 되돌아간다.",
    "windows-1256": "يعرف صاحب العبارة النهر من لون زبده ويعود حين يصير بلون الشاي",
    "iso-8859-1": "Der Fährmann kehrt um, wenn das Wasser so braun wird wie „Tee“.",  # quotes that only cp1252 has
}


@pytest.mark.parametrize("declared", TEXTS)
@pytest.mark.parametrize("where", ["meta", "header", "xml"])
def test_a_page_is_read_as_it_declares(declared: str, where: str) -> None:
    text = TEXTS[declared]
    head = {
        "meta": f"<html><meta http-equiv=Content-Type content='text/html; charset={declared}'>",
        "header": "<html>",
        "xml": f'<?xml version="1.0" encoding="{declared}"?><html>',
    }[where]
    body = (head + f"<p>{text}</p></html>").encode("cp1252" if declared == "iso-8859-1" else declared)
    assert text in decode_page(body, f'text/html; Charset="{declared}"' if where == "header" else "text/html").text


@pytest.mark.parametrize("declared", [name for name in TEXTS if name != "iso-2022-jp"])
def test_a_page_that_declares_nothing_is_guessed(declared: str) -> None:
    body = f"<html><p>{TEXTS[declared] * 4}</p></html>"
    assert decode_page(body.encode("cp1252" if declared == "iso-8859-1" else declared)).text == body


def test_the_header_goes_before_the_page_and_a_mark_before_both() -> None:
    russian = TEXTS["koi8-r"]
    page = f"<meta charset=windows-1251><p>{russian}"
    assert russian in decode_page(page.encode("koi8-r"), "text/html; charset=koi8-r").text
    assert russian in decode_page(page.encode("utf-16"), "text/html; charset=koi8-r").text


@pytest.mark.parametrize("codec", ["utf-7", "hex", "rot13", "idna", "no-such-thing", "\0"])
def test_what_declares_no_encoding_of_text_is_not_believed(codec: str) -> None:
    body = f"<meta charset={codec}><p>{TEXTS['gb2312'] * 3}".encode("gb18030")
    assert TEXTS["gb2312"] in decode_page(body).text
    assert decode_page(b"<p>+ADw-script+AD4-", f"text/html; charset={codec}").text == "<p>+ADw-script+AD4-"


@pytest.mark.parametrize("packed", PACK)
def test_a_file_of_html_gives_its_main_text(tmp_path: Path, packed: str) -> None:
    path = tmp_path / f"x.html{packed}"
    path.write_bytes(PACK[packed](page("The ferry", [TEXTS["koi8-r"]] * 2).encode()))
    (found,) = found_in(path)
    assert isinstance(found, TextRecord)
    assert TEXTS["koi8-r"] in found.text
    assert "Cookies" not in found.text
    assert "track()" not in found.text


def test_a_page_without_text_is_a_skip_and_one_beyond_the_bound_is_damage(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("<html><body><img src=a.png></body></html>")
    assert found_in(tmp_path / "x.html") == [SkippedRecord("line 1", "", "no-text")]
    (found,) = found_in(tmp_path / "x.html", record_bytes=20)
    assert isinstance(found, Damage)
    assert found.reason == "record-too-large"
