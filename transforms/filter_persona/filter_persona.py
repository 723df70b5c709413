"""FilterPersona: only what describes a person goes on, without personal data; every other persona has a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import apache_beam as beam
import regex

from persona_hub.transforms import pii
from persona_hub.transforms.corpus.language_codes import SAME_LANGUAGE, persona_language
from persona_hub.transforms.counting.counts import Equation, Sizes, count_records
from persona_hub.transforms.counting.stages import FILTER_PERSONA
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.filter_persona.not_personas import is_other_language, not_a_persona, wrong_length
from persona_hub.transforms.filter_persona.third_person import in_third_person
from persona_hub.transforms.records import DeadLetter, Persona, excerpt, persona_id
from persona_hub.transforms.wire.batches import Batch

PII_MODES = ("scrub", "drop", "keep")
# The shortest of 2,486 real personas has five characters, the longest 425; a portrait of Nemotron's has 500.
MIN_CHARACTERS = 5
MAX_CHARACTERS = 1000
DEAD_LETTER_TAG = "dead_letters"

# Marks that turn the direction of what follows, and characters without width. The joiners U+200C and U+200D stay: Hindi
# and Persian are spelled with them.
INVISIBLE = regex.compile(r"[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
WHITE_SPACE = regex.compile(r"[\p{Zs}\p{Zl}\p{Zp}\p{Cc}\p{Cs}\p{Co}\p{Cn}]+")


class Filtered(NamedTuple):
    """Personas fit for the hub, and why the others are not."""

    personas: beam.PCollection[Batch[Persona]]
    dead_letters: beam.PCollection[Batch[DeadLetter]]
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every persona is kept or lost."""
        return (Equation(FILTER_PERSONA, "personas", ("kept", "lost-*")),)


@dataclass(frozen=True, kw_only=True)
class FilterRules:
    """What `examine` goes by."""

    pii: str = "scrub"
    persona_language: str = SAME_LANGUAGE
    min_characters: int = MIN_CHARACTERS
    max_characters: int = MAX_CHARACTERS


def one_line(text: str) -> str:
    """`text` on one line: white space and control characters as one space, marks without width gone; HTML stays."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    return WHITE_SPACE.sub(" ", INVISIBLE.sub("", text)).strip()


def examine(persona: Persona, rules: FilterRules) -> Persona | str:
    """The persona, cleaned and perhaps scrubbed (with a new id if its text has changed), or the reason against it.

    What addresses its reader is put in the third person where that is sure.
    """
    text = one_line(persona.text)
    reason = not_a_persona(text[: rules.max_characters])
    if reason == "addresses-reader" and (turned := in_third_person(text)):
        text, reason = turned, not_a_persona(turned[: rules.max_characters])
    language = persona.language if rules.persona_language == SAME_LANGUAGE else rules.persona_language
    reason = (
        reason
        or wrong_length(text, rules.min_characters, rules.max_characters)
        or ("wrong-language" if is_other_language(text, language) else "")
    )
    if reason:
        return reason
    if rules.pii != "keep" and (found := pii.find_pii(text, language)):
        if rules.pii == "drop":
            return "personal-name" if all(finding.kind == "name" for finding in found) else "contact-data"
        text = pii.replace_findings(text, found, language)
    return persona if text == persona.text else replace(persona, text=text, persona_id=persona_id(text))


@dataclass(kw_only=True)
class FilterPersona(beam.PTransform):
    """Batches of personas -> those that describe a person, without personal data, and dead letters for the others."""

    pii: str = "scrub"  # "scrub": neutral words in its place; "drop": the persona is dropped; "keep": as it is
    persona_language: str = SAME_LANGUAGE  # as the document's, or a code of LANGUAGE_CODES
    min_characters: int = MIN_CHARACTERS
    max_characters: int = MAX_CHARACTERS

    def __post_init__(self) -> None:
        """Refuses what cannot be meant."""
        super().__init__()
        if self.pii not in PII_MODES:
            raise InvalidInputError(f"--pii {self.pii}: one of {', '.join(PII_MODES)}")
        self.persona_language = persona_language(self.persona_language)
        if not 1 <= self.min_characters <= self.max_characters:
            raise InvalidInputError(
                f"min_characters {self.min_characters} and max_characters {self.max_characters}:"
                " at least 1, and the first not above the second"
            )

    def expand(self, personas: beam.PCollection[Batch[Persona]]) -> Filtered:
        """Examines every persona."""
        rules = FilterRules(
            pii=self.pii,
            persona_language=self.persona_language,
            min_characters=self.min_characters,
            max_characters=self.max_characters,
        )
        out = personas | "Examine" >> beam.ParDo(ExamineDoFn(rules)).with_outputs(DEAD_LETTER_TAG, main="personas")
        counts = (
            *count_records(FILTER_PERSONA, "personas", personas),
            *count_records(FILTER_PERSONA, "kept", out.personas),
        )
        return Filtered(out.personas, out[DEAD_LETTER_TAG], counts)


class ExamineDoFn(beam.DoFn):
    """Examines the personas of a batch."""

    def __init__(self, rules: FilterRules):
        self.rules = rules
        self.tally = Tally(FILTER_PERSONA)

    def process(self, batch: Batch[Persona]) -> Iterator[Any]:
        """One batch of personas and, where there are any, one of dead letters."""
        kept: Batch[Persona] = Batch()
        dead: Batch[DeadLetter] = Batch()
        counts: Counter[str] = Counter()
        for persona in batch:
            result = examine(persona, self.rules)
            if isinstance(result, str):
                counts[result] += 1
                dead.append(dead_letter(persona, result, self.rules.pii))
            else:
                counts["kept"] += 1
                counts["scrubbed"] += result.persona_id != persona.persona_id
                kept.append(result)
        for name, n in counts.items():
            self.tally.inc(name, n)
        if kept:
            yield kept
        if dead:
            yield beam.pvalue.TaggedOutput(DEAD_LETTER_TAG, dead)


def dead_letter(persona: Persona, reason: str, mode: str) -> DeadLetter:
    """Why a persona does not go on; its text is shown without personal data, unless `mode` is "keep"."""
    text = one_line(persona.text)[:MAX_CHARACTERS]
    shown = text if mode == "keep" else pii.scrub_text(text, persona.language)
    return DeadLetter(FILTER_PERSONA, reason, persona.persona_id, f"of {persona.source}", excerpt(shown))
