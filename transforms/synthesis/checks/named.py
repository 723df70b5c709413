"""Checks by name, as a user's own use case lists them under `checks`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from persona_hub.transforms.corpus.language import UNDETERMINED, detect_language
from persona_hub.transforms.records import Sample, excerpt
from persona_hub.transforms.sandbox.sandbox import DEFAULT_LIMITS, Limits
from persona_hub.transforms.sandbox.tools import run_user_check
from persona_hub.transforms.synthesis.checks.equality import same_answer
from persona_hub.transforms.synthesis.checks.plugins import USER_CHECK, plugin
from persona_hub.transforms.synthesis.checks.programs import UNDECIDED, ProgramPrintsAnswer
from persona_hub.transforms.synthesis.checks.texts import Length, NoRefusal, no_control_characters, no_repetition
from persona_hub.transforms.synthesis.rejection import RejectedSample, SampleCheck
from persona_hub.transforms.synthesis.sample_fields import fields_of, text_of
from persona_hub.transforms.synthesis.use_case import UseCaseError

PATTERN_SECONDS = 1.0  # for a pattern that goes back and forth in a text
PATTERN_CHARACTERS = 1000
MOST = 1_000_000
WRONG_LANGUAGE = "wrong-language"


@dataclass(frozen=True)
class Fields:
    """What a check may refer to in a use case."""

    names: Sequence[str]  # of the schema's fields that every answer has
    answer: str = ""  # the field of the stated answer
    program: str = ""


@dataclass(frozen=True)
class InLanguage:
    """Rejects a sample that is surely in another language than this, or than its persona is written in."""

    field: str = ""
    code: str = ""

    def __call__(self, sample: Sample) -> Sample:
        """The sample. Raises RejectedSample."""
        wanted = self.code or detect_language(sample.persona)
        found = detect_language(text_of(sample, self.field) if self.field else sample.text)
        if UNDETERMINED not in (wanted, found) and wanted != found:
            raise RejectedSample(WRONG_LANGUAGE, f"{found}, where {wanted} is wanted")
        return sample


@dataclass(frozen=True)
class Matches:
    """Rejects a text in which a pattern is not found, or one that must not be there is."""

    pattern: str
    field: str = ""
    absent: bool = False

    def __call__(self, sample: Sample) -> Sample:
        """The sample. Raises RejectedSample."""
        text = text_of(sample, self.field) if self.field else sample.text
        where = self.field or "the text"
        try:
            found = regex.search(self.pattern, text, timeout=PATTERN_SECONDS)
        except TimeoutError:
            raise RejectedSample(USER_CHECK, f"regex {self.pattern!r}: no end within a second in {where}") from None
        if found is None and not self.absent:
            raise RejectedSample(USER_CHECK, f"regex {self.pattern!r} is not in {where}")
        if found is not None and self.absent:
            raise RejectedSample(USER_CHECK, f"regex {self.pattern!r} is in {where}: {excerpt(found[0], 60)}")
        return sample


@dataclass(frozen=True)
class SameAnswer:
    """Rejects a sample two fields of which are not surely one answer."""

    field: str
    other: str

    def __call__(self, sample: Sample) -> Sample:
        """The sample. Raises RejectedSample."""
        one, other = text_of(sample, self.field), text_of(sample, self.other)
        equal = same_answer(one, other, detect_language(sample.text))
        if not equal:
            told = f"{self.field} {excerpt(one, 60)!r}, {self.other} {excerpt(other, 60)!r}"
            raise RejectedSample(UNDECIDED if equal is None else USER_CHECK, told)
        return sample


@dataclass(frozen=True)
class CheckProgram:
    """Rejects a sample of whose fields a Python file of the user's, run in the sandbox, says that they are wrong."""

    program: str
    name: str  # of the file, for messages
    limits: Limits = DEFAULT_LIMITS

    def __call__(self, sample: Sample) -> Sample:
        """The sample. Raises RejectedSample."""
        found = run_user_check(self.program, fields_of(sample) or {"text": sample.text}, self.limits)
        if found.fault:
            raise RejectedSample(USER_CHECK, f"{self.name}: {found.fault}: {found.detail}")
        if found.said:
            raise RejectedSample(USER_CHECK, found.said)
        return sample


Make = Callable[[Mapping[str, Any], Fields, str], SampleCheck]  # of its arguments, the fields, and where it stands


def field_at(given: Mapping[str, Any], key: str, fields: Fields, where: str) -> str:
    """The name of a field, "" where none is given. Raises UseCaseError for one that answers do not have."""
    name = given.get(key, "")
    if name and name not in fields.names:
        there = ", ".join(fields.names) or "none (free text has no fields)"
        raise UseCaseError(f"{where}: {excerpt(str(name), 60)!r} is no required field of the schema; there are {there}")
    return str(name)


