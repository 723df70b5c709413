"""Contact data in a text: how somebody is reached, or told from all others, as many countries write it.

Patterns find what has the shape; `phonenumbers` decides on telephone numbers that no sign or word betrays. Everything
that costs is behind a look for the few characters without which there is nothing to find.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from persona_hub.transforms.pii.finding import Finding, disjoint
from persona_hub.transforms.pii.identifiers import IP, find_identifiers, names_a_host
from persona_hub.transforms.pii.phones import find_phones
from persona_hub.transforms.pii.street_addresses import find_street_addresses

# One character for one, so that places stay the same: full-width forms as Chinese and Japanese keyboards give them,
# Arabic-Indic, Persian, Devanagari and Bengali digits, dashes and spaces of typesetters.
FOLDED = str.maketrans(
    {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}
    | {chr(zero + i): str(i) for zero in (0x660, 0x6F0, 0x966, 0x9E6) for i in range(10)}
    | dict.fromkeys("‐‑‒–—−", "-")
    | dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", " ")
)

# Ends of host names that may stand without a scheme. Left out are those that are file endings or English words
# (md, sh, py, rs, ai, is, so, to ...): "readme.md" and "the end.so" are no links.
GENERIC = "com|org|net|edu|gov|mil|int|info|biz|io|dev|app|online|site|shop|xyz|blog|club|tech|eu|asia|cloud|store"
COUNTRIES = (
    "ae|ar|au|bd|bg|br|by|ca|ch|cl|cn|co|cz|de|dk|dz|ee|eg|es|fi|fr|gr|hk|hr|hu|id|ie|il|ir|jo|jp|ke|kr|kw|kz|li|lk|lt|lu"
    "|lv|ma|me|mx|my|ng|nl|nz|pe|ph|pk|pt|qa|ro|rs|ru|sa|se|sg|si|sk|th|tn|tr|tv|tw|ua|uk|us|uz|vn|za"
)
UNICODE_ENDS = "рф|укр|中国|中國|公司|网络|台灣|香港|新加坡|भारत|السعودية|امارات|مصر|الاردن|المغرب|قطر|한국|ไทย|みんな"
# Ends of hosts that are words of English or endings of Perl files: links only in other languages, or with a path.
WORD_ENDS = frozenset({"at", "in", "it", "be", "no", "pl"})

LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
ANY_LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?"
HOST = rf"(?:{ANY_LABEL}\.)+(?:[a-zA-Z]{{2,24}}|xn--[a-z0-9-]+|{UNICODE_ENDS})(?![a-zA-Z0-9])"
# The part before the @ is ASCII, letters of spaced scripts, or Han alone: Chinese puts no space before an address.
SPACED = r"\p{Latin}\p{Cyrillic}\p{Greek}\p{Arabic}\p{Devanagari}\p{M}\p{N}"
LOCAL_PART = rf"(?:[{SPACED}](?:[{SPACED}._%+'-]{{0,62}}[{SPACED}_+-])?|\p{{Han}}{{1,10}})"
EMAIL_ADDRESS = regex.compile(rf"(?:mailto:)?(?<![a-zA-Z0-9._%+-]){LOCAL_PART}@{HOST}")

# "name (at) host (dot) com" and "name at host dot com"; a bare " at " counts only with a " dot " after it.
AT = r"\s*[(\[{<]\s*(?:at|ät|@|arroba|собака|chiocciola|arobase)\s*[)\]}>]\s*|\s?[-_]at[-_]\s?"
DOT = (
    r"\s*[(\[{<]\s*(?:dot|punkt|punto|ponto|point|точка|\.)\s*[)\]}>]\s*"
    r"|\s(?:dot|punkt|punto|ponto)\s|\s?[-_]dot[-_]\s?"
)
HIDDEN_EMAIL = regex.compile(
    r"(?<![a-zA-Z0-9_.])[a-zA-Z0-9][a-zA-Z0-9_.%+-]{0,62}"
    rf"(?:(?:{AT})(?:{LABEL}(?:\.|{DOT}))+|\s(?:at|arroba)\s(?:{LABEL}\s(?:dot|punto)\s)+)"
    rf"(?:{GENERIC}|{COUNTRIES}|at|in|it|be|pl)(?:\.[a-z]{{2}})?(?![a-zA-Z0-9])",
    regex.IGNORECASE,
)

HIDING = regex.compile(r"[(\[{<]|\s(?:dot|DOT|Dot|punto|PUNTO)\s|[-_](?:at|AT)[-_]")
DOT_WITHIN = regex.compile(r"\.[^\s.]|://")  # nearly every text has a dot at its end

# What may stand in an address after the host. Chinese and Japanese go on without a space, so their letters belong to
# it only right after a slash.
HAN = r"\p{Han}\p{Hiragana}\p{Katakana}"
PATH = rf"(?:[^\s<>\"'|\\^`{{}}（）【】「」《》，。！？、；：؛،{HAN}]|(?<=/)[{HAN}]+)"
SMALL_LABEL = r"[\p{Ll}0-9](?:[\p{Ll}0-9-]{0,61}[\p{Ll}0-9])?"
LINK = regex.compile(
    rf"(?:(?i:https?|hxxps?|ftps?)://|(?<![a-zA-Z0-9.])(?i:www)\.){PATH}+"
    # a host of small letters alone: "Booking.com" and "ASP.NET" are names of things
    rf"|(?<![\p{{Ll}}\p{{Lu}}0-9@./:_-])(?:{SMALL_LABEL}\.)+"
    rf"(?P<end>{GENERIC}|{COUNTRIES}|{'|'.join(sorted(WORD_ENDS))})(?![a-zA-Z0-9_-]|\.\w)(?P<path>[/?]{PATH}*)?"
    rf"|(?<![a-zA-Z0-9@./:_-])(?:{LABEL}\.)+(?:{GENERIC}|{COUNTRIES})/{PATH}+"
    rf"|(?<![\p{{L}}\p{{M}}@./:-])(?:{ANY_LABEL}\.)+(?:{UNICODE_ENDS})(?![\p{{L}}\p{{M}}])(?:/{PATH}*)?"
)
TRAILING = ".,;:!?)]}'\"»”’…*_"

# Annotations and decorators of programming languages, which personas of programmers name.
NO_HANDLES = frozenset(
    word
    for line in (
        "author autowired bean classmethod component configuration controller dataclass deprecated entity extend",
        "font include inject injectable input keyframes media mixin nullable output override param property",
        "repository return returns see service since staticmethod supports test throws todo transactional import",
    )
    for word in line.split()
)
HANDLE = regex.compile(
    r"(?<![a-zA-Z0-9_@./+-])@(?P<who>(?>[a-zA-Z_](?:\.?[a-zA-Z0-9_]){2,29}|[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]{1,20}))(?![/(@])"
)
# The excerpt of a dead letter may end within an address or a number, which then looks like none.
CUT_OFF = regex.compile(r"(?P<digits>(?<![\w.])[+(]?\d[\d ().\-/]{3,}+)(?=…$)|[^\s@]+@[^\s@]*(?=…$)")


def find_contacts(text: str, language: str) -> list[Finding]:
    """E-mail addresses, links, handles, numbers of persons and accounts, IP addresses, street addresses and telephone
    numbers of a text, in their order, none overlapping.
    """
    folded = text if text.isascii() else text.translate(FOLDED)
    cut: list[Finding] = []
    if folded.endswith("…"):
        cut = [Finding(*match.span(), "phone" if match["digits"] else "email") for match in CUT_OFF.finditer(folded)]
    found = (*find_addresses(folded, language), *find_identifiers(folded), *find_street_addresses(folded))
    all_found = disjoint([*found, *find_phones(folded, language), *cut])
    return [one for one in all_found if one.kind != IP or names_a_host(folded[one.start : one.end])]


def find_addresses(text: str, language: str) -> Iterator[Finding]:
    """E-mail addresses, links and handles of a folded text; some may overlap, the surer first."""
    if "@" in text:
        yield from (Finding(*match.span(), "email") for match in EMAIL_ADDRESS.finditer(text))
    if HIDING.search(text):
        yield from (Finding(*match.span(), "email") for match in HIDDEN_EMAIL.finditer(text))
    if DOT_WITHIN.search(text):
        for match in LINK.finditer(text):
            if match["end"] in WORD_ENDS and language == "en" and not match["path"]:
                continue
            yield Finding(match.start(), match.start() + len(match.group().rstrip(TRAILING)), "link")
    if "@" in text:
        for match in HANDLE.finditer(text):
            if match["who"].lower() not in NO_HANDLES:
                yield Finding(*match.span(), "handle")
