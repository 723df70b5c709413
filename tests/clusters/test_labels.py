from __future__ import annotations

import pytest

from persona_hub.transforms.clusters.labels import LABEL_WORDS, LeafTexts, labels
from persona_hub.transforms.clusters.words import stop_words, terms_of, words_for_labels


def leaf(*texts: str, language: str = "en", size: int = 0) -> LeafTexts:
    return LeafTexts(size or len(texts), tuple((language, text) for text in texts))


NURSES = leaf(*(f"A nurse who works nights at a hospital with patients {i}" for i in range(9)), "A nurse named Zyx")
BAKERS = leaf(*(f"A baker who works early and sells bread at a market {i}" for i in range(10)))


def test_a_label_is_what_tells_a_cluster_from_the_others() -> None:
    found = labels({"1": NURSES, "2": BAKERS}, {"1": "en", "2": "en"})
    assert found["1"].split(", ")[0] == "nurse"
    assert {"nurse", "hospital"} < set(found["1"].split(", "))
    assert {"baker", "bread"} < set(found["2"].split(", "))
    assert all(len(label.split(", ")) <= LABEL_WORDS for label in found.values())


def test_words_of_fewer_than_three_personas_stand_in_no_label() -> None:
    rare = leaf("Quokka keeper", "Quokka vet", "Zoo guide", "Zoo cook", "Zoo clerk")
    found = labels({"1": rare, "2": BAKERS}, {"1": "en", "2": "en"})
    assert found["1"] == "zoo"


def test_within_a_parent_it_is_what_tells_its_parts_apart() -> None:
    night = leaf(*(f"A nurse on the night shift {i}" for i in range(6)))
    school = leaf(*(f"A nurse in a school {i}" for i in range(6)))
    found = labels({"1.1": night, "1.2": school, "2": BAKERS}, dict.fromkeys(["1", "1.1", "1.2", "2"], "en"))
    assert found["1"].startswith("nurse")
    assert "nurse" not in found["1.1"] + found["1.2"]
    assert "night" in found["1.1"]
    assert "school" in found["1.2"]


def test_a_hub_of_one_cluster_is_labelled_by_its_most_frequent_words() -> None:
    assert labels({"1": NURSES}, {"1": "en"})["1"].startswith("nurse")


def test_words_are_those_of_the_main_language() -> None:
    mixed = LeafTexts(8, (*NURSES.texts[:3], *(("de", f"Ein Pfleger im Krankenhaus {i}") for i in range(5))))
    found = labels({"1": mixed, "2": BAKERS}, {"1": "de", "2": "en"})
    assert found["1"] == "krankenhaus, pfleger"


def test_forms_of_one_word_stand_once() -> None:
    teachers = leaf(*(f"Teachers and a teacher of teaching {i}" for i in range(5)))
    assert labels({"1": teachers, "2": BAKERS}, {"1": "en", "2": "en"})["1"].count("teach") == 1


def test_a_word_is_shown_with_its_neighbour_where_half_have_both() -> None:
    schools = leaf(*(f"A high school of {i}" for i in range(6)), "A school", "A school")
    found = labels({"1": schools, "2": BAKERS}, {"1": "en", "2": "en"})
    assert "high school" in found["1"].split(", ")
    apart = leaf(*(f"High in a school {i}" for i in range(6)))
    assert "high school" not in labels({"1": apart, "2": BAKERS}, {"1": "en", "2": "en"})["1"]


def test_a_mixed_cluster_is_named_after_its_parts() -> None:
    """Not after several words of the largest of them: eight monks of one monastery, six divers."""
    mixed = leaf(
        *(f"A monk of an abbey with vows of silence {i}" for i in range(8)), *(f"A diver {i}" for i in range(6))
    )
    found = labels({"1": mixed, "2": BAKERS}, {"1": "en", "2": "en"})["1"].split(", ")
    assert "diver" in found[:2]


def test_a_leafs_sample_weighs_as_much_as_the_leaf() -> None:
    few = leaf("a vet for cats", "a vet for cats", "a vet for cats", size=3000)
    many = leaf(*("a vet for dogs" for _ in range(30)))
    found = labels({"1.1": few, "1.2": many, "2": BAKERS}, dict.fromkeys(["1", "1.1", "1.2", "2"], "en"))
    assert found["1"].split(", ")[:2] == ["vet", "cats"]


@pytest.mark.parametrize(
    ("language", "texts", "word"),
    [
        ("zh", ["一位在医院工作的护士长", "一位退休的护士长", "一位热爱音乐的护士长"], "护士长"),
        ("ja", ["東京のエンジニア", "大阪のエンジニア", "若いエンジニア"], "エンジニア"),
        ("th", ["พยาบาลในโรงพยาบาล", "พยาบาลเด็ก", "พยาบาลกะดึก"], "พยาบาล"),
        ("ru", ["Медсестра в больнице", "Медсестра ночью", "Медсестра дома"], "медсестра"),
        ("ar", ["ممرضة في المستشفى", "ممرضة ليلية", "ممرضة أطفال"], "ممرضة"),
    ],
)
def test_scripts_have_words_of_their_own(language: str, texts: list[str], word: str) -> None:
    found = labels({"1": leaf(*texts, language=language), "2": BAKERS}, {"1": language, "2": "en"})
    assert any(part in word or word in part for part in found["1"].split(", ")), found["1"]
    assert all(len(part) > 1 for part in found["1"].split(", "))


def test_words_are_looked_for_in_a_bounded_text_and_stop_words_left_out() -> None:
    text = "The person who sells bread, and the baker’s son"
    assert [word for word in words_for_labels(text, "en") if word] == ["sells", "bread", "baker", "son"]
    assert terms_of(text, "en") == {"sells", "bread", "baker", "son", "sells bread"}
    assert terms_of("bread " * 10_000 + "late", "en") == {"bread", "bread bread"}
    assert "der" in stop_words("de")
    assert stop_words("xx") == frozenset()
