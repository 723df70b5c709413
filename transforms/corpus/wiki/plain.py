"""Wikitext -> the text that a reader sees: no templates, tables, notes, pictures or categories."""

from __future__ import annotations

import re
from typing import Any

from persona_hub.transforms.corpus.page_parser import PageParser

# Tags whose content is no prose; "table" is also what {| ... |} becomes.
NO_PROSE = frozenset({
    "table", "ref", "references", "gallery", "math", "chem", "timeline", "score", "syntaxhighlight", "source", "pre",
    "graph", "hiero", "imagemap", "mapframe", "maplink", "templatedata", "templatestyles", "categorytree", "inputbox",
    "indicator", "section", "script", "style",
})  # fmt: skip
NEW_LINE = frozenset({"br", "hr"})
BLOCKS = frozenset({"p", "div", "blockquote", "center", "poem", "h1", "h2", "h3", "h4", "h5", "h6"})
# English names of the namespaces of pictures and categories hold in every wiki, beside its own names.
HIDDEN_NAMESPACES = frozenset({"file", "image", "media", "category"})
LANGUAGE_PREFIX = re.compile(r"[a-z]{2,3}(?:-[a-z]+)*|simple")
MAGIC_WORD = re.compile(r"__[^\W\d_a-z]{3,40}__")
VARIANTS = re.compile(r"-\{([^{}]{0,2000})\}-")  # scripts of one language to choose from: Chinese, Serbian
EMPTY_BRACKETS = re.compile(r"[ \t]{0,9}\([ \t,;:]{0,9}\)")  # what a template has left
SPACES = re.compile(r"[ \t]+(?=\n)")
BLANK_LINES = re.compile(r"\n{3,}")


def wikitext_to_text(wikitext: str, hidden: str = "") -> str:
    """The text of a page; `hidden` has the wiki's own names of what is not shown where it is linked, parted by "|".

    Runs without a bound of time: some nestings take the parser minutes. `plain_text_of_wiki` has one.
    """
    import mwparserfromhell

    namespaces = HIDDEN_NAMESPACES | {name.strip().lower() for name in hidden.split("|") if name.strip()}
    text = _shown(mwparserfromhell.parse(wikitext), namespaces)
    text = VARIANTS.sub(_first_variant, MAGIC_WORD.sub("", text))
    text = SPACES.sub("", EMPTY_BRACKETS.sub("", text))
    return BLANK_LINES.sub("\n\n", text).strip()


plain_text_of_wiki = PageParser(f"{__name__}:{wikitext_to_text.__name__}")


def _shown(code: Any, hidden: frozenset[str]) -> str:
    from mwparserfromhell import nodes

    parts: list[str] = []
    for node in code.nodes if code is not None else ():
        if isinstance(node, nodes.Text):
            parts.append(node.value)
        elif isinstance(node, nodes.HTMLEntity):
            parts.append(node.normalize())
        elif isinstance(node, nodes.Wikilink):
            parts.append(_link(node, hidden))
        elif isinstance(node, nodes.ExternalLink):
            parts.append(_shown(node.title, hidden) if node.title is not None or node.brackets else str(node.url))
        elif isinstance(node, nodes.Heading):
            parts.append(f"\n{_shown(node.title, hidden).strip()}\n")
        elif isinstance(node, nodes.Tag):
            parts.append(_tag(node, hidden))
    return "".join(parts)  # comments, templates and their arguments are left out


def _link(node: Any, hidden: frozenset[str]) -> str:
    title = str(node.title).strip()
    namespace, colon, _ = title.partition(":")
    namespace = namespace.strip().lower()
    if colon and namespace and (namespace in hidden or LANGUAGE_PREFIX.fullmatch(namespace)):
        return ""
    return _shown(node.text, hidden) if node.text is not None else _shown(node.title, hidden).lstrip(": ")


def _tag(node: Any, hidden: frozenset[str]) -> str:
    name = str(node.tag).strip().lower()
    if name in NO_PROSE:
        return ""
    if name in NEW_LINE:
        return "\n"
    inner = _shown(node.contents, hidden)
    return f"\n{inner}\n" if name in BLOCKS else inner


def _first_variant(found: re.Match[str]) -> str:
    _, flags, inner = found[1].rpartition("|")
    first = inner.split(";")[0]
    return first.partition(":")[2].strip() if ":" in first and (flags or ";" in inner) else inner
