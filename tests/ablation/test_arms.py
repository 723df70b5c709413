"""The arms: what names mean, who is drawn, and how a model is asked for several answers."""

from __future__ import annotations

import json

import pytest

from persona_hub.transforms.ablation.arms import Arm, draw, listed_personas, own_personas, parse_arm, parse_arms
from persona_hub.transforms.ablation.verbalised import verbalised
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.records import Persona, persona_id
from persona_hub.transforms.synthesis.use_cases import load_use_case


def persona(i: int, hop: int = 0) -> Persona:
    text = f"A person with the number {i}."
    return Persona(persona_id(text), text, "text", hop, "", "write", "", "", "en", "m", "p")


HUB = [persona(i, hop=i % 3) for i in range(300)]


def test_names_of_arms() -> None:
    assert parse_arm("hub:100") == Arm("hub:100", "hub", 100)
    assert parse_arm("hop:6") == Arm("hop:6", "hop", 0, 6)
    assert parse_arm("hop:0:50") == Arm("hop:0:50", "hop", 50, 0)
    assert [arm.name for arm in parse_arms(["none", "few", "none", "diverse:9"])] == ["none", "few", "diverse:9"]
    assert [parse_arm(name).fixed for name in ("none", "few", "one", "hub", "diverse:5")] == [True] * 3 + [False] * 2
    for wrong in ("hub:0", "hub:", "hop", "hop:9", "diverse", "nobody", "hub:10:3", ""):
        with pytest.raises(InvalidInputError, match="no such arm"):
            parse_arm(wrong)
    with pytest.raises(InvalidInputError, match="two different ones at least"):
        parse_arms(["none", "none"])


def test_lists_hold_what_they_are_named_for() -> None:
    assert [len(own_personas(parse_arm(name))) for name in ("none", "few", "occupations", "coarse")] == [1, 10, 11, 40]
    assert own_personas(parse_arm("verbalised")) == own_personas(parse_arm("none"))
    words = {name: len(str(listed_personas()[name]).split()) for name in ("none", "none_long")}
    assert words["none"] < 8 <= words["none_long"] <= 18  # as four of five of PersonaHub's


def test_drawn_by_hash_whatever_the_order() -> None:
    arms = parse_arms(["hub:20", "hub:40", "hop:1:10", "one", "few", "hub"])
    drawn = draw(arms, HUB, 50)
    assert drawn == draw(arms, reversed(HUB), 50)
    assert {name: len(found) for name, found in drawn.items()} == {
        "hub:20": 20, "hub:40": 40, "hop:1:10": 10, "one": 1, "few": 10, "hub": 50,
    }  # fmt: skip
    assert {one.hop for one in drawn["hop:1:10"]} == {1}
    shared = set(drawn["hub:20"]) & set(drawn["hub:40"])
    assert len(shared) < 10  # by chance 20 * 40 / 300
    assert draw(arms, HUB, 50, seed=1)["hub:20"] != drawn["hub:20"]
    assert drawn["hub:20"] == draw(parse_arms(["none", "hub:20"]), HUB, 70)["hub:20"]


def test_a_hub_that_is_too_small() -> None:
    with pytest.raises(InvalidInputError, match="hub:400: the hub has 300 personas"):
        draw(parse_arms(["none", "hub:400"]), HUB, 50)
    with pytest.raises(InvalidInputError, match="hop:5: the hub has 0 personas at hop 5"):
        draw(parse_arms(["none", "hop:5"]), HUB, 50)
    assert len(draw(parse_arms(["none", "hub"]), HUB, 5000)["hub"]) == 300  # all there are, several samples of each


def answers(*problems: str) -> str:
    each = [{"problem": text, "solution": "print(1)", "answer": "1"} for text in problems]
    return json.dumps({"answers": [{"probability": 0.5, "answer": one} for one in each]})


def test_verbalised_sampling_takes_one_answer_of_a_call() -> None:
    use_case = verbalised(load_use_case("math"))
    taken = {use_case.read(answers(f"How many are {i} apples?", f"How many are {i} pears?")) for i in range(20)}
    assert len({"apples" in text for text in taken}) == 2
    with pytest.raises(MalformedAnswer, match="empty"):
        use_case.read('{"answers": []}')
    with pytest.raises(MalformedAnswer):
        use_case.read(answers(""))


def test_verbalised_sampling_asks_for_five_in_the_form_of_one() -> None:
    single = load_use_case("math")
    asked, once = verbalised(single).request(persona(1)), single.request(persona(1))
    assert asked.prompt.startswith(once.prompt)
    assert "5 answers that are independent" in asked.prompt
    assert asked.prompt_hash != once.prompt_hash
    assert asked.sampling.max_tokens == 5 * once.sampling.max_tokens
    item = json.loads(asked.schema)["properties"]["answers"]["items"]
    assert item["properties"]["answer"] == json.loads(once.schema)
