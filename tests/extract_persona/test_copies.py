"""A sentence of the document is no persona, unless the document speaks of a person."""

from __future__ import annotations

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.extract_persona.copies import copies_document
from persona_hub.transforms.extract_persona.extract_persona import ExtractPersona
from persona_hub.transforms.records import Document, content_id
from persona_hub.transforms.wire.batches import Batch
from tests.servers.models.launch import FakeServer

ROPES = """\
The rope walk is two hundred yards long, and the hemp is
drawn out twice before it is tarred. Three strands are laid against the twist – a fourth makes a cable.
Meet Ida, a retired rope maker who still splices for the lifeboat. She began at fourteen. On wet days the walk is shut,
since damp yarn stretches; what was begun is covered with sailcloth and weighed down at both ends with lead."""


@pytest.mark.parametrize(
    "persona",
    [
        "The rope walk is two hundred yards long, and the hemp is drawn out twice before it is tarred.",
        "the rope walk is two hundred yards long and the hemp is drawn out twice",
        "THREE STRANDS ARE LAID AGAINST THE TWIST",
        "Three strands are laid against the twist; a fourth makes a cable",
        "On wet days the walk is shut, since damp yarn stretches",
        "So on wet days the walk is shut, since damp yarn stretches a lot",
        "What was begun is covered with sailcloth, and weighed down at both ends with lead",
        "What was begun is always covered with sailcloth and weighed down at both ends with lead",
        "Three strands that are laid against the twist",
    ],
)
def test_words_of_the_document_are_no_persona(persona: str) -> None:
    assert copies_document(persona, ROPES)


@pytest.mark.parametrize(
    "persona",
    [
        "A retired rope maker who still splices for the lifeboat",  # as the document says of somebody
        "A rope maker who knows that damp yarn stretches and covers what was begun with sailcloth",
        "A lifeboat volunteer with an interest in how hemp is drawn out twice before it is tarred",
        "A rope maker interested in what was begun, covered with sailcloth and weighed down at both ends with lead",
        "A harbour engineer studying how three strands are laid against the twist and a fourth makes a cable",
        "The rope walk",
        "On wet days the walk is open, since damp air does no harm to nylon",
        "",
        "?",
    ],
)
def test_a_persona_may_share_words_with_its_document(persona: str) -> None:
    assert not copies_document(persona, ROPES)


@pytest.mark.parametrize(
    ("persona", "document"),
    [
        ("A nurse who works nights", "A nurse who works nights"),
        ("Night nurse on a children's ward in Leeds", "Night nurse on a children's ward in Leeds."),
        (
            "I am a night nurse on a children's ward in Leeds",
            "I am a night nurse on a children's ward in Leeds. I like it. " * 3,
        ),
        (
            "An eel trapper who mends his own pots in winter",
            "A cook who bakes.\nAn eel trapper who mends his own pots in winter\nA monk.",
        ),
        (
            "Eine Müllerin, die das Wehr bei Hochwasser öffnet",
            "Im Tal lebt eine Müllerin, die das Wehr bei Hochwasser öffnet. " * 3,
        ),
        ("一位在河边修理渔网的老人", "村里有一位在河边修理渔网的老人，他每天早晨都在那里工作，直到太阳落山才回家。"),
    ],
)
def test_a_document_that_is_a_persona_gives_itself(persona: str, document: str) -> None:
    assert not copies_document(persona, document)


@pytest.mark.parametrize(
    ("persona", "document"),
    [
        (
            "Das Wehr wird bei Hochwasser ganz geöffnet",
            "Vorn. Das Wehr wird bei Hochwasser ganz geöffnet. Danach steht das Rad still.",
        ),
        (
            "Сети сушат на берегу до самого вечера",
            "Утром ловят рыбу. Сети сушат на берегу до самого вечера. Потом их чинят.",
        ),
        ("渔网在岸上晒到傍晚", "早晨人们出海捕鱼，渔网在岸上晒到傍晚，然后再修补破洞。夜里很冷。"),
    ],
)
def test_copies_in_other_languages(persona: str, document: str) -> None:
    assert copies_document(persona, document)


def test_a_copy_is_asked_for_once_more_and_then_lost_with_its_own_reason(server: FakeServer) -> None:
    copied = '{"persona": "On wet days the walk is shut, since damp yarn stretches"}'
    good = '{"persona": "A rope maker who minds the weather"}'
    server.tell(answers={"rope walk": [copied, good], "copper": [copied, copied]})
    other = ROPES.replace("rope walk", "copper works")
    model = ModelConfig("openai:m", base_url=server.url)
    with beam.Pipeline() as pipeline:
        documents = [Document(content_id(text), text, "", "en", "f", "line 1") for text in (ROPES, other)]
        extracted = pipeline | beam.Create([Batch(documents)]) | ExtractPersona(model=model)
        personas = extracted.personas | "P" >> beam.FlatMap(lambda batch: [persona.text for persona in batch])
        lost = extracted.dead_letters | "L" >> beam.FlatMap(
            lambda batch: [(letter.reason, letter.key, letter.detail) for letter in batch]
        )
        assert_that(personas, equal_to(["A rope maker who minds the weather"]), "kept")
        detail = "words of the document, and no description of a person"
        assert_that(lost, equal_to([("copies-document", documents[1].document_id, detail)]), "lost")
