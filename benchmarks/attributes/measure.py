"""Attributes that the rules read, against texts made of structured records and against real records.

    python -m benchmarks.attributes.measure --data DATA [--texts 2000] [--wrong 20]

First sentences.yaml and judged.yaml: sentences, and released personas, labelled by eye without a look at the rules,
in two halves: the rules were mended by the first; the second was read once, at the end. --half names one of them.

Then texts of wordings.yaml: `tuned` wordings, occupations and countries were seen while the rules were written,
`held_out` ones were written before the rules, `fresh` ones after them. `precision`: the share of the values read that
are right; `recall`: the share of the values said that are read; each with its 95% interval (Wilson). Then records of
Nemotron-Personas in DATA, their own columns against their texts, and the CPU time that a released persona takes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.attributes.texts import ATTRIBUTES, LANGUAGES, SPLITS, Labelled, made_texts, nemotron_texts
from benchmarks.attributes.unseen import DRAWS, HALVES, judged_texts, unseen_texts
from persona_hub.transforms.attributes import UNSPECIFIED, read_attributes

Z = 1.96


def interval(hits: float, of: float, draws: int = 1) -> str:
    """ "0.93 [0.91, 0.95]": a share with its 95% interval; `draws` texts of one sentence count as one."""
    if not of:
        return "-"
    hits, of = hits / draws, of / draws
    share, z2 = hits / of, Z * Z / of
    middle, half = share + z2 / 2, Z * math.sqrt(share * (1 - share) / of + z2 / of / 4)
    return f"{share:.3f} [{(middle - half) / (1 + z2):.3f}, {(middle + half) / (1 + z2):.3f}]"


def report(title: str, texts: Sequence[Labelled], wrong: int, draws: int = 1) -> None:
    """Prints a line for each attribute, and up to `wrong` texts of each that were misread."""
    read = [read_attributes(one.text, one.language) for one in texts]
    print(f"\n{title}: {len(texts)} texts")
    for name in ATTRIBUTES:
        predicted = right = said = found = 0
        misread = []
        for one, attributes in zip(texts, read, strict=True):
            if name not in one.right:
                continue
            value, answers = getattr(attributes, name), one.right[name]
            predicted += value != UNSPECIFIED
            right += value in answers
            said += bool(answers)
            found += value in answers
            if value not in (answers or {UNSPECIFIED}):
                misread.append(f"      {value} for {'/'.join(sorted(answers)) or UNSPECIFIED}: {one.text}")
        precision, recall = interval(right, predicted, draws), interval(found, said, draws)
        print(f"  {name:16} precision {precision:24} recall {recall:24} of {said // draws}")
        for line in misread[:wrong]:
            print(line)


def cost(data: Path) -> None:
    """Prints the CPU time of a released persona."""
    with gzip.open(data / "personas" / "personahub_tool.jsonl.gz", "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["input persona"] for line in file]
    read_attributes(texts[0], "en")
    begin = time.process_time()
    read = [read_attributes(text, "en") for text in texts]
    spent = time.process_time() - begin
    shares = (f"{name} {sum(getattr(one, name) != UNSPECIFIED for one in read) / len(read):.2f}" for name in ATTRIBUTES)
    print(f"\n{len(texts)} released personas: {1e6 * spent / len(texts):.1f} µs of CPU each; said: {', '.join(shares)}")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--texts", type=int, default=2000, help="of each language and split")
    parser.add_argument("--wrong", type=int, default=0, help="misread texts of each attribute to print")
    parser.add_argument("--language", choices=LANGUAGES, action="append")
    parser.add_argument("--split", choices=SPLITS, action="append")
    parser.add_argument("--half", choices=HALVES, action="append", help="of the texts that no rule was written by")
    args = parser.parse_args(argv)
    for half in args.half or HALVES:
        for language in args.language or LANGUAGES:
            report(f"{language} unseen sentences, {half} half", unseen_texts(language, half), args.wrong, DRAWS)
        if args.data:
            report(f"released personas read by eye, {half} half", judged_texts(args.data, half), args.wrong)
    for language in args.language or LANGUAGES:
        for split in args.split or SPLITS:
            report(f"{language} {split}", made_texts(language, split, args.texts), args.wrong)
    if args.data:
        for column in ("core", "professional"):
            report(f"Nemotron-Personas, {column}", nemotron_texts(args.data, column), args.wrong)
        cost(args.data)


if __name__ == "__main__":
    main()
