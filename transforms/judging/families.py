"""Families of models by their names: a judge favours texts of its own family, so it should be of another."""

from __future__ import annotations

import re

FAMILIES = {  # by what stands in a name; makers that train on another's weights name both, as in a distillation
    "gpt": r"gpt|o[1-9]|davinci|codex",
    "google": r"gemini|gemma|palm|medgemma",
    "claude": r"claude",
    "llama": r"llama|vicuna|tulu",
    "qwen": r"qwen|qwq|qvq",
    "mistral": r"mistral|mixtral|ministral|magistral|codestral|devstral|pixtral",
    "deepseek": r"deepseek",
    "phi": r"phi",
    "grok": r"grok",
    "cohere": r"command|cohere|aya",
    "kimi": r"kimi|moonshot",
    "glm": r"glm|chatglm|zai",
    "yi": r"yi",
    "falcon": r"falcon",
    "olmo": r"olmo",
    "nemotron": r"nemotron",
    "granite": r"granite",
    "minimax": r"minimax",
    "ernie": r"ernie",
    "hunyuan": r"hunyuan",
    "nova": r"nova",
    "smollm": r"smollm",
    "offline": r"offline",
}
# A word of the name, of which a version may follow: "qwen3", "gpt4o", "phi-4", "Meta-Llama-3.1", but no "anova".
FAMILY_PATTERNS = {
    family: re.compile(rf"(?<![a-z0-9])(?:{words})(?:v?\d[\w.]*)?(?![a-z])", re.IGNORECASE)
    for family, words in FAMILIES.items()
}


def families_of(model: str) -> frozenset[str]:
    """The families that a model's name (BACKEND:MODEL) tells of, none where it tells of none.

    >>> sorted(families_of("openai:deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"))
    ['deepseek', 'qwen']
    """
    backend, colon, name = model.partition(":")
    told = name if colon else backend
    return frozenset(family for family, pattern in FAMILY_PATTERNS.items() if pattern.search(told))


def same_family(one: str, other: str) -> bool | None:
    """Whether two models are of one family, None where a name does not tell.

    >>> same_family("openai:gpt-5-mini", "openai:o3"), same_family("openai:gpt-5", "vertex:gemini-2.5-flash")
    (True, False)
    """
    if one == other:
        return True
    ours, theirs = families_of(one), families_of(other)
    return bool(ours & theirs) if ours and theirs else None


def told_families(judge: str, generator: str, made: str = "samples") -> str:
    """A remark on a judge that is, or may be, of the generator's family; "" where it is of another.

    `made`: what the generator made, and the judge judges.
    """
    match same_family(judge, generator):
        case True:
            return f"the judge {judge} is of the family of {generator}, whose {made} it judges: it may favour them"
        case None:
            return f"whether the judge {judge} is of the family of {generator} is unknown: their names do not tell"
    return ""
