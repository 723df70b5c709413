"""The charset of a page: what its HTTP header, its XML head or a meta element declares."""

from __future__ import annotations

import re

from persona_hub.transforms.corpus.charsets.decoding import decode
from persona_hub.transforms.corpus.charsets.fitting import Decoded

CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([\w.:+-]{2,40})""", re.IGNORECASE)
META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:+-]{2,40})""", re.IGNORECASE)
XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:+-]{2,40})["']""")
XML_BYTES, META_BYTES = 1024, 4096  # of the page


def decode_page(body: bytes, content_type: str = "") -> Decoded:
    """The text of an HTML page. Raises Undecodable."""
    return decode(body, *declared_labels(body, content_type))


def declared_labels(body: bytes, content_type: str = "") -> list[str]:
    """The labels that a page declares, its HTTP header's first, as browsers believe them."""
    in_header = CHARSET.search(content_type)
    labels = [in_header.group(1)] if in_header else []
    in_body = (XML_ENCODING.search(body[:XML_BYTES]), META_CHARSET.search(body[:META_BYTES]))
    return labels + [found.group(1).decode("latin-1") for found in in_body if found]
