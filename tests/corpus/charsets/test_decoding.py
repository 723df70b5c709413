"""Bytes become the text that their author wrote, or nothing: never another text."""

from __future__ import annotations

import random

import pytest

from persona_hub.transforms.corpus.charsets.decoding import Undecodable, decode
from persona_hub.transforms.corpus.charsets.html import decode_page
from persona_hub.transforms.corpus.charsets.labels import codec_of_label

RUSSIAN = "Смотритель плотины каждый четверг измеряет расход воды. Если дождя не было, он звонит инженеру. "
UKRAINIAN = "Доглядач греблі щочетверга вимірює витрату води. Якщо дощу не було, він телефонує інженерові. "
GREEK = "Ο ψαράς των χελιών σηκώνει τα κιούρτα πριν από την αυγή, όταν το νερό είναι πιο κρύο. "
HEBREW = "הדייג מרים את המלכודות לפני עלות השחר, כשהמים קרים ביותר, ומחזיר את הדגים הקטנים למים. "
ARABIC = "يرفع الصياد شباكه قبل الفجر حين يكون الماء أبرد ما يكون، ويعيد الأسماك الصغيرة إلى الماء فورا. "
POLISH = "Pszczelarz znakuje matki w kwietniu, gdy rodzina jest mała. Później zapisuje żółtą kartę, choć źle widzi. "
GERMAN = "Die Straße über den Fluß führt nach München, wo größere Häuser stehen als bei uns. „Schön“, sagte er. "
FRENCH = "L'éclusier relève les nasses avant l'aube et note la hauteur de l'eau à côté du vent. L'été, il répare. "
THAI = "ผู้เลี้ยงผึ้งทำเครื่องหมายนางพญาในเดือนเมษายนเมื่อรังยังเล็ก แต้มสีเพียงหยดเดียวก็พอ "
JAPANESE = "窯の火は十一時間かけて頂点に達します。最後の二時間に塩を投げ入れる時期を誤ると、壺の肩が曇ります。"
KOREAN = "전차 바퀴의 편마모는 젖은 낙엽 위에서 바퀴가 잠길 때 생긴다. 기관사는 정류장을 적어 둔다. "
CHINESE = "养鳗人每天清晨在沼泽边收起竹笼，记录水位和风向。小鱼要立刻放回水里，这是村里老人定下的规矩。"
TAIWANESE = "養鰻人每天清晨在沼澤邊收起竹籠，記錄水位和風向。小魚要立刻放回水裡，這是村裡老人定下的規矩。"
TEXTS = [
    ("windows-1251", "cp1251", RUSSIAN),
    ("koi8-r", "koi8-r", RUSSIAN),
    ("koi8-u", "koi8-u", UKRAINIAN),
    ("ibm866", "cp866", RUSSIAN),
    ("windows-1253", "cp1253", GREEK),
    ("windows-1255", "cp1255", HEBREW),
    ("windows-1256", "cp1256", ARABIC),
    ("iso-8859-2", "iso8859-2", POLISH),
    ("windows-1250", "cp1250", POLISH),
    ("latin1", "cp1252", GERMAN),
    ("iso-8859-1", "cp1252", FRENCH),
    ("tis-620", "cp874", THAI),
    ("x-sjis", "cp932", JAPANESE),
    ("euc-jp", "euc_jp", JAPANESE),
    ("iso-2022-jp", "iso2022_jp", JAPANESE),
    ("ks_c_5601-1987", "cp949", KOREAN),
    ("gb2312", "gb18030", CHINESE),
    ("big5", "big5", TAIWANESE),
    ("utf-8", "utf-8", FRENCH),
]
NAMES = [label for label, _, _ in TEXTS]


def page(text: str, codec: str, declared: str = "") -> bytes:
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">' if declared else ""
    return f"<html><head>{meta}<title>t</title></head><body><p>".encode() + text.encode(codec) + b"</p></body></html>"


@pytest.mark.parametrize(("label", "codec", "text"), TEXTS, ids=NAMES)
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "undeclared"])
def test_a_page_is_read_as_it_was_written(label: str, codec: str, text: str, declared: bool) -> None:
    found = decode_page(page(text * 3, codec, label if declared else ""))
    assert f"<p>{text * 3}</p>" in found.text
    assert found.replaced == 0


@pytest.mark.parametrize(("label", "codec", "text"), TEXTS, ids=NAMES)
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "undeclared"])
def test_a_stray_byte_is_one_character(label: str, codec: str, text: str, declared: bool) -> None:
    half = page(text * 2 + "@@" + text * 2, codec, label if declared else "")
    found = decode_page(half.replace(b"@@", b"@\xff@"))
    stray = found.text[found.text.index("@") + 1 : found.text.rindex("@")]
    assert len(stray) == 1  # U+FFFD, or the letter that 0xFF is in this charset
    assert found.replaced == (stray == "\ufffd")
    assert found.text.count(text) == 4


