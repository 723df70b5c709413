from __future__ import annotations

from dataclasses import replace

from persona_hub.transforms.records import Persona
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.write_hub.attributes_of import attributes_of, attributes_of_batch, completed_attributes

A, B = (Persona(key * 32, f"A nurse {key}", "text", 0, "", "read", "d" * 32, "s", "en", "m", "p") for key in ("a", "b"))


def test_a_persona_has_a_row_in_its_language() -> None:
    [row] = attributes_of_batch((3, Batch([replace(A, language="de")])))
    assert (row.persona_id, row.language, row.given) == (A.persona_id, "de", "")


def test_what_the_text_says_is_read() -> None:
    row = attributes_of(replace(A, text="A retired nurse from Germany"))
    assert (row.occupation, row.occupation_unit[0], row.seniority, row.country) == ("2", "2", "retired", "DE")
    assert row.education == "unspecified"


def test_a_hub_gets_the_rows_that_it_lacks_and_keeps_those_that_it_has() -> None:
    stored = attributes_of(B, '{"age": 31}')
    [rows] = completed_attributes(0, {"personas": [Batch([B]), Batch([A])], "attributes": [Batch([stored])]})
    assert rows == [attributes_of(A), stored]
