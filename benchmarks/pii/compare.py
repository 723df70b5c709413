"""Personal data, ours beside presidio, on the same English texts in the same run.

    python -m benchmarks.pii.compare DATA --peers PEERS/bin/python [--presidio_texts synth_dataset_v2.json]

PEERS is an environment with requirements-bench-pii.in; microsoft/presidio-research has synth_dataset_v2.json in data/.
`erased` is the share of the labels of which every letter and digit lies in findings of any kind, `recall` of those that
a finding of the right kind touches, `precision` the share of the findings of a kind that touch a label of it. Numbers
of persons and accounts are one kind of finding. Presidio stands twice: all that it returns, and what has a score of
0.4, that of its telephone numbers, or more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.pii.labelled import (
    Labelled,
    faked,
    gold_contacts,
    gold_names,
    is_placeless,
    of_presidio,
    portraits_with_names,
    without_contacts,
)
from persona_hub.transforms.pii import Finding, find_pii

KINDS = {
    "person name": "name",
    "e-mail": "email",
    "phone": "phone",
    "IBAN": "number",
    "card": "number",
    "national id": "number",
    "national id of elsewhere": "number",
    "IP": "ip",
    "street address": "address",
}
OURS_OF_PEER = {
    "PERSON": "name",
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "IP_ADDRESS": "ip",
    "LOCATION": "address",
}
NO_PERSONAL_DATA = frozenset({"DATE_TIME", "NRP", "ORGANIZATION", "URL"})
SCORES = (0.0, 0.4)
Findings = Sequence[Sequence[Finding]]


def of_peer(texts: Sequence[str], python: str) -> tuple[list[Findings], float]:
    """What presidio finds, for each of SCORES, and its CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "texts.json")
        file.write_text(json.dumps(texts), "utf-8")
        command = [python, str(Path(__file__).with_name("peer.py")), str(file)]
        one_thread = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=one_thread)
    answer = json.loads(done.stdout.splitlines()[-1])
    by_score = [
        [
            [
                Finding(start, end, OURS_OF_PEER.get(kind, "number"))
                for start, end, kind, score in found
                if score >= least and kind not in NO_PERSONAL_DATA
            ]
            for found in answer["found"]
        ]
        for least in SCORES
    ]
    return list(by_score), answer["seconds"]


def ours(texts: Sequence[str]) -> tuple[Findings, float]:
    """What we find, and the CPU seconds of a second pass."""
    found = [find_pii(text, "en") for text in texts]
    began = time.process_time()
    for text in texts:
        find_pii(text, "en")
    return found, time.process_time() - began


def shares(labelled: Sequence[Labelled], found: Findings) -> Counter[tuple[str, str]]:
    """Counts by kind: labels, those erased and named; by kind of finding: found and right."""
    counts: Counter[tuple[str, str]] = Counter()
    for (text, labels, has_names), findings in zip(labelled, found, strict=True):
        covered = {i for one in findings for i in range(one.start, one.end)}
        for start, end, kind in labels:
            if kind not in KINDS:
                continue
            touching = {one.kind for one in findings if one.start < end and start < one.end}
            counts[kind, "labels"] += 1
            counts[kind, "erased"] += all(i in covered for i in range(start, end) if text[i].isalnum())
            counts[kind, "named"] += KINDS[kind] in touching
        for one in findings:
            touched = {label.kind for label in labels if label.start < one.end and one.start < label.end}
            if (one.kind == "name" and not has_names) or (
                one.kind == "address" and ("place" in touched or is_placeless(text[one.start : one.end]))
            ):
                continue
            counts[one.kind, "found"] += 1
            counts[one.kind, "right"] += any(KINDS.get(kind) == one.kind for kind in touched)
    return counts


def show(title: str, labelled: Sequence[Labelled], all_found: Sequence[Findings]) -> None:
    """Prints the table of one set of texts."""
    print(f"{title}: {len(labelled)} texts")
    counts = [shares(labelled, found) for found in all_found]
    for kind in KINDS:
        if n := counts[0][kind, "labels"]:
            cells = (f"erased {c[kind, 'erased'] / n:.2f} recall {c[kind, 'named'] / n:.2f}" for c in counts)
            print(f"  {kind:25} {n:5}  " + "   ".join(cells))
    for kind in dict.fromkeys(KINDS.values()):
        if any(c[kind, "found"] for c in counts):
            pairs = ((c[kind, "right"], c[kind, "found"]) for c in counts)
            cells = (f"precision {right:4} / {n:4} = {right / max(1, n):.2f}" for right, n in pairs)
            print(f"  found as {kind:23} " + "   ".join(cells))


def measure(sets: dict[str, Iterable[Labelled]], python: str) -> None:
    """Prints all of it: columns are ours, presidio, and presidio from the higher score."""
    for title, texts in sets.items():
        labelled = list(texts)
        plain = [one.text for one in labelled]
        found, seconds = ours(plain)
        theirs, their_seconds = of_peer(plain, python)
        show(title, labelled, [found, *theirs])
        thousands = sum(map(len, plain)) / 1000
        print(
            f"  CPU of 1,000 characters: ours {seconds / thousands * 1e3:.2f} ms, presidio"
            f" {their_seconds / thousands * 1e3:.2f} ms, {their_seconds / seconds:.0f} times ours",
            flush=True,
        )


def main() -> None:
    """Reads the flags."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("data", type=Path)
    flags.add_argument("--peers", required=True)
    flags.add_argument("--presidio_texts", type=Path)
    given = flags.parse_args()
    sets: dict[str, Iterable[Labelled]] = {
        "XQuAD paragraphs, their people known": gold_names(given.data),
        "the project's own forms, in XQuAD sentences": gold_contacts(given.data),
        "Faker's data in real personas": faked(given.data),
        "Nemotron portraits, their people known": portraits_with_names(given.data),
        "personas and word problems without contact data": without_contacts(given.data),
    }
    if given.presidio_texts:
        sets["presidio's own texts"] = of_presidio(given.presidio_texts)
    measure(sets, given.peers)


if __name__ == "__main__":
    main()
