"""Codes of languages that may be asked for: those which the detectors of `language` can tell."""

from __future__ import annotations

from difflib import get_close_matches

import pycld2

from persona_hub.transforms.corpus.language import MACRO_LANGUAGES
from persona_hub.transforms.errors import InvalidInputError

LONGEST_CODE = 3
SAME_LANGUAGE = "same"  # personas in the language of their document
# fastText's lid.176 and CLD2: ISO 639-1, and 639-3 where 639-1 has no code. A test compares them with the libraries.
DETECTED = (
    "aa ab af ak am an ar as ast av ay az azb ba bar bcl be bg bh bi bn bo bpy br bs bxr ca cbk ce ceb chr ckb co crs "
    "cs cv cy da de diq dsb dty dv dz el eml en eo es et eu fa fi fj fo fr frr fy ga gd gl gn gom gu gv ha haw he hi "
    "hif hmn hr hsb ht hu hy ia id ie ig ik ilo io is it iu ja jbo jv ka kha kk kl km kn ko krc ks ku kv kw ky la lb "
    "lez lg li lif lmo ln lo lrc lt lv mai mfe mg mhr mi min mk ml mn mr mrj ms mt mwl my myv mzn na nah nap nds ne "
    "new nl nn no nr nso ny oc om or os pa pam pfl pl pms pnb ps pt qu rm rn ro ru rue rw sa sah sc scn sco sd sg sh "
    "si sk sl sm sn so sq sr ss st su sv sw syr ta te tg th ti tk tl tn to tr ts tt tyv ug uk ur uz ve vec vep vi vls "
    "vo wa war wo xal xh xmf yi yo za zh zu"
)
LANGUAGE_CODES = frozenset(DETECTED.split())
# ISO 639-2 and 639-3 codes that are typed for those of ISO 639-1.
THREE_LETTERS = tuple(
    (three, one)
    for group in [
        "eng en",
        "deu ger de",
        "fra fre fr",
        "spa es",
        "ita it",
        "por pt",
        "nld dut nl",
        "rus ru",
        "ukr uk",
        "pol pl",
        "ces cze cs",
        "slk slo sk",
        "slv sl",
        "hrv hr",
        "srp sr",
        "bos bs",
        "bul bg",
        "mkd mac mk",
        "ron rum ro",
        "hun hu",
        "ell gre el",
        "tur tr",
        "fin fi",
        "swe sv",
        "dan da",
        "nor nob nno no",
        "isl ice is",
        "est et",
        "lav lv",
        "lit lt",
        "sqi alb sq",
        "eus baq eu",
        "cat ca",
        "glg gl",
        "gle ga",
        "cym wel cy",
        "heb he",
        "ara ar",
        "fas per fa",
        "urd ur",
        "hin hi",
        "ben bn",
        "pan pa",
        "guj gu",
        "mar mr",
        "tam ta",
        "tel te",
        "kan kn",
        "mal ml",
        "sin si",
        "nep ne",
        "zho chi cmn zh",
        "jpn ja",
        "kor ko",
        "vie vi",
        "tha th",
        "khm km",
        "lao lo",
        "mya bur my",
        "ind id",
        "msa may ms",
        "swa sw",
        "hau ha",
        "ibo ig",
        "yor yo",
        "zul zu",
        "xho xh",
        "afr af",
        "amh am",
        "som so",
        "kat geo ka",
        "hye arm hy",
        "aze az",
        "kaz kk",
        "uzb uz",
        "mon mn",
        "lat la",
        "epo eo",
    ]
    for *threes, one in [group.split()]
    for three in threes
)
# Other codes of these languages. Filipino is the standard form of Tagalog, and the detectors know that by `tl`.
ALIASES = {
    "fil": "tl",
    "tgl": "tl",
    **{code: macro for code, macro in MACRO_LANGUAGES.items() if code not in LANGUAGE_CODES},
}


def persona_language(text: str) -> str:
    """`same`, or the code that the detectors give the language `text`: "fil" -> "tl". Raises ValueError.

    A language that they cannot tell is refused: the filter of personas would take it for another one.
    """
    code = ALIASES.get(text, text)
    if code == SAME_LANGUAGE or code in LANGUAGE_CODES:
        return code
    alike = sorted(known for known in LANGUAGE_CODES if known[0] == text[:1].lower())
    close = ", ".join(get_close_matches(text.lower(), alike, n=5, cutoff=0.4))
    hint = f"; codes close to it: {close}" if close else ""
    must = f"a persona's language must be {SAME_LANGUAGE!r} or the code of a language that can be detected"
    raise InvalidInputError(f"{must}, not {text!r}{hint}")


def document_language(text: str) -> str:
    """The code that the detectors give the language `text`: "nb" -> "no". Raises InvalidInputError."""
    code = ALIASES.get(text, text)
    if code in LANGUAGE_CODES:
        return code
    meant = code_of(text)
    hint = f"; did you mean {meant}?" if meant else ""
    raise InvalidInputError(f"{text!r} is no code of a language that can be detected, such as en or zh{hint}")


def code_of(text: str) -> str:
    """The code that somebody may mean: "en" for "eng", "English", "EN" and "en-US"; "" where nothing is near.

    >>> code_of("deu"), code_of("zh_CN")
    ('de', 'zh')
    """
    pairs = [*THREE_LETTERS, *((name.lower(), code) for name, code in pycld2.LANGUAGES)]
    known = {name: code for name, code in pairs if code in LANGUAGE_CODES}
    word = text.strip().lower().replace("_", "-")
    head = word.partition("-")[0]
    near = get_close_matches(word, known, n=1, cutoff=0.75) if len(word) > LONGEST_CODE else []
    found = (known.get(head, head), ALIASES.get(head, ""), *(known[name] for name in near))
    return next((code for code in found if code in LANGUAGE_CODES), "")
