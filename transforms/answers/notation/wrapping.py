r"""What stands around an answer: \boxed{}, $..$, "The answer is ...", "about ...", in several languages."""

from __future__ import annotations

import re

from persona_hub.transforms.answers.notation.words import words

MOST_ROUNDS = 8  # of wrappings within one another
BOXED = re.compile(r"\\(?:boxed|fbox|framebox)\s*\{")
NEGATED = re.compile(r"\b(?:not|n't|nicht|kein|no|non|pas|never)\b|不|非|ない", re.IGNORECASE)
TEXT_IN_LATEX = re.compile(r"\\(?:text|textbf|textit|textrm|mbox|mathbf|mathrm|mathsf|operatorname)\s*\{([^{}]*)\}")
TAGGED = re.compile(r"<answer>(.*?)</answer>", re.IGNORECASE)
ESCAPED = re.compile(r"\\([$%#&])")
MATH = re.compile(r"\\\((.+)\\\)|\\\[(.+)\\\]|\$\$(.+)\$\$|\$([^$]+)\$")
MATH_WITHIN = re.compile(r"\$(?! )([^$]*[^$ ])\$(?!\d)|\\\((.+?)\\\)")
MARKS_AROUND = ("**", "__", "``", "`", '"', "*", "«»", "「」", "'")
LEAD = re.compile(
    r"""(?:(?:so|thus|hence|therefore|finally|also|daher|somit|por\ lo\ tanto|entonces|donc|ainsi
      |所以|因此|よって),?\s*)?
    (?:
      (?:(?:the|my|our)\ )?(?:(?:final|correct|right|exact|numerical|required)\ )?
        (?:answer|result|solution|output|total|sum|final\ value)(?:\ to\ (?:the|this)\ (?:question|problem))?
        (?:\s*[:=]\s*|\ (?:is|was|equals|will\ be|would\ be)(?:\ equal\ to)?\s*:?\s*)
    | (?:(?:die|das|der|meine)\ )?(?:(?:richtige|endgültige|korrekte|finale)\ )?
        (?:antwort|lösung|ergebnis|endergebnis|resultat|summe)
        (?:\s*[:=]\s*|\ (?:ist|lautet|beträgt|sind)\s*:?\s*)
    | (?:(?:la|el|mi)\ )?(?:respuesta|resultado|solución|total|suma)(?:\ (?:final|correcta|correcto|exacta))?
        (?:\s*[:=]\s*|\ (?:es|son)(?:\ de)?\s*:?\s*)
    | (?:(?:la|le|ma)\ )?(?:réponse|résultat|solution|total|somme)(?:\ (?:finale?|correcte|exacte))?
        (?:\s*[:=]\s*|\ (?:est|vaut)(?:\ de)?\s*:?\s*)
    | (?:最终|最後の|最终的|最終的な|正确)?的?(?:答案|结果|答え|解答|正解|答)(?:\s*[:=]\s*|\s*(?:是|为|等于|は)\s*:?\s*)
    | (?:it\ is|it's|es\ sind|es\ ist|ce\ sont|c'est|son|=|\\therefore|∴)\s+
    | \#\#\#\#\s*
    | =\s*
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# "The total cost of the trip is ...": what it is about, unless it is half of the answer, or not it.
SUBJECT_OF_SENTENCE = re.compile(
    r"(?:the|die|das|der|la|el|le|les|los|las)((?:\ [^\W\d_]+(?:['’][^\W\d_]+)?){1,10}?)\s"
    r"(?:is|are|was|were|equals|ist|sind|beträgt|es|son|est|sont|vaut)(?:\ (?:equal\ to|de))?\ (?=[^a-zA-Z]|\\)",
    re.IGNORECASE,
)
BOLD_HEADING = re.compile(r"^\*\*([^\W\d_][^*:]{1,30}:?)\*\*:?\s*")
DEGREE_IN_LATEX = re.compile(r"\s*\^\s*(?:\\circ(?![A-Za-z])|\{\s*\\circ\s*\})")
TAIL = re.compile(r"\s*(?:です|である|だ)$")
ABOUT = re.compile(
    r"""^(?:(?:about|around|approximately|approx\.?|roughly|circa|ca\.?|etwa|rund|zirka|ungefähr|aproximadamente
    |alrededor\ de|cerca\ de|environ|à\ peu\ près|approximativement)(?=\ )
    |≈|~|∼|\\approx|\\sim|≒|大约|大約|约|約|およそ)\s*""",
    re.IGNORECASE | re.VERBOSE,
)
ROUNDED = re.compile(
    r"""\s*(?:\(\s*)?(?:rounded|approximately|approx\.?|gerundet|redondeado|arrondi|左右|四舍五入)
    (?:\ (?:to|auf|a|à)\ [\w\s]{1,40})?(?:\s*\))?$""",
    re.IGNORECASE | re.VERBOSE,
)


def unwrapped(text: str) -> tuple[str, bool]:
    """(the answer alone, whether it says that it is rounded)."""
    about = False
    for _ in range(MOST_ROUNDS):
        before = text
        text = _inner(text.strip())
        text, found = _without(ABOUT, text)
        text, rounded = _without(ROUNDED, text)
        about |= found or rounded
        if text == before:
            break
    return ESCAPED.sub(r"\1", text), about


def _without(pattern: re.Pattern[str], text: str) -> tuple[str, bool]:
    """The text without what the pattern finds, unless it is all of it."""
    shorter = pattern.sub("", text, count=1)
    return (shorter, True) if shorter != text and shorter.strip() else (text, False)


def _inner(text: str) -> str:
    """The text without one wrapping."""
    boxes = [content for start in BOXED.finditer(text) if (content := _braced(text, start.end())) is not None]
    if boxes and len(set(boxes)) == 1 and not NEGATED.search(text):
        return boxes[0]
    if (tag := TAGGED.findall(text)) and len(tag) == 1:
        return str(tag[0])
    if "####" in text:
        return text.rpartition("####")[2]
    math = MATH.fullmatch(text)
    if math and text.count("$") in (0, 2, 4) and not ("$" in text and "\\$" in text):
        return next(part for part in math.groups() if part)
    for quote in MARKS_AROUND:
        opening, closing = (quote[0], quote[1]) if quote in ("«»", "「」") else (quote, quote)
        inside = text[len(opening) : -len(closing)]
        if (
            len(text) > 2 * len(closing)
            and text.startswith(opening)
            and text.endswith(closing)
            and closing not in inside
        ):
            return inside
    text = DEGREE_IN_LATEX.sub("°", BOLD_HEADING.sub(_as_heading, text))
    text = TEXT_IN_LATEX.sub(r" \1 ", text)
    text = MATH_WITHIN.sub(lambda found: found[1] or found[2], text)
    text = TAIL.sub("", text)
    if text.endswith((".", ":", ",", ";")) and not text.endswith(("..", "a.m.", "p.m.")):
        text = text[:-1]
    lead = LEAD.match(text) or _subject(text)
    return text[lead.end() :] if lead and lead.end() < len(text) else text


def _as_heading(match: re.Match[str]) -> str:
    """The heading in bold, `**Answer:**`, as "Answer: "."""
    return match[1].rstrip(":") + ": "


def _subject(text: str) -> re.Match[str] | None:
    """What a sentence is about, if no word of it makes another number of what follows."""
    found = SUBJECT_OF_SENTENCE.match(text)
    return found if found and not words("no_units") & set(found[1].lower().split()) else None


def _braced(text: str, at: int) -> str | None:
    """What stands up to the brace that closes; None where none does."""
    depth = 1
    for n in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[n], 0) if text[n - 1] != "\\" else 0
        if not depth:
            return text[at:n]
    return None
