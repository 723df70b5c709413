"""Regular expressions of numbers in a range: how a template says what a flag's type allows."""

from __future__ import annotations

from math import ceil, floor

from persona_hub.pipelines.cli.option import ANY, LARGEST, NumberRange

FRACTION = r"(\.[0-9]+)?"


def number_pattern(kind: NumberRange) -> str:
    """Matches, as a whole, the decimal numbers that `kind` takes, written without exponent or leading zeros.

    Bounds of a fraction count to one decimal; the flag knows the rest. From LARGEST on only the number of
    digits is limited.
    """
    if kind.kind is int:
        return signed_pattern(int(kind.low), int(kind.high))
    if kind.high == ANY:
        return f"{whole_pattern(ceil(kind.low), LARGEST)}{FRACTION}"
    first, last = ceil(kind.low), floor(kind.high)
    if first > last:  # no whole number is between them
        tenth, most = round(kind.low * 10) % 10, round(kind.high * 10) % 10
        return rf"{last}\.([{tenth}-{most - 1}][0-9]*|{most}0*)"
    parts = [rf"{last}(\.0+)?"] if last == kind.high else []
    if first < last:
        parts.insert(0, f"({whole_pattern(first, last - 1)}){FRACTION}")
    if first > kind.low:
        parts.insert(0, rf"{floor(kind.low)}\.[{round(kind.low * 10) % 10}-9][0-9]*")
    return "|".join(parts)


def signed_pattern(low: int, high: int) -> str:
    """Whole numbers; a range that begins below 0 is as wide above it."""
    return f"-?({whole_pattern(0, high)})" if low < 0 else whole_pattern(low, high)


def whole_pattern(low: int, high: int) -> str:
    """Whole numbers from `low`, at least 0, to `high`."""
    if high >= LARGEST:
        first = "" if low else "0|"
        return rf"({first}[1-9][0-9]{{0,{len(str(LARGEST)) - 1}}})"
    return "|".join(alternatives(low, high))


def alternatives(low: int, high: int) -> list[str]:
    """Patterns that differ in their last digits only: 1 to 4096 as [1-9], [1-9][0-9], ... 409[0-6]."""
    found = []
    while low <= high:
        free = 0  # last digits that may be anything
        while (step := 10 ** (free + 1)) and low % step == 0 and low + step - 1 <= high and low:
            free += 1
        step = 10**free
        head, rest = low // step, "[0-9]" * free
        last = min(high - step + 1, (head - head % 10 + 9) * step) // step  # the same but for one digit
        digit = f"[{head % 10}-{last % 10}]" if last > head else str(head % 10)
        found.append(f"{head // 10 or ''}{digit}{rest}")
        low = (last + 1) * step
    return found
