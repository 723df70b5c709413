"""How many tokens a server says that a call took, where that can be believed."""

from __future__ import annotations

from typing import Any

# A template, tools or a system prompt of the server's own come on top of what is sent; beyond these it is no count.
SPARE_TOKENS = 4096
SPARE_FACTOR = 4


def tokens_said(value: Any, at_most: int) -> int | None:
    """The tokens that `value` of a `usage` says; None where it says nothing that can be.

    `at_most`: an upper bound by what was sent or asked for, such as `max_input_tokens` of the request. A server may
    count more than that (a template of its own, thoughts beyond the limit), but not by far. 0 is said by servers that
    do not count, so it is None too; so are texts, negative numbers, NaN, 1e300 and parts of a token. One such number in
    a store ends the job ("Integer exceeds 64-bit range"), or unbinds its budget.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value <= SPARE_FACTOR * at_most + SPARE_TOKENS:  # False for NaN, too
        return None
    return int(value) if value == int(value) else None
