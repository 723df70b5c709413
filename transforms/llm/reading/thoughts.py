"""The thoughts that servers leak into an answer, in any notation: they hold drafts, and nothing in them is an answer.

| what a server sends | the answer |
|---|---|
| `<think>Perhaps {draft}?</think>{object}` | `{object}` |
| `Perhaps {draft}?</think>{object}`: the chat template swallowed the opening tag | `{object}` |
| `<|channel|>analysis<|message|>...<|end|><|start|>assistant<|channel|>final<|message|>{object}` | `{object}` |
| `analysisPerhaps {draft}?assistantfinal{object}`: the same, its special tokens lost | `{object}` |
| `{object}<think>That will do.</think>` | `{object}` |
| `<ponder>Perhaps {draft}?</ponder>{object}`: a tag that nobody has listed | `{object}` |
| `<think>Perhaps {draft}?` with no end | none: the thoughts were cut off |
| `{"persona": "Somebody who studies <think> tags"}`: within a string | all of it |
"""

from __future__ import annotations

import re
from typing import NamedTuple

from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.llm.reading.words import NO_THOUGHTS

ATTEMPTS = 200  # objects that may be stepped over, so that hostile text stays linear
UNENDED = "the answer ends within the thoughts before it"

CHANNEL = "channel"
# One mark of a notation. Every repetition is bounded, and no two of them may take the same characters.
MARK = re.compile(
    # Harmony, and Gemma's likeness of it: `<|channel|>final <|constrain|>json<|message|>`, `<|channel>thought`
    r"<\|channel\|?>[ \t\n]{0,4}(?P<channel>\w{1,20})(?:[^<\n]{0,80}(?:<\|constrain\|>[^<\n]{0,40})?<\|message\|>)?"
    r"|(?P<end><\|end\|>|<channel\|>)|<unused\d{1,3}>(?P<unused>thought)?"
    r"|(?P<bare>assistant(?:final|analysis|commentary)(?=[^a-z]|$)"
    r"|(?<=\n)assistant\n{1,2}(?:final|analysis|commentary)(?=\n))"
    r"|(?P<done>\.\.\.done thinking\.?)"
    # <think>, </think>, [THINK], ◁/think▷, <|begin_of_thought|>, <seed:think>, <details type="reasoning">
    r"|[<\[◁⟨【〈](?:[|｜])?(?P<slash>/)?(?P<name>[^\W\d][\w:.▁-]{0,40})(?P<more>\s[^<>\[\]]{0,80})?(?:[|｜])?[>\]▷⟩】〉]"
)
START = re.compile(r"\s*(?:[\ufeff]\s*)?")
# At the very beginning only: a channel's name whose special tokens were lost.
BARE_ANALYSIS = re.compile(r"(?:assistant)?(?:analysis|commentary)(?![a-z:]|\s*:|[ \t]+[a-z]|\s*$)")
BARE_THINKING = re.compile(r"thinking\.\.\.\s*\n", re.IGNORECASE)
BARE_FINAL = re.compile(r"(?:assistant)?final(?=[^\sa-z])|assistant(?=[{\"`])")
# What names thoughts wherever it stands; and what does so only at the beginning, or with an end.
STRONG = re.compile(
    "think|thought|reasoning|reflection|scratch_?pad|monologue|chain_?of|inner_prefix|inner_suffix|思考|思维|推理|생각|мысл"
    "|рассужд|überleg|gedanken|pensamiento|pensée|pensiero|razonamiento|raisonnement|ragionamento"
)
WEAK = re.compile(
    r"reason|reflect|analy[sz]|ponder|deliberat|contemplat|brainstorm|critique|rationale|draft|plan\b|\bcot\b"
)
CLOSES = re.compile(r"^end[_:.]|_(?:end|suffix)$")
ALIKE = re.compile(r"^(?:begin|start|end)[_:.](?:of[_:.])?|_(?:start|begin|end|prefix|suffix)$")
THINKING = re.compile(r"thinking|thoughts?")
SIGNS = (
    *"<◁⟨【〈",
    "[T",
    "[t",
    "[R",
    "[r",
    "[/",
    "assistant",
    "done thinking",
    "analysis",
    "commentary",
    "final",
    "hinking...",
)
JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}]', re.DOTALL)  # a string without end reaches to that of the text
OBJECT = re.compile(r'\{\s*+"|"(?=[\s\\nrt"]{0,40}\{[\s\\nrt]{0,40}")')  # or a string that holds one
BACKTICKS = re.compile(r"```\w{0,20}|`")


class Mark(NamedTuple):
    """An opening or closing mark of thoughts."""

    begin: int
    end: int
    kind: str  # marks of one kind belong together: "think" of <think>, <thinking>, <thought>; CHANNEL
    opens: bool
    sure: bool = True  # whether one that opens needs no end to be believed, and one that closes needs no beginning


def without_thoughts(text: str) -> str:
    """What of `text` stands outside of thoughts. Raises MalformedAnswer where thoughts have no end."""
    return "\n".join(parts_outside(text))


def parts_outside(text: str) -> list[str]:
    """The parts of `text` before, between and after thoughts. Raises MalformedAnswer where thoughts have no end."""
    if not any(sign in text for sign in SIGNS):
        return [text]
    begin = START.match(text)
    text = without_unknown_tag(text[begin.end() :] if begin else text)
    found = marks(text)
    return outside(text, found) if found else [text]


