"""Personal data: how much of what is planted is caught, what is taken for it and is not, names found, and the cost.

python -m benchmarks.pii.measure DATA
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from persona_hub.transforms.filter_persona.filter_persona import FilterRules, examine
from persona_hub.transforms.pii import find_contacts, find_pii
from persona_hub.transforms.pii.gazetteer import gazetteer
from persona_hub.transforms.records import Persona, persona_id
from tests.material import pii_gold
from tests.material.pii_measure import (
    chat_sentences,
    names_found,
    portraits,
    real_personas,
    recall,
)


def a_persona(text: str, language: str = "und") -> Persona:
    """A persona with this text."""
    return Persona(persona_id(text), text, "text", 0, "", "read", "0" * 32, "benchmark", language, "none", "0" * 12)


def microseconds(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """CPU per text, after a first pass has loaded what there is to load."""
    for text in texts[:200]:
        work(text)
    began = time.process_time()
    for text in texts:
        work(text)
    return (time.process_time() - began) / len(texts) * 1e6


def phonenumbers_alone(text: str) -> list[object]:
    """What the peer does on the same text: its own matcher, one region."""
    import phonenumbers

    return list(phonenumbers.PhoneNumberMatcher(text, "US"))


def main(data: Path) -> None:
    """Prints all of it."""
    languages = tuple(pii_gold.PHONES)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    names = gazetteer()
    seconds, megabytes = (
        time.process_time() - began,
        (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    )
    print(f"gazetteer: {len(names.given | names.family)} names in {seconds:.1f} s CPU and {megabytes:.0f} MB")
    print("contact data planted in real sentences: caught / planted")
    for (language, kind), (planted, caught, missed) in recall(data, languages).items():
        print(
            f"  {language} {kind:6} {caught:4} / {planted:4} = {caught / planted:.3f}  {sorted(set(missed))[:4] or ''}"
        )
    sets = {"PersonaHub": real_personas(data), "Nemotron": portraits(data), "PersonaChat": chat_sentences(data)}
    for name, texts in sets.items():
        reasons = Counter(
            r for text in texts if isinstance(r := examine(a_persona(text), FilterRules(pii="keep")), str)
        )
        contacts = sum(bool(find_contacts(text, "en")) for text in texts) / len(texts)
        named = sum(any(finding.kind == "name" for finding in find_pii(text)) for text in texts)
        print(
            f"{name}: {len(texts)} texts, taken for contact data {contacts:.4f}, with a name {named}, {dict(reasons)}"
        )
    for title, gold in (
        ("seen when the rules were written", pii_gold.SEEN),
        ("looked at once before the last rules", pii_gold.HELD_OUT),
    ):
        print(f"people named in XQuAD paragraphs, {title}")
        for language in languages:
            people, hit, found, right = names_found(data, gold, language)
            print(
                f"  {language} recall {hit:3} / {people:3} = {hit / people:.2f}"
                f"  precision {right:3} / {found:3} = {right / max(1, found):.2f}"
            )
    personas = real_personas(data)
    peer = microseconds(phonenumbers_alone, personas)
    ours = microseconds(find_pii, personas)
    whole = microseconds(lambda text: examine(a_persona(text, "en"), FilterRules()), personas)
    print(f"CPU per real persona: personal data {ours:.0f} µs, {ours / peer:.2f} x phonenumbers alone ({peer:.0f} µs)")
    print(f"  the whole filter {whole:.0f} µs, {whole / peer:.2f} x")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
