"""Twelve ways to write a whole number, in each of five languages."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from num2words import num2words

LANGUAGES = ("en", "de", "es", "fr", "zh")
GROUPS = {"en": ",", "de": ".", "es": ".", "fr": "\u202f", "zh": ","}
DECIMAL = {"en": ".", "de": ",", "es": ",", "fr": ",", "zh": "."}
THINGS = {"en": "{} apples", "de": "{} Äpfel", "es": "{} manzanas", "fr": "{} pommes", "zh": "{}个苹果"}
MONEY = {"en": "${}", "de": "{} €", "es": "{} euros", "fr": "{} €", "zh": "{}元"}
SENTENCES = {
    "en": "The answer is {}.",
    "de": "Die Antwort ist {}.",
    "es": "La respuesta es {}.",
    "fr": "La réponse est {}.",
    "zh": "答案是{}。",
}
FULL_WIDTH = str.maketrans("0123456789-", "０１２３４５６７８９－")
DIGITS = "零一二三四五六七八九"


def forms(value: int, language: str) -> list[str]:
    """The number as it is written in a language, in twelve ways."""
    grouped = f"{value:,}".replace(",", GROUPS[language])
    point = DECIMAL[language]
    mantissa, _, power = f"{value:e}".partition("e")
    mantissa = f"{int(float(mantissa) * 10**6)}"
    scientific = f"{value / 10 ** int(power):.10f}".rstrip("0").rstrip(".").replace(".", point)
    return [
        str(value),
        grouped,
        THINGS[language].format(grouped),
        MONEY[language].format(grouped).replace("$-", "-$"),
        in_words(value, language),
        f"{100 * value}%",
        f"{2 * value}/2",
        f"{scientific} × 10^{int(power)}",
        rf"\boxed{{{value}}}",
        f"${value}$",
        SENTENCES[language].format(grouped),
        f"{value}{point}00".translate(FULL_WIDTH) if language == "zh" else f"{value}{point}00",
    ]


def in_words(value: int, language: str) -> str:
    """The number in words: num2words' in European languages, ours in Chinese, which it has not."""
    if language != "zh":
        return num2words(value, lang=language)
    return f"负{_chinese(-value)}" if value < 0 else _chinese(value)


def _chinese(value: int) -> str:
    if not value:
        return DIGITS[0]
    text = ""
    for scale, sign in ((10**8, "亿"), (10**4, "万"), (1, "")):
        section = value // scale % 10**4
        if section:
            text += ("零" if text and section < 1000 else "") + _section(section) + sign
    return text


def _section(value: int) -> str:
    """A number below 10,000."""
    text, gap = "", False
    for scale, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // scale % 10
        if digit:
            text += ("零" if gap and text else "") + DIGITS[digit] + sign
        gap = not digit
    return text


def answers(data: Path) -> list[str]:
    """The distinct answers of GSM8K's test set and of MGSM, as they are written there."""
    rows = (data / "math" / "gsm8k_test.jsonl").read_text("utf-8").splitlines()
    found = {json.loads(row)["answer"].rpartition("####")[2].strip() for row in rows}
    for language in ("en", "de", "es", "zh", "ja"):
        text = (data / "math" / f"mgsm_{language}.tsv").read_text("utf-8").splitlines()
        found |= {row[1] for row in csv.reader(text, delimiter="\t", quoting=csv.QUOTE_NONE)}
    return sorted(found, key=lambda answer: (int(answer.replace(",", "")), answer))
