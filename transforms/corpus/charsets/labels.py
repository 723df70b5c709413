"""Labels of charsets, as pages write them, and the codec that reads each.

Browsers take many labels for a superset: ISO-8859-1 for windows-1252, GB2312 for GB 18030, KS C 5601 for windows-949.
Source of the table: https://encoding.spec.whatwg.org/#names-and-labels, and below it a few that it lacks.
"""

from __future__ import annotations

import codecs

# Python's codec, and its labels. Those that Python knows as names of the same codec are left out.
LABELS = {
    "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 utf8mb4 utf8mb3 utf-8-bom",
    "cp866": "866 csibm866",
    "iso8859-2": "csisolatin2 iso-ir-101 iso_8859-2:1987",
    "iso8859-3": "csisolatin3 iso-ir-109 iso_8859-3:1988",
    "iso8859-4": "csisolatin4 iso-ir-110 iso_8859-4:1988",
    "iso8859-5": "csisolatincyrillic iso-ir-144 iso_8859-5:1988",
    "iso8859-6": "asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e iso-8859-6-i iso-ir-127",
    "iso8859-7": "csisolatingreek ecma-118 elot_928 greek8 iso-ir-126 sun_eu_greek iso_8859-7:1987",
    "iso8859-8": "csiso88598e csisolatinhebrew iso-8859-8-e iso-ir-138 visual csiso88598i iso-8859-8-i logical",
    "iso8859-10": "csisolatin6 iso-ir-157 l6",
    "iso8859-15": "csisolatin9 l9",
    "koi8-r": "koi koi8 koi8_r cskoi8r",
    "koi8-u": "koi8-ru",
    "mac-roman": "mac csmacintosh x-mac-roman",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 tis620 windows-874",
    "cp1250": "x-cp1250",
    "cp1251": "x-cp1251 win1251 win-1251 windows1251",
    "cp1252": "iso-8859-1 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 iso-ir-100 l1 latin1 latin-1 csisolatin1 cp819"
    " ibm819 ascii us-ascii ansi_x3.4-1968 x-cp1252 windows1252 ansi",
    "cp1253": "x-cp1253",
    "cp1254": "x-cp1254 csisolatin5 iso-8859-9 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 iso-ir-148 l5 latin5",
    "cp1255": "x-cp1255",
    "cp1256": "x-cp1256",
    "cp1257": "x-cp1257",
    "cp1258": "x-cp1258",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "gb18030": "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk cp936 windows-936"
    " euc-cn x-euc-cn",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5 cp950 windows-950 big5-eten",
    "euc_jp": "cseucpkdfmtjapanese x-euc-jp",
    "iso2022_jp_ext": "csiso2022jp iso-2022-jp",
    "cp932": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    "cp949": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601"
    " windows-949 x-windows-949",
    "utf-16-be": "unicodefffe utf-16be",
    "utf-16-le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
    "utf-32-le": "utf-32 ucs-4 utf-32le",
}
CODECS = {label: codec for codec, labels in LABELS.items() for label in labels.split()}
# Python's names of what the table has under another; and codecs that are none of characters, or would hide some.
SUPERSETS = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"} | {
    "cp950": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949", "iso8859-9": "cp1254", "iso8859-11": "cp874",
    "tis-620": "cp874", "utf-16": "utf-16-le", "utf-32": "utf-32-le", "iso2022_jp": "iso2022_jp_ext",
}  # fmt: skip
NO_CHARSETS = frozenset(
    ("utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem")
)


def codec_of_label(label: str) -> str:
    """Python's codec for a label, as browsers take it; "" if it is none that turns bytes to text.

    >>> codec_of_label("ISO-8859-1"), codec_of_label("x-sjis"), codec_of_label("rot13")
    ('cp1252', 'cp932', '')
    """
    label = label.strip(" \t\r\n\f\"'").lower()
    if label in CODECS:
        return CODECS[label]
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return ""
    name = info.name.replace("utf-8-sig", "utf-8")
    if not getattr(info, "_is_text_encoding", True) or name in NO_CHARSETS:
        return ""
    return SUPERSETS.get(name, name)
