"""Answers of the offline model about samples and personas. It can neither solve nor judge: it agrees."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from persona_hub.transforms.offline_model.draw import Draw

ANY_WORD, STEM = re.compile(r"\w+"), 5


def solve(values: Mapping[str, str], schema: str, number: int) -> dict[str, object]:
    """The stated answer, which only rules are told."""
    return {"working": "offline: nothing was solved", "answer": values["stated"]}


def judge(values: Mapping[str, str], schema: str, number: int) -> dict[str, object]:
    """Points from 3 to 5 for each criterion, the same for the same sample."""
    draw = Draw(values["sample"], "judge", number=number)
    names = [name for name, kind in json.loads(schema)["properties"].items() if kind["type"] == "integer"]
    return {"comment": "offline: nothing was judged", **{name: 3 + draw.whole(name, 3) for name in names}}


def compare(values: Mapping[str, str], schema: str, number: int) -> dict[str, object]:
    """The longer of two samples, whichever comes first."""
    first, second = values["first"], values["second"]
    ahead = (len(first), first) > (len(second), second)
    return {
        "comment": "offline: nothing was compared",
        "better": "neither" if first == second else "first" if ahead else "second",
    }


def judge_documents(values: Mapping[str, str], schema: str, number: int) -> dict[str, object]:
    """A persona is supported if its document has the beginning of one of its longer words."""
    document = values["document"].lower()
    words = [word for word in ANY_WORD.findall(values["persona"].lower()) if len(word) > STEM]
    found = any(word[:STEM] in document for word in words)
    return {"comment": "offline: words were looked for", "verdict": "supported" if found else "invented"}
