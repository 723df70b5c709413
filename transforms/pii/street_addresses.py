"""Street addresses as the United States, Britain, Germany, France, Spain, Italy and China write them.

A street and a number together: neither "Baker Street" nor "the corner of 5th" says where somebody lives.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from persona_hub.transforms.pii.finding import Finding

ADDRESS = "address"
NAME = r"\p{Lu}[\p{L}\p{M}'’.-]*+"
TOWN_NAME = r"\p{Lu}\p{Ll}[\p{L}\p{M}'’.-]*+"
TOWN = rf"{TOWN_NAME}(?: (?:{TOWN_NAME}|am|an der|im|sur|sous|de|del|la|le|di)){{0,3}}"
POSTCODE_GB = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}(?![A-Za-z\d])"
STREETS_EN = (
    "Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Way|Highway|Hwy"
    "|Parkway|Pkwy|Close|Crescent|Gardens|Grove|Mews|Circle|Trail"
)
# Also other things: "5 Star Plaza hotels". A house number of two digits or more makes them streets.
DOUBTFUL_STREETS_EN = (
    "Alley|Loop|Plaza|Row|Crossing|Pike|Turnpike|Freeway|Expressway|Esplanade|Promenade|Quay|Wharf|Walk|Pass"
)
MEASURE = r"\b(?:Day|Hour|Minute|Week|Month|Year|Season|Mile|Kilometer|Kilometre|Lap|Star|Person)"
UNIT_EN = r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|#)\.? ?\w{1,6}"
ENGLISH = (
    rf"(?<![\w.,/-])\d{{1,6}}[A-Za-z]?(?:-\d{{1,5}})? (?:[NSEW]{{1,2}}\.? )?"
    rf"(?:(?:{NAME}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}?"
    rf"(?:{STREETS_EN}|(?<=\d\d[A-Za-z]? [^,\d]{{1,60}})(?<!{MEASURE} )(?:{DOUBTFUL_STREETS_EN}))(?!\p{{L}})"
    rf"\.?(?: [NSEW]{{1,2}}(?!\p{{L}}))?"
    rf"(?:,? {UNIT_EN})?"
    rf"(?:, {TOWN})?(?:,? (?:[A-Z]{{2}} \d{{5}}(?:-\d{{4}})?|{POSTCODE_GB}))?"
    rf"|(?<![\w.,/-])\d{{2,6}} (?:{NAME} ){{1,3}}?(?:Apt|Apartment|Suite|Ste)\.? \d{{1,5}}(?!\w)"
    rf"|(?<!\w)P\.? ?O\.? Box \d{{1,6}}(?!\w)|(?<![A-Za-z\d]){POSTCODE_GB}"
)
NO_STREETS_DE = (
    "Arbeits|Sitz|Steh|Stell|Park|Tabellen|Listen|Start|Studien|Bau|Bahn|Lebens|Schul|Spiel|Camping|Ausbildungs"
)
GERMAN = (
    rf"(?<!\p{{L}})(?:(?!{NO_STREETS_DE})\p{{Lu}}[\p{{L}}-]*"
    r"(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer|chaussee|stieg"
    r"|-(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Ring|Damm|Ufer))"
    rf"|(?:(?:{NAME}|Am|An der|Zum|Zur) ){{1,2}}(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Ring|Damm|Ufer))"
    rf" \d{{1,4}}(?:[/-]\d{{1,4}}){{0,3}}(?: ?[a-z](?![\p{{L}}\d]))?(?:[,;]? (?:in )?\d{{5}}(?: {TOWN})?)?(?!\d)"
)
SMALL_FR = r"(?:de la |de l['’]|des |du |de |d['’]|la |le |les |l['’])?"
STREETS_FR = "rue|avenue|av\\.|boulevard|bd|place|chemin|impasse|allée|quai|route|cours|square|passage"
FRENCH = (
    rf"(?<![\d.,])\d{{1,4}}(?: ?(?:bis|ter|quater))?,? (?i:{STREETS_FR}) {SMALL_FR}{NAME}"
    rf"(?:[ -](?:{SMALL_FR}{NAME}|de|du|des)){{0,4}}(?:,? \d{{5}}(?: {TOWN})?)?"
)
SMALL_ES = r"(?:de los |de las |de la |del |de |la |el |los |las )?"
STREETS_ES = r"calle|c/|avenida|avda\.?|av\.|plaza|pza\.|paseo|pº|carrera|camino|ronda|travesía|rambla|glorieta"
SPANISH = (
    rf"(?<!\p{{L}})(?i:{STREETS_ES}) ?{SMALL_ES}{NAME}(?: {SMALL_ES}{NAME}){{0,4}},? (?:n[º°.] ?|núm\.? |número |# ?)?"
    rf"\d{{1,4}}(?!\d)(?:,? (?:piso )?\d{{1,2}}[º°] ?\p{{L}}?)?(?:,? \d{{5}}(?: {TOWN})?)?"
)
SMALL_IT = r"(?:della |delle |dello |degli |dei |del |dell['’]|di |da )?"
ITALIAN = (
    rf"(?<!\p{{L}})(?:[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Vv]icolo|[Ll]argo|[Ss]trada|[Cc]ontrada) {SMALL_IT}{NAME}"
    rf"(?: {SMALL_IT}{NAME}){{0,4}},? (?:n\.? ?)?\d{{1,4}}(?:/?[A-Za-z](?!\p{{L}}))?(?!\d)(?:,? \d{{5}}(?: {TOWN})?)?"
)
HAN_IN_PLACES = r"(?![在于是住到我他她你的])\p{Han}"
CHINESE = (
    rf"(?:(?:{HAN_IN_PLACES}){{2,3}}?(?:省|市|区|县|镇))*(?:{HAN_IN_PLACES}){{1,4}}?(?:路|街|大道|巷|弄)\d{{1,5}}(?:号|弄)"
    r"(?:\d{1,4}(?:号楼|号|栋|幢|单元|楼|室))*"
)
FORMS = tuple(regex.compile(form) for form in (ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, CHINESE))
DIGIT = regex.compile(r"\d")


def find_street_addresses(text: str) -> Iterator[Finding]:
    """Street addresses with a number, box numbers and British postcodes of a folded text (ASCII digits)."""
    if not DIGIT.search(text):
        return
    for form in FORMS:
        for found in form.finditer(text):
            yield Finding(*found.span(), ADDRESS)
