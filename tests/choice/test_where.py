"""The language of conditions: what it says, and what it says of what it cannot read."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.attributes import EDUCATIONS, LIFE_STAGES, SENIORITIES, TextAttributes
from persona_hub.transforms.choice.columns import (
    CODES,
    COLUMNS,
    PERSONA_COLUMNS,
    TABLE_OF,
    UNSPECIFIED,
    WORDS,
    ChoiceError,
    Column,
    JoinedRow,
    tables_of,
)
from persona_hub.transforms.choice.conditions import AllOf, AnyOf, Comparison, Condition, Not, OneOf
from persona_hub.transforms.choice.tokens import LONGEST_CONDITION
from persona_hub.transforms.choice.where import DEEPEST_NESTING, parse_where
from persona_hub.transforms.records import Attributes, Member
from tests.material.personas import persona

TOO_DEEP = DEEPEST_NESTING + 1
NURSE = persona("A nurse in Lyon who works the Night shift", language="fr", hop=1, relation="treats")
GIVEN = '{"age": "9", "marital status": "single", "children": 12, "smokes": false, "note": null}'
READ = Attributes(NURSE.persona_id, "fr", "2", "2221", "unspecified", "adult", "FR", "unspecified", GIVEN)
ROW = JoinedRow(NURSE, READ, Member(NURSE.persona_id, "3.1.4"))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("language=fr", True),
        ("language = FR", True),
        ("LANGUAGE='fr'", True),
        ("language!=fr", False),
        ("language in (de, fr)", True),
        ("language not in (de, fr)", False),
        ("hop<2 and language=fr", True),
        ("hop<1 or language=fr", True),
        ("hop<1 and language=de or language=fr", True),
        ("hop<1 and (language=de or language=fr)", False),
        ("not hop=1", False),
        ("not not hop=1", True),
        ("hop>=1 and hop<=1 and hop!=0 and not hop>1", True),
        ("hop in (0, 10)", False),
        ("text contains 'night shift'", True),
        ("text contains LYON", True),
        ('text contains "day"', False),
        ("language<g", True),
        ("language>=g", False),
        ("occupation=2", True),
        ("occupation_unit<3000", True),
        ("country=fr and life_stage=Adult", True),
        ("seniority=unspecified", True),
        ("seniority<zz", False),
        ("seniority>a", False),
        ("cluster=3", True),
        ("cluster=3.1", True),
        ("cluster='3.1.4'", True),
        ("cluster=3.2 or cluster=31 or cluster=3.1.4.1", False),
        ("cluster in (1, 3)", True),
        ("cluster!=3", False),
        ("given.age<30", True),
        ("given.age='9'", True),
        ("given.children>9", True),
        ("given.'marital status'=single", True),
        ('given."marital status"!=single', False),
        ("given.smokes=false", True),
        ("given.note='' and given.height=''", True),
        ("given.height<200 or given.height>=200", False),
        ("given.age<old", True),
    ],
)
def test_what_holds(text: str, holds: bool) -> None:
    condition = parse_where(text)
    assert condition.holds(ROW) is holds
    assert parse_where(str(condition)) == condition
    assert pickle.loads(pickle.dumps(condition)).holds(ROW) is holds


def test_a_persona_without_a_row_says_nothing() -> None:
    assert TextAttributes().country == UNSPECIFIED
    alone = JoinedRow(NURSE)
    assert parse_where("occupation=unspecified and cluster='' and given.age=''").holds(alone)
    assert not parse_where("occupation>0 or cluster=3 or given.age>0").holds(alone)
    damaged = JoinedRow(NURSE, replace(READ, given="[1"))
    assert parse_where("given.age=''").holds(damaged)


def test_words_of_the_language_are_values_where_a_value_is_wanted() -> None:
    odia = JoinedRow(persona("A potter", language="or"))
    assert parse_where("language=or").holds(odia)
    assert parse_where("language in (and, or)").holds(odia)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lang=de", f"no column 'lang'; there are {', '.join(COLUMNS)}, at the ^ in: ^lang=de"),
        ("hop<1 and given.=3", "no column 'given.'"),
        ("language=", "the end where a value is wanted, at the ^ in: language=^"),
        ("language==de", "'=' where a value is wanted, at the ^ in: language=^=de"),
        ("hop<two", "'two' where a whole number is wanted, which hop is, at the ^ in: hop<^two"),
        ("hop<1.5", "'1.5' where a whole number"),
        ("occupation=nurse", "'nurse' where a major group of ISCO-08, 0 to 9, is wanted, which occupation is, at"),
        ("occupation_unit!=222", "'222' where a unit group of ISCO-08, four digits, is wanted"),
        ("country in (DE, Finland)", "'Finland' where a country as ISO 3166 has it, such as DE, is wanted"),
        ("seniority=boss", "'boss' where one of student, junior, mid, senior, lead, retired is wanted"),
        ("hop contains 1", "hop is a number, and contains nothing, at the ^ in: hop ^contains 1"),
        ("hop<1 hop<2", "'hop' where `and`, `or` or the end is wanted, at the ^ in: hop<1 ^hop<2"),
        ("hop<1 and", "the end where a column is wanted"),
        ("and hop<1", "'and' where a column is wanted, at the ^ in: ^and hop<1"),
        ("'hop'<1", "'hop' where a column is wanted"),
        ("(hop<1", "the end where `)` is wanted, at the ^ in: (hop<1^"),
        ("hop<1)", "')' where `and`, `or` or the end is wanted"),
        ("language is de", "'is' where one of = != < <= > >= in contains is wanted, at the ^ in: language ^is de"),
        ("language not de", "'de' where `in` is wanted"),
        ("language in de", "'de' where `(` is wanted"),
        ("language in ()", "')' where a value is wanted"),
        ("language in (de fr)", "'fr' where `,` or `)` is wanted"),
        ("text contains 'it", "a ' or \" that is not closed, at the ^ in: text contains ^'it"),
        ("text contains a'b'", "where a value is wanted"),
        ("language!de", "no sign of this language, at the ^ in: language^!de"),
        (" ", "is empty; a condition is wanted"),
        ("x" * (LONGEST_CONDITION + 1), "has 2,001 characters; at most 2,000 are read"),
        (
            "(" * (DEEPEST_NESTING + 1) + "hop=1" + ")" * (DEEPEST_NESTING + 1),
            f"more than {DEEPEST_NESTING} parentheses and `not`",
        ),
        ("not " * (DEEPEST_NESTING + 1) + "hop=1", f"more than {DEEPEST_NESTING} parentheses and `not`"),
        (f"text contains '{'a' * 100}' or lang=de", "^lang=de"),
        ("language=de\x1b[31m\n or lang=de", "language=de [31m  or ^lang=de"),
    ],
)
def test_what_cannot_be_read_is_shown_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ChoiceError) as caught:
        parse_where(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


def test_codes_and_words_are_those_of_the_attributes() -> None:
    wanted = {"seniority": SENIORITIES, "life_stage": LIFE_STAGES, "education": EDUCATIONS}
    assert wanted == WORDS
    for name, words in wanted.items():
        for word in (*words, "unspecified", ""):
            parse_where(f"{name}='{word.upper()}' or {name} not in ('{word}')")
    for text in ("occupation in (0, 9, unspecified)", "occupation_unit='0110' and occupation_unit<3000", "country=de"):
        parse_where(text)
    parse_where("occupation_unit contains 22 and country contains E and life_stage contains adult")


def test_many_parts_need_no_depth() -> None:
    assert parse_where(" or ".join(["hop=9"] * 150 + ["hop=1"])).holds(ROW)


def test_a_condition_knows_its_tables() -> None:
    columns = parse_where("hop<2 and (cluster=3 or not given.age in (1, 2)) and text contains x").columns
    assert columns == (Column("hop"), Column("cluster"), Column("given.age"), Column("text"))
    assert tables_of(columns) == ("attributes", "members")
    assert tables_of(parse_where("hop<2").columns) == ()


TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
FREE = [one for one in (*PERSONA_COLUMNS, *TABLE_OF) if one != "hop" and one not in CODES]
NAMES = st.sampled_from(FREE) | TEXTS.filter(bool).map(lambda name: f"given.{name}")
SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "contains"])
COMPARISONS: st.SearchStrategy[Condition] = (
    st.builds(lambda name, sign, value: Comparison(Column(name), sign, value), NAMES, SIGNS, TEXTS)
    | st.builds(lambda name, sign: Comparison(Column(name), sign, "unspecified"), st.sampled_from([*CODES]), SIGNS)
    | st.builds(lambda name, text: Comparison(Column(name), "<", text), st.sampled_from([*CODES]), TEXTS)
    | st.builds(lambda n: Comparison(Column("hop"), "<", str(n)), st.integers(0, 9))
    | st.builds(lambda name, values: OneOf(Column(name), tuple(values)), NAMES, st.lists(TEXTS, min_size=1, max_size=3))
)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda parts: (
        parts.map(Not)
        | st.lists(parts, min_size=2, max_size=3).map(lambda found: AllOf(tuple(found)))
        | st.lists(parts, min_size=2, max_size=3).map(lambda found: AnyOf(tuple(found)))
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_what_is_printed_means_the_same(condition: Condition) -> None:
    again = parse_where(str(condition))
    assert str(again) == str(condition)
    assert again.holds(ROW) == condition.holds(ROW)


@given(st.text(st.sampled_from("hop language=<>!()', \"contains and or not in 1\x00ü"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        said = str(parse_where(text))
    except ChoiceError as error:
        said = str(error)
    assert said
