"""How the offline model reads: the language, who a persona is, and its own sentences back."""

from __future__ import annotations

import json
from string import ascii_letters

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.offline_model import answer
from persona_hub.transforms.offline_model.draw import Draw
from persona_hub.transforms.offline_model.personas import indefinite
from persona_hub.transforms.offline_model.phrasebook import LANGUAGES, phrasebook
from persona_hub.transforms.offline_model.problems import MATH
from persona_hub.transforms.offline_model.reading import book_for, language_of, quoted, read_persona
from persona_hub.transforms.offline_model.samples import identifier
from persona_hub.transforms.offline_model.sentences import SLOT, Sentence


@pytest.mark.parametrize(
    ("text", "stated", "language"),
    [
        ("Der Bäcker und die Frau sind nicht da", "und", "de"),
        ("el gato está en la casa", "und", "es"),
        ("le chat est dans la maison", "", "fr"),
        ("o gato está na casa e não sai", "und", "pt"),
        ("words without any small ones", "und", "en"),
        ("English text", "zh", "zh"),  # a Latin name says nothing
        ("漢字", "ja", "ja"),  # Japanese may be all Han
        ("кот сидит", "bg", "bg"),  # of a language without tables, that is as it is stated
        ("кот сидит", "en", "ru"),  # cannot be
        ("猫がいる", "zh", "ja"),
    ],
)
def test_the_language_is_as_stated_where_the_script_allows(text: str, stated: str, language: str) -> None:
    assert language_of(text, stated) == language


@pytest.mark.parametrize(
    ("document", "wanted", "book"),
    [("de", "same", "de"), ("de", "fr", "fr"), ("pl", "same", "en"), ("zh", "pl", "en"), ("und", "", "en")],
)
def test_the_tables_are_of_the_language_asked_for_else_english(document: str, wanted: str, book: str) -> None:
    assert book_for(document, wanted).language == book


@pytest.mark.parametrize(
    ("language", "persona", "head"),
    [
        ("en", "A retired marine biologist who studies coral reefs", "a retired marine biologist"),
        ("en", "I'm a 34-year-old night-shift nurse from Leeds, tired", "a 34-year-old night-shift nurse"),
        ("en", "The owner of a small bakery in Porto", "an owner"),
        ("en", "A young, ambitious software engineer, passionate about compilers", "an ambitious software engineer"),
        ("en", "Loves cats and dogs", "a neighbour"),  # says who it is in no way that the rules know
        ("de", "Eine pensionierte Lehrerin, die Bienen züchtet", "eine pensionierte Lehrerin"),
        ("es", "Una enfermera que trabaja de noche", "una enfermera"),
        ("fr", "Un boulanger, amateur de trains", "un boulanger"),
        ("pt", "Uma professora que cultiva orquídeas", "uma professora"),
        ("ru", "Пожилая учительница, которая пишет стихи", "пожилая учительница"),
        ("zh", "一位退休的物理老师，喜欢种花", "物理老师"),
        ("zh", "我是一名护士", "护士"),
        ("ar", "معلمة متقاعدة، تكتب الشعر", "معلمة متقاعدة"),
        ("hi", "एक सेवानिवृत्त शिक्षक, जो कविता लिखते हैं", "एक सेवानिवृत्त शिक्षक"),
    ],
)
def test_who_a_persona_of_somebody_elses_is(language: str, persona: str, head: str) -> None:
    book, matter = read_persona(persona, language)
    assert (book.language, matter.head) == (language, head)


def test_a_text_that_two_languages_explain_is_of_the_one_stated() -> None:
    assert read_persona("Un pianista", "es")[0].language == "es"
    assert read_persona("Un pianista", "fr")[0].language == "fr"
    assert read_persona("A nurse who works at night in the city", "de")[0].language == "en"  # that no German explains


def test_phrases_of_another_language_are_quoted_in_english() -> None:
    assert quoted(["tamy bobrów"], "pl", phrasebook("en")) == ["“tamy bobrów”"]
    assert quoted(["beaver dams"], "en", phrasebook("en")) == ["beaver dams"]
    assert quoted(["tamy bobrów"], "pl", phrasebook("de")) == ["tamy bobrów"]  # whose sentences have marks


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_persona_of_ours_is_read_back_as_it_was_made(language: str) -> None:
    book = phrasebook(language)
    for name, field in book.fields.items():
        role = field.pros[0]
        slots = {
            "role": role,
            "Role": role,
            "p": "AAA",
            "q": "BBB",
            "topic": "CCC",
            "aim": field.aims[0],
            "parent": "DDD",
        }
        for sentences in book.ask.values():
            for sentence in sentences:
                read = book.read(sentence.fill(slots, book.feminine(role)))
                assert read is not None, (name, sentence.forms)
                assert {read.get("p", "AAA"), read.get("q", "BBB")} == {"AAA", "BBB"}, sentence.forms


literals = st.text(st.sampled_from("abc ,."), min_size=1, max_size=6)
fillings = st.text(st.sampled_from("XYZ"), min_size=1, max_size=8)


