"""Key phrases of scripts without spaces: repeated n-grams of Han, runs of one script in Japanese, clauses in Thai."""

from __future__ import annotations

from collections import Counter

import regex

from persona_hub.transforms.offline_model.grammar import words as listed

HAN_NAME = regex.compile(r"\p{Han}{1,6}(?:[·•‧・]\p{Han}{1,6})+")  # foreign names of people: 约翰·亚当斯
HAN_STOP = regex.compile(
    r"[^\p{Han}]+|以及|因为|因此|所以|但是|如果|虽然|可以|已经|由于|并且|而且|或者|没有|我们|他们|她们|它们|自己|这个|那个|这些|那些|"
    r"一个|一种|一些|什么|怎么|如何|进行|通过|其中|其他|许多|成为|认为|表示|作为|对于|关于|根据|目前|现在|之后|之前|同时|然而|不同|"
    r"[的了是在和与及或也都就而但不被把将从对为以于到向由使让给这那其之个们所着过得地他她它我你您有会能可要很更最还又只如若等并因则且"
    r"吗呢吧啊上下中内外前后时年月日第一二三四五六七八九十两几多每各某该此用来去说次张号座位名出起再更指]"
)
JA_RUN = regex.compile(
    r"[\p{Katakana}ー]{3,10}の[\p{Katakana}\p{Han}ー]{2,6}|[\p{Katakana}ー]{2,12}\p{Han}{0,4}|\p{Han}{1,4}[\p{Katakana}ー]{3,10}|\p{Han}{2,7}"
)
LONGEST = 5  # characters of an n-gram
JA_STOP = frozenset(listed("japanese", "stop"))
TH_CLAUSE = regex.compile(
    r"(?<!\p{Thai})(?!และ|ที่|ซึ่ง|โดย|ใน|จาก|ของ|เป็น|แต่|หลัง|เมื่อ|นั้น|ได้|มี|ให้|หรือ|เพื่อ|ก่อน|ทั้ง|ครั้ง|กับ)\p{Thai}{4,20}(?!\p{Thai})"
)


def unspaced_phrases(text: str, language: str, most: int = 8) -> list[str]:
    """Up to `most` key phrases of a clean `text` in a script without spaces, the best first."""
    if language == "ja":
        counted = Counter(run for run in JA_RUN.findall(text) if run not in JA_STOP)
    elif language == "zh":
        counted = han_words(text)
    else:
        counted = Counter(TH_CLAUSE.findall(text))
    chosen: list[str] = []
    for phrase in sorted(
        counted, key=lambda phrase: (-counted[phrase] * min(len(phrase), 5) ** 0.8, text.find(phrase))
    ):
        if not any(phrase in other or other in phrase for other in chosen):
            chosen.append(phrase)
            if len(chosen) == most:
                break
    return chosen


def han_words(text: str) -> Counter[str]:
    """Chinese n-grams of two to five characters that repeat, and short segments that stand alone."""
    segments = [segment for segment in HAN_STOP.split(HAN_NAME.sub("。", text)) if len(segment) > 1]
    grams = Counter(
        [
            segment[i : i + length]
            for segment in segments
            for length in range(2, min(LONGEST, len(segment)) + 1)
            for i in range(len(segment) - length + 1)
        ]
    )
    inside: Counter[str] = Counter()  # how often an n-gram is part of a longer one that repeats
    for gram, n in grams.items():
        if n > 1 and len(gram) > 2:
            inside[gram[:-1]] = max(inside[gram[:-1]], n)
            inside[gram[1:]] = max(inside[gram[1:]], n)
    words = Counter({gram: n for gram, n in grams.items() if n > 1 and inside[gram] < n})
    words.update(segment for segment in segments if 3 <= len(segment) <= 6)
    return words