def length(given: Mapping[str, Any], fields: Fields, where: str) -> SampleCheck:
    """Of words or characters: "5-80", "5-" or "-80"."""
    units = [unit for unit in ("words", "characters") if unit in given]
    if len(units) != 1:
        raise UseCaseError(f"{where}: give words: MIN-MAX or characters: MIN-MAX")
    low, dash, high = str(given[units[0]]).partition("-")
    numbers = [part for part in (low, high) if part]
    if not dash or not numbers or not all(part.isascii() and part.isdigit() for part in numbers):
        raise UseCaseError(f'{where}: {units[0]}: write "MIN-MAX", as "5-80", in quotes; one of both may be left out')
    fewest, most = int(low or 0), int(high or MOST)
    if fewest > most:
        raise UseCaseError(f"{where}: {units[0]}: {fewest} is more than {most}")
    return Length(fewest, most, field_at(given, "field", fields, where), units[0])


def matches(given: Mapping[str, Any], fields: Fields, where: str) -> SampleCheck:
    """A pattern of the `regex` module that must be found (`matches`), or must not (`without`)."""
    keys = [key for key in ("matches", "without") if key in given]
    if len(keys) != 1:
        raise UseCaseError(f"{where}: give matches: PATTERN or without: PATTERN")
    pattern = given[keys[0]]
    if not isinstance(pattern, str) or not 0 < len(pattern) <= PATTERN_CHARACTERS:
        raise UseCaseError(f"{where}: {keys[0]}: must be a pattern of up to {PATTERN_CHARACTERS} characters")
    try:
        regex.compile(pattern)
    except regex.error as error:
        raise UseCaseError(f"{where}: {keys[0]}: {error}") from error
    return Matches(pattern, field_at(given, "field", fields, where), keys[0] == "without")


def in_language(given: Mapping[str, Any], fields: Fields, where: str) -> SampleCheck:
    """Of a code, else of the persona."""
    return InLanguage(field_at(given, "field", fields, where), str(given.get("code", "")))


def prints_answer(given: Mapping[str, Any], fields: Fields, where: str) -> SampleCheck:
    """Of the fields that the file's keys `program` and `answer` name."""
    if not (fields.program and fields.answer):
        raise UseCaseError(f"{where}: needs the keys `program` and `answer`, which say what fields hold them")
    return ProgramPrintsAnswer(fields.program, fields.answer)


def same(given: Mapping[str, Any], fields: Fields, where: str) -> SampleCheck:
    """Of two fields; the first is the stated answer where none is given."""
    one = field_at(given, "field", fields, where) or fields.answer
    other = field_at(given, "as", fields, where)
    if not one or not other:
        raise UseCaseError(f"{where}: write same_answer: {{field: FIELD, as: OTHER_FIELD}}")
    return SameAnswer(one, other)


def refusal(given: Mapping[str, Any], fields: Fields, where: str) -> SampleCheck:
    """Of one field, else of the whole text."""
    field = field_at(given, "field", fields, where)
    return NoRefusal((field,) if field else ())


def of_plugin(given: Mapping[str, Any], fields: Fields, where: str) -> SampleCheck:
    """Of another package."""
    return plugin(str(given.get("name", "")), where)


NAMED_CHECKS: Mapping[str, tuple[Make, tuple[str, ...], str]] = {  # the maker, its keys, and the key of a lone text
    "length": (length, ("field", "words", "characters"), "words"),
    "language": (in_language, ("field", "code"), "code"),
    "no_repetition": (lambda given, fields, where: no_repetition, (), ""),
    "no_refusal": (refusal, ("field",), "field"),
    "no_control_characters": (lambda given, fields, where: no_control_characters, (), ""),
    "regex": (matches, ("field", "matches", "without"), "matches"),
    "program": (prints_answer, (), ""),
    "same_answer": (same, ("field", "as"), "as"),
    "plugin": (of_plugin, ("name",), "name"),
}


def named_check(entry: Any, fields: Fields, where: str) -> SampleCheck:
    """The check of an entry: a name, or {name: arguments}. Raises UseCaseError, which says what there is."""
    given: Any = {}
    if isinstance(entry, str):
        name = entry
    elif isinstance(entry, dict) and len(entry) == 1:
        name, given = next(iter(entry.items()))
    else:
        raise UseCaseError(f"{where}: write a name, or one name with its arguments, as length: {{words: 5-80}}")
    if name not in NAMED_CHECKS:
        raise UseCaseError(
            f"{where}: no check is called {excerpt(str(name), 60)!r}; there are {', '.join(NAMED_CHECKS)}"
        )
    make, keys, lone = NAMED_CHECKS[name]
    here = f"{where}: {name}"
    if not isinstance(given, dict):
        if not lone:
            raise UseCaseError(f"{here}: takes no arguments")
        given = {lone: given}
    if unknown := [key for key in given if key not in keys]:
        there = ", ".join(keys) or "none"
        raise UseCaseError(f"{here}: unknown key {excerpt(str(unknown[0]), 60)!r}; there are {there}")
    return make(given, fields, here)