@settings(max_examples=50)
@given(start=literals, middle=literals, end=literals, p=fillings, q=fillings)
def test_a_sentence_gives_back_what_it_was_filled_with(start: str, middle: str, end: str, p: str, q: str) -> None:
    sentence = Sentence(f"{start}{{p}}{middle}{{q}}{end}")
    filled = sentence.fill({"p": p, "q": q})
    read = sentence.read(filled)
    assert read is not None
    assert sentence.fill(read) == filled


def test_braces_in_a_filling_are_text() -> None:
    assert Sentence("{p}!").fill({"p": "{q} [a/b]"}) == "{q} [a/b]!"


@given(
    st.lists(st.text(max_size=5), max_size=3),
    st.text(ascii_letters, max_size=3),
    st.integers(1, 50),
    st.integers(0, 99),
)
def test_draws_are_of_values_and_name_and_turn_with_the_number(
    values: list[str], name: str, below: int, n: int
) -> None:
    first = Draw(*values).whole(name, below)
    assert 0 <= first < below
    assert Draw(*values, number=n).whole(name, below) == (first + n) % below
    assert Draw(*values, number=n).pick(name, range(below)) == (first + n) % below


def test_draws_tell_values_apart_by_their_bounds() -> None:
    assert Draw("ab", "c").whole("x", 1 << 60) != Draw("a", "bc").whole("x", 1 << 60)
    assert Draw("a").whole("x", 1 << 60) != Draw("a").whole("y", 1 << 60)
    assert Draw("\ud800").whole("x", 2) in (0, 1)


@pytest.mark.parametrize(
    ("role", "article"),
    [("nurse", "a"), ("engineer", "an"), ("undergraduate", "an"), ("usher", "an"), ("union clerk", "a"), ("user", "a")],
)
def test_english_articles_go_by_sound(role: str, article: str) -> None:
    assert indefinite(phrasebook("en"), role) == f"{article} {role}"
    assert indefinite(phrasebook("de"), "eine Ärztin") == "eine Ärztin"


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("the flow of small rivers", "flow_of_small_rivers"),
        ("nappe phréatique", "nappe_phreatique"),
        ("Flüsse", "flusse"),
        ("海狸水坝", ""),
        ("C++", ""),
        ("one two three four five", "two_three_four_five"),
    ],
)
def test_a_phrase_as_part_of_an_identifier(phrase: str, name: str) -> None:
    assert identifier(phrase) == name


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_problem_in_any_language_states_every_number_that_its_answer_needs(language: str) -> None:
    sentences = phrasebook(language).table["samples"]["math"]
    for kind, sentence in sentences.items():
        numbers, _ = MATH[kind](Draw("x"))
        assert set(numbers) <= set(SLOT.findall(sentence)), kind
    for table in phrasebook(language).table["samples"]["logical_reasoning"]:
        assert {"names", "clues", "question"} <= set(SLOT.findall(table["problem"]))
        assert set(SLOT.findall(table["clue"])) == {"a", "b"}
        assert table["first"] != table["last"]


NURSE = "A paediatric ward nurse who looks after children with asthma"
GOLDEN = {
    "math": {
        "problem": "For 11 weeks a paediatric ward nurse spends 25 euros a week on asthma, and for the 5 weeks after "
        "that 44 euros a week. How many euros is that altogether?",
        "answer": "495",
    },
    "logical_reasoning": {
        "problem": "Caddoc, Ilka, Nimue, Sable queue to ask a paediatric ward nurse a question about children. Caddoc "
        "stands right behind Ilka. Nimue stands right behind Caddoc. Sable stands right behind Nimue. Who is at the "
        "end of the queue?",
        "answer": "Sable",
    },
    "instruction": {
        "instruction": "Compare two ways of dealing with children when the goal is to explain the risks to worried "
        "families. Put the result into a table with costs, time and risks.",
    },
    "game_npc": {
        "name": "Dorrin Quickhand",
        "description": "In the harbour quarter everybody knows Dorrin, a paediatric ward nurse, who keeps every scrap "
        "of news about asthma. Years ago a bargain over pain relief went wrong, and the debt is still open. Travellers "
        "who help to treat patients more safely are paid in secrets. “Bring me something true about asthma,” Dorrin "
        "says, “and my door is yours.”",
    },
    "tool": {
        "name": "Forecast Interface for Children",
        "description": "Estimates what comes next for children from past records, so that a paediatric ward nurse can "
        "update the ward's guidelines.",
        "function_name": "forecast_children",
        "input_args": ["records", "horizon_days"],
        "return": "Expected values with a lower and an upper bound for each day.",
        "depend": "numpy, statsmodels",
    },
}


@pytest.mark.parametrize("task", GOLDEN)
def test_a_sample_is_the_same_on_any_machine(task: str) -> None:
    assert json.loads(answer(task, {"persona": NURSE, "language": "en"})) == GOLDEN[task]
