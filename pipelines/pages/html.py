"""A page in one file: its parts put together, so that nothing in the data can become a part of it.

Scripts and styles are named by hash in a Content-Security-Policy of the page's own (CSP 3,
https://www.w3.org/TR/CSP3/): the browser runs these and no other, and lets none of them reach a network.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import orjson
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

PACKAGE = "persona_hub.pipelines.pages"
# In a script element the parser of HTML looks for these and knows nothing of JSON's strings.
SCRIPT_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
ENDS = {"script": "</script", "style": "</style"}


def page(template: str, title: str, data: Any, scripts: Sequence[str], styles: Sequence[str], **values: Any) -> str:
    """A page out of a template of this package, by its path, which fills base.html; `data` becomes its JSON.

    `title` and `values` are escaped. base.html has `scripts` and `styles` each as `<script>{{ one }}</script>`, without
    a blank more: the policy has its hash.
    """
    environment = Environment(
        loader=FunctionLoader(part),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["comma"] = lambda number: f"{number:,}"
    parts = {
        "policy": policy(scripts, styles),
        "data": Markup(script_json(data)),  # noqa: S704 - escaped by script_json
        "scripts": [own_part(one, "script") for one in scripts],
        "styles": [own_part(one, "style") for one in styles],
    }
    return environment.get_template(template).render(**parts, title=title, **values)


def own_part(text: str, kind: str) -> Markup:
    """A script or style of the product's own, as it is. Raises ValueError if it would end its element."""
    if ENDS[kind] in text.lower() or "<!--" in text:
        raise ValueError(f"a {kind} that would end its own element")
    return Markup(text)  # noqa: S704 - a file of the package, or of Vega's


def script_json(data: Any) -> str:
    """JSON that stands in a script element: no text in it ends the element, or begins a comment.

    >>> script_json(["</script><!--"])
    '["\\\\u003c/script\\\\u003e\\\\u003c!--"]'
    """
    text = orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS).decode()
    for sign, escape in SCRIPT_ESCAPES.items():
        text = text.replace(sign, escape)
    return text


def policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """The page's Content-Security-Policy: these scripts and styles, images that are in the page, and nothing else."""
    sources: Mapping[str, Sequence[str]] = {
        "script-src": [*map(source_of, scripts)],
        "style-src": [*map(source_of, styles)],
    }
    own = [f"{kind} {' '.join(hashes)}" for kind, hashes in sources.items()]
    # Vega sets styles by attribute; an attribute of the data's would have been escaped.
    others = ["style-src-attr 'unsafe-inline'", "img-src data: blob:", "base-uri 'none'", "form-action 'none'"]
    return "; ".join(["default-src 'none'", *own, *others])


def source_of(text: str) -> str:
    """The hash by which a policy names a script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def part(name: str) -> str:
    """The text of a file of this package, by its path in it."""
    return resources.files(PACKAGE).joinpath(*name.split("/")).read_text("utf-8")
