"""Who stays when documents are taken down, as examples and against the simplest rule."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.hub.remaining_provenance import remaining_provenance
from persona_hub.transforms.records import Provenance


def read(persona: str, document: str) -> Provenance:
    """A persona of a document."""
    return Provenance(persona, document, f"https://{document}", "", "read", 0)


def related(persona: str, parent: str, document: str, hop: int = 1) -> Provenance:
    """A persona of a relation, whose chain began with a document."""
    return Provenance(persona, document, f"https://{document}", parent, "sister", hop)


def gone(rows: list[Provenance], *documents: str) -> set[str]:
    return set(remaining_provenance(rows, set(documents)).removed)


def test_a_persona_goes_with_its_only_document_and_its_descendants_with_it() -> None:
    rows = [read("diver", "d1"), related("wife", "diver", "d1"), related("friend", "wife", "d1", hop=2)]
    assert gone(rows, "d1") == {"diver", "wife", "friend"}


def test_what_another_document_supports_stays_and_is_its_from_now_on() -> None:
    rows = [read("diver", "d1"), read("diver", "d2"), related("wife", "diver", "d1")]
    found = remaining_provenance(rows, {"d1"})
    assert not found.removed
    assert found.stays["diver"].source == "https://d2"
    assert found.stays["wife"] == related("wife", "diver", "d2")


def test_a_relation_found_twice_stays_with_the_parent_that_stays() -> None:
    rows = [read("diver", "d1"), read("baker", "d2"), related("aunt", "diver", "d1"), related("aunt", "baker", "d2")]
    assert gone(rows, "d1") == {"diver"}
    assert remaining_provenance(rows, {"d1"}).stays["aunt"].parent_id == "baker"


def test_a_parent_whom_nothing_touches_holds_its_relations() -> None:
    assert gone([related("aunt", "somebody else", "d1")], "d1") == set()


def test_a_circle_holds_nobody_up() -> None:
    rows = [read("diver", "d1"), related("wife", "diver", "d1"), related("diver", "wife", "d1", hop=2)]
    assert gone(rows, "d1") == {"diver", "wife"}


NAMES, DOCUMENTS = st.sampled_from("abcdef"), st.sampled_from(["d1", "d2", "d3"])
ROWS = st.lists(
    st.one_of(st.builds(read, NAMES, DOCUMENTS), st.builds(related, NAMES, NAMES, DOCUMENTS, st.integers(1, 6))),
    max_size=20,
)


def reachable(rows: list[Provenance], removed: set[str]) -> set[str]:
    """The simplest rule: go round and round until nobody is added."""
    known = {row.persona_id for row in rows}
    found: set[str] = set()
    for _ in rows:
        for row in rows:
            holds = (
                row.document_id not in removed if row.hop == 0 else row.parent_id in found | ({row.parent_id} - known)
            )
            if holds:
                found.add(row.persona_id)
    return found


@given(ROWS, st.sets(DOCUMENTS))
def test_those_stay_whom_a_chain_joins_to_a_document_that_stays(rows: list[Provenance], removed: set[str]) -> None:
    found = remaining_provenance(rows, removed)
    assert set(found.stays) == reachable(rows, removed)
    assert found.removed == {row.persona_id for row in rows} - set(found.stays)
    assert not {row.document_id for row in found.stays.values() if row.hop == 0} & removed
