"""A user's own use case: one YAML file, checked where it is read."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from persona_hub.transforms.llm.protocol import MalformedAnswer, Sampling
from persona_hub.transforms.synthesis.use_case import UseCase, UseCaseError
from persona_hub.transforms.synthesis.use_cases import load_use_case
from tests.material.personas import persona

CLOCKMAKER = persona("A clockmaker who restores tower clocks")


def own(tmp_path: Path, **changes: object) -> UseCase:
    """A use case from a file, with some entries changed, or left out if they are None."""
    entries: dict[str, object] = {
        "name": "riddle",
        "description": "riddle",
        "prompt": "You ask riddles.\n---\nFor $persona",
        "schema": {"type": "object", "properties": {"riddle": {"type": "string"}}, "required": ["riddle"]},
    }
    file = tmp_path / "riddle.yaml"
    file.write_text(json.dumps({key: value for key, value in (entries | changes).items() if value is not None}))
    return load_use_case(str(file))


def test_the_documented_file_works(examples: Path) -> None:
    use_case = load_use_case(str(examples / "use_case.yaml"))
    assert use_case.name == "interview_question"
    assert use_case.sampling == Sampling(temperature=0.9, max_tokens=400)
    answer = '{"question": "When did a clock stop you?", "reason": "It turns it round.", "minutes": 5}'
    assert use_case.read(answer) == "When did a clock stop you?\n\n(It turns it round.)"
    with pytest.raises(MalformedAnswer, match="'minutes' does not fit maximum: 60"):
        use_case.read(answer.replace("5}", "500}"))


def test_a_text_is_the_only_field_or_json_in_the_order_of_the_schema(tmp_path: Path) -> None:
    assert own(tmp_path).read('{"riddle": "What ticks?"}') == "What ticks?"
    assert own(tmp_path).read('{"z": 1, "a": 2, "riddle": "何?"}') == '{"riddle": "何?", "a": 2, "z": 1}'


def test_free_text_begins_with_its_prefix(tmp_path: Path) -> None:
    use_case = own(tmp_path, schema=None, output_prefix="Riddle:")
    assert use_case.read("Riddle: What ticks?\nAnd why?") == "What ticks?\nAnd why?"
    assert use_case.request(CLOCKMAKER).values["output_prefix"] == "Riddle:"
    with pytest.raises(MalformedAnswer, match="no line begins with 'Riddle:'"):
        use_case.read("What ticks?")


def test_the_form_of_ones_own_prompt_is_no_sample(tmp_path: Path) -> None:
    prompt = "You ask riddles.\n---\nFor $persona. Answer in this form:\nRiddle: the riddle, without its solution"
    use_case = own(tmp_path, schema=None, output_prefix="Riddle:", prompt=prompt)
    assert use_case.read("Riddle: What ticks?") == "What ticks?"
    for answer in ("Riddle: The riddle, without its solution.", "**Riddle:** The riddle without the solution"):
        with pytest.raises(MalformedAnswer, match="not filled in"):
            use_case.read(answer)
    use_case = own(tmp_path, prompt='You ask riddles.\n---\nFor $persona:\n{"riddle": "the riddle"}')
    with pytest.raises(MalformedAnswer, match="not filled in: 'THE RIDDLE!'"):
        use_case.read('{"riddle": "THE RIDDLE!"}')


def test_labels_may_be_shared_where_the_file_says_so(tmp_path: Path) -> None:
    assert own(tmp_path).stands_alone
    assert not own(tmp_path, stands_alone=False).stands_alone


def test_a_prompt_may_lie_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "my.txt").write_text("You ask.\n---\nFor $persona")
    assert own(tmp_path, prompt=None, prompt_file="my.txt").prompt.system == "You ask."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nmae": "x"}, "unknown key 'nmae'; there are name, description"),
        ({"name": None}, "name: missing"),
        ({"name": "../etc"}, "name: '../etc' must be lower-case letters"),
        ({"name": "math"}, "name: 'math' is the name of a packaged use case"),
        ({"description": 3}, "description: must be a text"),
        ({"prompt": None}, "give either prompt or prompt_file"),
        ({"prompt": None, "prompt_file": "nowhere.txt"}, "prompt_file: .*nowhere.txt: No such file"),
        ({"prompt": "no parts $persona"}, "prompt: no line '---'"),
        ({"prompt": "a\n---\nb"}, r"prompt: without \$persona"),
        ({"prompt": "a\n---\n$persona $text"}, r"unknown placeholder \$text"),
        ({"output_prefix": "x"}, "give either schema .* or output_prefix"),
        ({"schema": None}, "give either schema .* or output_prefix"),
        ({"schema": {"type": "array"}}, "schema: must be 'type: object'"),
        ({"schema": {"type": "object", "properties": {"a": {"type": "text"}}}}, r"schema: properties\.a\.type"),
        (
            {"schema": {"type": "object", "properties": {"a": {"$ref": "http://x/y"}}, "required": ["a"]}},
            "begin with #",
        ),
        ({"schema": {"type": "object", "properties": {"a": {}}}}, "schema: name the required properties"),
        ({"text": "$riddle $"}, "text: a '\\$' that begins no field"),
        ({"text": "$answer"}, r"text: \$answer is not one of the required properties"),
        ({"text": "$riddle", "schema": None, "output_prefix": "x"}, r"text: only a schema has \$fields"),
        ({"stands_alone": "no"}, "stands_alone: 'no' is neither true nor false"),
        ({"sampling": {"heat": 1}}, "sampling: unknown key 'heat'; there are temperature"),
        ({"sampling": {"temperature": "hot"}}, "sampling: temperature: 'hot' is not a number"),
        ({"sampling": {"temperature": -0.5}}, "sampling: temperature: -0.5 is not a number of 0 or more"),
        ({"sampling": {"max_tokens": 0}}, "max_tokens must be at least 1"),
        ({"sampling": [1]}, "sampling: must be a mapping"),
    ],
)
def test_a_wrong_entry_is_an_error_that_names_the_file_and_the_key(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(UseCaseError, match=message) as error:
        own(tmp_path, **changes)
    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [1", "line 1: "),
        (b"- 1", "not a mapping of name, description"),
        (b"", "not a mapping of name, description"),
        (b"\xff", "no UTF-8 at byte 0"),
        (b"!!python/object/apply:os.system ['true']", "could not determine a constructor"),
        (b"name: \x00", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_use_case_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    with pytest.raises(UseCaseError, match=message):
        load_use_case(str(file))
    with pytest.raises(UseCaseError, match=r"^use case nowhere\.yml: No such file"):
        load_use_case("nowhere.yml")


def test_a_file_as_a_user_writes_it(tmp_path: Path) -> None:
    (tmp_path / "advice.yml").write_text(
        dedent(
            """\
            # a comment
            name: advice
            description: a piece of advice
            prompt: |
              You are wise.
              ---
              <persona>
              $persona
              </persona>
              It costs $$5. Answer in $language.
            schema:
              type: object
              properties:
                tip: {type: string}
                why: {type: [string, "null"]}
                score: {type: number, minimum: 0, maximum: 1}
              required: [tip, score]
            text: "$tip ($score) for $$5"
            sampling: {temperature: 0.2, seed: 7}
            """
        )
    )
    use_case = load_use_case(str(tmp_path / "advice.yml"))
    request = use_case.request(CLOCKMAKER)
    assert (request.task, request.system) == ("advice", "You are wise.")
    assert request.prompt == f"<persona>\n{CLOCKMAKER.text}\n</persona>\nIt costs $5. Answer in en."
    assert request.sampling == Sampling(temperature=0.2, seed=7)
    assert use_case.read('{"tip": "Buy $5 oil.", "score": 0.5, "why": null}') == "Buy $5 oil. (0.5) for $5"
    with pytest.raises(MalformedAnswer, match="'score' does not fit maximum"):
        use_case.read('{"tip": "Buy oil.", "score": 1.5}')


@pytest.mark.parametrize(
    ("sampling", "wanted"),
    [
        (None, Sampling()),
        ({}, Sampling()),
        ({"max_tokens": 5}, Sampling(max_tokens=5)),
        ({"temperature": 0}, Sampling(temperature=0)),
        ({"top_p": 1}, Sampling(top_p=1)),
        ({"seed": 0}, Sampling(seed=0)),
    ],
)
def test_sampling_is_ours_but_for_what_is_named(tmp_path: Path, sampling: Any, wanted: Sampling) -> None:
    assert own(tmp_path, sampling=sampling).sampling == wanted


@pytest.mark.parametrize(
    ("sampling", "message"),
    [
        ({"seed": 1.5}, "seed: 1.5 is not a whole number"),
        ({"max_tokens": True}, "max_tokens: True is not a whole number"),
        ({"temperature": float("inf")}, "temperature: inf is not a number"),
        ({"temperature": float("nan")}, "temperature: nan is not a number"),
        ({"top_p": 1.2}, "top_p at most 1"),
    ],
    ids=str,
)
def test_sampling_that_no_backend_takes_is_an_error(tmp_path: Path, sampling: Any, message: str) -> None:
    entries = {"name": "riddle", "description": "r", "prompt": "a\n---\n$persona", "output_prefix": "R:"}
    words = json.dumps(entries | {"sampling": sampling}).replace("Infinity", ".inf").replace("NaN", ".nan")
    (tmp_path / "riddle.yaml").write_text(words)
    with pytest.raises(UseCaseError, match=message):
        load_use_case(str(tmp_path / "riddle.yaml"))


def test_the_hash_covers_the_prompt_and_nothing_else(tmp_path: Path) -> None:
    first = own(tmp_path).prompt.prompt_hash
    assert own(tmp_path, description="another").prompt.prompt_hash == first
    assert own(tmp_path, prompt="You ask riddles.\n---\nFor $persona!").prompt.prompt_hash != first


def test_fields_are_put_in_as_they_are(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a", "b"]}
    use_case = own(tmp_path, schema=schema, text="$a and ${b}s")
    assert use_case.read('{"a": " $b ${c} ", "b": ["ü", 1]}') == '$b ${c} and ["ü", 1]s'
    assert own(tmp_path, schema=schema).read('{"b": {"y": 1}, "a": "x"}') == '{"a": "x", "b": {"y": 1}}'