@pytest.mark.parametrize(("label", "codec", "text"), TEXTS, ids=NAMES)
def test_a_text_that_a_crawler_cut_loses_its_last_character(label: str, codec: str, text: str) -> None:
    whole = page(text * 3, codec, label).split(b"</p>")[0]
    found = decode_page(whole.rstrip(b" \x1b(B")[:-1])
    assert found.replaced <= 1
    assert found.text.count(text) >= 2


@pytest.mark.parametrize(("label", "codec", "text"), TEXTS, ids=NAMES)
def test_twenty_damaged_bytes_never_make_mojibake(label: str, codec: str, text: str) -> None:
    chance = random.Random(label)
    data = bytearray(text.encode(codec) * 9)
    for at in chance.sample(range(len(data)), 20):
        data[at] = 0xFF
    reference = bytes(data).decode(codec_of_label(label), "replace")
    for labels in ([label], []):
        try:
            found = decode(bytes(data), *labels).text
        except Undecodable:
            assert not labels  # a guess may be unsure; what is declared is not
            continue
        if len(found) == len(reference):
            assert sum(a != b for a, b in zip(found, reference, strict=True)) <= 20
        else:
            assert found.count(text[:8]) >= 3


@pytest.mark.parametrize(
    ("text", "codec", "header", "meta"),
    [
        (RUSSIAN, "cp1251", "iso-8859-1", "windows-1251"),
        (RUSSIAN, "cp1251", "utf-8", "windows-1251"),
        (RUSSIAN, "koi8-r", "", "windows-1251"),
        (RUSSIAN, "koi8-r", "windows-1251", "utf-8"),
        (CHINESE, "gb18030", "iso-8859-1", "gb2312"),
        (TAIWANESE, "big5", "gb2312", ""),
        (JAPANESE, "cp932", "iso-8859-1", "Shift_JIS"),
        (JAPANESE, "euc_jp", "shift_jis", ""),
        (POLISH, "cp1250", "iso-8859-1", "windows-1250"),
        (FRENCH, "cp1252", "utf8mb4", ""),
        (FRENCH, "cp1252", "utf-8", "utf-8"),
        (FRENCH, "utf-8", "iso-8859-1", "windows-1252"),
        (GREEK, "cp1253", "hex", "no-such-charset"),
        (HEBREW, "cp1255", "windows-1252", "iso-8859-8"),
    ],
)
def test_of_two_declarations_the_one_that_makes_a_language_is_right(
    text: str, codec: str, header: str, meta: str
) -> None:
    body = page(text * 3, codec, meta)
    assert text in decode_page(body, f"text/html; charset={header}" if header else "text/html").text


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [GERMAN, RUSSIAN, CHINESE + "\n"], ids=["Latin", "Cyrillic", "Han"])
@pytest.mark.parametrize("declared", ["", "iso-8859-1"])
def test_marks_and_zeros_tell_unicode(codec: str, text: str, declared: str) -> None:
    assert decode((text * 4).encode(codec), *filter(None, [declared])).text.removeprefix("\ufeff") == text * 4


@pytest.mark.parametrize(
    "data",
    [
        bytes(random.Random(1).randrange(128, 256) for _ in range(2000)),
        random.Random(2).randbytes(4000),
        (RUSSIAN * 5).encode("cp1251").translate(bytes((b * 7 + 3) % 128 + 128 for b in range(256))),
        (GERMAN * 5).encode("cp037", "ignore"),  # EBCDIC
    ],
    ids=["high bytes", "bytes", "unknown charset", "EBCDIC"],
)
def test_what_is_no_text_is_no_text(data: bytes) -> None:
    with pytest.raises(Undecodable, match=r"[Cc]onvert it"):
        decode(data)


def test_english_with_a_stray_byte_is_ascii() -> None:
    text = b"The keeper of the weir lifts the eel traps before dawn. " * 10
    assert decode(text + b"\xfe" + text, "utf-8").text == f"{text.decode()}\ufffd{text.decode()}"
    quoted = text + b"\x93It\x92s cold,\x94 he says. " + text
    assert "“It’s cold,” he says." in decode(quoted, "utf-8").text


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("latin1", "cp1252"),
        ("ISO-8859-9", "cp1254"),
        ("GB2312", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("windows-949", "cp949"),
        ("Shift_JIS", "cp932"),
        ("x-gbk", "gb18030"),
        (" 'UTF-8' ", "utf-8"),
        ("unicode-1-1-utf-8", "utf-8"),
        ("dos-874", "cp874"),
        ("logical", "iso8859-8"),
        ("x-mac-cyrillic", "mac-cyrillic"),
        ("utf-7", ""),
        ("hex", ""),
        ("rot13", ""),
        ("no-such", ""),
        ("\0", ""),
    ],
)
def test_labels_are_taken_as_browsers_take_them(label: str, codec: str) -> None:
    assert codec_of_label(label) == codec


def test_no_page_takes_long_whatever_its_markup() -> None:
    for hostile in (b"<" * 300_000, b"<script" * 40_000, b"&" * 300_000, b"<a " + b"x" * 300_000):
        assert decode(hostile + page(RUSSIAN, "cp1251", "windows-1251"), "windows-1251").text
