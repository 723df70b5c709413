"""What an answer says of the prompt that it came from, and what only sounds like it."""

from __future__ import annotations

import pytest

from persona_hub.transforms.prompts.mentions import names_absent_document, names_document, names_persona


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A question from the persona: how many eels are in a pot?", "the persona"),
        ("Question from the persona above.", "persona above"),
        ("Name: The New Persona", "the new persona"),
        ("Help THE GIVEN PERSONA with her looms.", "the given persona"),
        ("The persona’s world: looms and wool", "the persona"),
        ("Diese Persona webt.", "diese persona"),
        ("上述人物有三台织机。", "上述人物"),
    ],
)
def test_a_text_that_speaks_of_the_persona(text: str, words: str) -> None:
    assert names_persona(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "Write a buyer persona for a yarn shop, and say how the persona finds it.",
        "User personas are sketches. The persona has a name and a wish.",
        "She built the persona of a witch for the stage.",
        "The personality of the person",
        "La persona que teje",
        "",
    ],
)
def test_a_text_on_personas_does_not(text: str) -> None:
    assert names_persona(text) == ""


def test_who_works_with_personas_may_speak_of_one() -> None:
    text = "Which three findings shape the persona, and why?"
    assert names_persona(text) == "the persona"
    assert names_persona(text, "A researcher who turns interviews into personas") == ""
    assert names_persona("Help the persona above.", "A researcher of personas") == "persona above"


@pytest.mark.parametrize(
    "text",
    [
        "A clerk who files a document, then stamps the document",
        "A text editor",
        "A translator of old texts who weighs each word of a passage before the passage is set",
        "A secretary who knows the document management system by heart",
        "An actor who learns the text of the play backwards",
        "A person who reads the texts of the Stoics",
        "A person who answers the text messages of strangers",
        "Un amateur de textes anciens",
        "一位整理旧文件的档案员",
    ],
)
def test_a_text_on_documents_does_not_name_its_own(text: str) -> None:
    assert names_document(text) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A man who reads the document's own language", "the document"),
        ("Which words can be written in the language of the document?", "the document"),
        ("A woman who dislikes the text", "the text"),
        ("A proud parent of one of the students featured in the article", "the article"),
    ],
)
def test_a_text_that_speaks_of_a_document_which_nobody_else_sees(text: str, words: str) -> None:
    assert words in names_document(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sum up the article in one line.", "the article"),
        ("How many words does the document have?", "the document"),
        ("A document has 12 pages. How many words does the document have?", ""),
        ('{"name": "sum_up", "description": "Sums the document up", "parameters": {"document_id": "string"}}', ""),
        ("Sum up the article: " + "Eels rise with the spring tide. " * 8, ""),
        ("The text of the play is lost.", ""),
        ("A nurse counts 3 beds.", ""),
    ],
)
def test_a_sample_speaks_of_no_document_that_it_does_not_hold(text: str, found: str) -> None:
    assert names_absent_document(text) == found