def marks(text: str) -> list[Mark]:
    """The marks of thoughts in `text`, wherever they stand."""
    found = []
    if bare := BARE_ANALYSIS.match(text):
        found.append(Mark(0, bare.end(), CHANNEL, True))
    elif thinking := BARE_THINKING.match(text):
        found.append(Mark(0, thinking.end(), "think", True))
    elif final := BARE_FINAL.match(text):
        found.append(Mark(0, final.end(), CHANNEL, False))
    for match in MARK.finditer(text, found[0].end if found else 0):
        mark = mark_of(match, at_start=match.start() < 40 and not text[: match.start()].strip())
        if mark:
            found.append(mark)
    return found


def mark_of(match: re.Match[str], at_start: bool) -> Mark | None:
    """What a match of `MARK` is; None for a tag that is none of thoughts."""
    begin, end = match.span()
    if channel := match["channel"] or match["bare"]:
        return Mark(begin, end, CHANNEL, not channel.lower().endswith("final"))
    if match["end"]:
        return Mark(begin, end, CHANNEL, False, sure=match["end"] == "<channel|>")
    if match["done"]:
        return Mark(begin, end, "think", False)
    if not match["name"]:
        return Mark(begin, end, CHANNEL, match["unused"] is not None, sure=match["unused"] is not None)
    name, more = match["name"].lower(), match["more"] or ""
    closes = match["slash"] is not None or CLOSES.search(name) is not None
    if name == "details":
        return Mark(begin, end, name, not closes, not closes) if closes or "reasoning" in more else None
    if match[0][0] == "[" and (more or not STRONG.search(name)):  # "[thinking about it]" is a remark
        return None
    kind = THINKING.sub("think", ALIKE.sub("", name)).replace("inner", "think")
    if STRONG.search(name):
        return Mark(begin, end, kind, not closes)
    if WEAK.search(name) and (closes or at_start):
        return Mark(begin, end, kind, not closes, sure=not closes)
    return None


def outside(text: str, found: list[Mark]) -> list[str]:
    """The parts of `text` that are outside of thoughts, after the last end of thoughts that have no beginning."""
    parts: list[str] = []
    place = looked = number = 0
    attempts = ATTEMPTS
    while number < len(found):
        mark = found[number]
        number += 1
        if mark.begin < place:
            continue
        looked = max(looked, place)
        while attempts and (start := OBJECT.search(text, looked, mark.begin)):  # marks in an object's strings are text
            attempts -= 1
            looked = end_of_object(text, start.start()) or start.end()
        looked = max(looked, mark.begin)
        if looked > mark.begin:
            parts.append(text[place:looked])
            place = looked
        elif mark.opens:
            closing = closing_of(found, number)
            if closing is None:
                raise MalformedAnswer(UNENDED)
            if mark.kind == CHANNEL:  # it begins a message: what stands before it was another
                parts.clear()
            else:
                parts.append(text[place : mark.begin])
            place, number = found[closing].end, closing + 1
        elif mark.sure:  # what stands before it was thought, and the opening tag is lost
            parts.clear()
            place = mark.end
    return [*parts, text[place:]]


def closing_of(found: list[Mark], number: int) -> int | None:
    """The number of the mark that closes those before `number`: the next of its kind, else the last of any kind."""
    kind = found[number - 1].kind
    for later in range(number, len(found)):
        if not found[later].opens and found[later].kind == kind:
            return later
    for later in range(len(found) - 1, number - 1, -1):
        if not found[later].opens and found[later].sure:
            return later
    return None


def end_of_object(text: str, begin: int) -> int | None:
    """Where the object, or string of JSON, that begins at `begin` ends; None if nowhere."""
    if text[begin] == '"':
        string = JSON_TOKEN.match(text, begin)
        return string.end() if string and string.end() - begin > 1 and string[0][-1] == '"' else None
    depth = 0
    for token in JSON_TOKEN.finditer(text, begin):
        if token[0] == "{":
            depth += 1
        elif token[0] == "}":
            depth -= 1
            if not depth:
                return token.end()
    return None


def without_unknown_tag(text: str) -> str:
    """`text` without the element that it begins with, if that is none of an answer: `<ponder>...</ponder>`.

    An element that holds an object and nothing else is a wrapper, and stays. Raises MalformedAnswer if it has no end.
    """
    found = MARK.match(text)
    if found is None or not found["name"] or found["slash"] or found[0][0] == "[" or found[0][1] in "|｜":
        return text
    name = found["name"].lower()
    if name in NO_THOUGHTS or STRONG.search(name) or WEAK.search(name) or name == "details":
        return text
    closing = re.compile(rf"[<◁⟨【〈]/{re.escape(name)}[>▷⟩】〉]", re.IGNORECASE).search(text, found.end())
    if closing is None:
        raise MalformedAnswer(UNENDED)
    inside, rest = text[found.end() : closing.start()], text[closing.end() :]
    inside = BACKTICKS.sub("", inside).strip()
    return f"{inside}\n{rest}" if inside[:1] == "{" and inside[-1:] == "}" else rest
