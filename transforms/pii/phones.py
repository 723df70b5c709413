"""Telephone numbers in a text: digits grouped as people group them, checked with Google's tables of numbering plans."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from persona_hub.transforms.pii.finding import Finding

# Countries whose national numbers are expected in a language: the largest that speak it. Numbers with a country code
# are found everywhere.
REGIONS = {
    "ar": ("SA", "EG", "AE", "MA", "IQ", "JO", "DZ"),
    "bn": ("BD", "IN"),
    "cs": ("CZ",),
    "de": ("DE", "AT", "CH"),
    "en": ("US", "GB", "IN", "AU"),
    "es": ("ES", "MX", "AR", "CO"),
    "fa": ("IR",),
    "fr": ("FR", "BE", "CH"),
    "he": ("IL",),
    "hi": ("IN",),
    "id": ("ID",),
    "it": ("IT",),
    "ja": ("JP",),
    "ko": ("KR",),
    "nl": ("NL", "BE"),
    "pl": ("PL",),
    "pt": ("BR", "PT"),
    "ru": ("RU", "KZ"),
    "sw": ("KE", "TZ"),
    "th": ("TH",),
    "tr": ("TR",),
    "uk": ("UA",),
    "ur": ("PK",),
    "vi": ("VN",),
    "zh": ("CN", "TW", "HK"),
}
# Six digits at least, in groups; a year or a count beside the number is part of the stretch and tried without.
STRETCH = regex.compile(
    r"(?<![\d.,/\-a-zA-Z_])(?:\+|\(\+?)?\d(?:[ ().\-/]{0,3}\+?\d){5,23}(?!\d|[.,/\-]\d|(?!x\d)[a-zA-Z%°_])"
)
# Groups of one length, more than a telephone number has: a list.
LIST = regex.compile(r"\d{2}(?: \d{2}){5,}|\d{3}(?: \d{3}){4,}|\d{4}(?: \d{4}){3,}")
EXTENSION = regex.compile(r",? ?(?:x|[Ee]xt(?:ension)?\.?) ?\d{1,6}(?!\w)")
DIGIT_GROUP = regex.compile(r"\S+")
MOST_GROUPS = 8
# Words that announce a number: after one of them, anything with six digits or more is one.
ANNOUNCED = regex.compile(
    r"(?:\b(?:tel|phone|telephone|mobile?|mob|cell|call|text|whats ?app|fax|sms|viber|signal|telegram"
    r"|telefon\w*|handy\w*|mobil\w*|ruf\w*|anruf\w*|erreichbar|teléfono|telefone|móvil|celular|cel|llam\w+|ligue"
    r"|téléphone|portable|telefoon|cellulare|chiam\w+)\b"
    r"|(?<!\p{L})(?:тел|телефон\p{L}*|(?:по)?звон\p{L}+|моб|мобильн\p{L}+|номер\p{L}*|ватсап)(?!\p{L})|电话|電話|手机|手機|致电|致電|拨打|微信|热线|전화|연락처|連絡"
    r"|هاتف|جوال|موبايل|اتصل|الاتصال|واتساب|تليفون|الرقم|رقم|फ़ोन|फोन|मोबाइल|कॉल|नंबर|व्हाट्सएप)[^\d\n+(]{0,24}$",
    regex.IGNORECASE,
)
# Words that announce another number, which is none of a person.
OTHER_NUMBER = regex.compile(
    r"(?:\b(?:isbn|issn|doi|arxiv|pmid|ean|upc|gtin|sku|orcid|cas|nsn|invoice|order|ticket|tracking|serial|article|item|lot"
    r"|part|model|patent|build|epoch|pages?|páginas?|seiten?|sequence|lottery|case|docket|catalogue|catalog|barcode|coordinates|timestamp|rechnung|bestellung|rechnungs\w*"
    r"|bestell\w*|artikel\w*|aktenzeichen|pedido|factura|expediente|commande|facture|ordine|fattura)"
    r"|(?<!\p{L})(?:заказ|счёт|счет)\p{L}*|订单|发票|运单|条形码)"
    r"(?:[- ]?(?:1[03]|number|numbers|num|nummer|no|nr|id|code|número|numéro|numero)\b"
    r"|номер\p{L}*|号码?|[.:#№º° ]){0,4}[\d .\-/]{0,16}$",
    regex.IGNORECASE,
)
NORTH_AMERICAN = regex.compile(r"\(\d{3}\) ?\d{3}[- .]?\d{4}|\d{3}-\d{3}-\d{4}")  # with the 555 of examples
ROUND = regex.compile(r"[1-9]\d{0,2}(?:[ .]000)+")  # no number even after a word: "call 100 000 people"
# Spans of years and of thousands of years, dates, thousands, two groups of four, pages, decimals, a number of a year, a
# year before other digits: digits of something else.
NO_PHONE = regex.compile(
    r"\d{3,5} ?- ?\d{2,5}|(?:1\d|20)\d\d(?:[-/ ](?:1\d|20)\d\d)+|(?:1\d|20)\d\d \(.*"
    r"|\d{1,2}[./-] ?\d{1,2}[./-] ?\d{4}(?: \d{1,2})?"
    r"|\d{4}[./-]\d{1,2}[./-]\d{1,2}(?: \d{1,2})?|[1-9]\d{0,2}(?:[ .]\d{3})*[ .]000|[1-9]\d{0,2}(?:\.\d{3})+"
    r"|\d{4}\.\d{4,5}|1?\d{1,2}\.\d{4,}|\d{3}\.\d{4,6}|(?:19|20)\d\d[-/]\d{3,7}|(?:1[5-9]|20)\d\d \d{3}[ -].*"
    r"|(?:19|20)\d\d(?:0\d|1[0-2])[0-3]\d[.-]\d{1,4}|[1-9]\d*0{6,}"
    r"|[1-9](?: \d{3})+|\d{1,3}(?:\.\d{3})+ - \d{1,3}(?:\.\d{3})+|\d{4} \d{4}|\d{1,2}(?:-\d{1,2})+"
)


def find_phones(text: str, language: str) -> Iterator[Finding]:
    """Telephone numbers of a folded text (ASCII digits)."""
    for stretch in STRETCH.finditer(text):
        if LIST.fullmatch(stretch.group()):
            continue
        for start, end in parts(text, stretch.start(), stretch.end()):
            if is_phone(text, start, end, language):
                extension = EXTENSION.match(text, end)
                yield Finding(start, extension.end() if extension else end, "phone")
                break


def parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretch text[start:end], then what is left without its first or last groups of digits, long parts first."""
    groups = [group.span() for group in DIGIT_GROUP.finditer(text, start, end)]
    yield start, end
    if len(groups) > MOST_GROUPS:
        return
    for length in range(len(groups) - 1, 0, -1):
        for first in range(len(groups) - length + 1):
            yield groups[first][0], groups[first + length - 1][1]


def is_phone(text: str, start: int, end: int, language: str) -> bool:
    """Whether the digits text[start:end] are a telephone number: by their form, the words before, or the tables."""
    digits = text[start:end]
    count = sum(map(str.isdigit, digits))
    if count < 6:
        return False
    before = text[max(0, start - 40) : start]
    if ANNOUNCED.search(before) and not ROUND.fullmatch(digits):
        return True
    if OTHER_NUMBER.search(before):
        return False
    if NORTH_AMERICAN.fullmatch(digits):
        return True
    if NO_PHONE.fullmatch(digits.strip("() ")) or count < 7 or (count < 9 and digits.isdigit()):
        return False
    return any(is_valid(digits, region) for region in REGIONS.get(language, ("US", "GB")))


def is_valid(digits: str, region: str) -> bool:
    """Whether a numbering plan has the number: `region`'s, or that of its country code."""
    import phonenumbers

    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return False
    # with a country's code the length is enough: the tables lack new ranges, and those kept free for novels and films
    possible = digits[:1] == "+" and phonenumbers.is_possible_number_with_reason(number) == 0
    return possible or phonenumbers.is_valid_number(number)
