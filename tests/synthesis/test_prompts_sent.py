"""What a model is sent, word for word: the data of each use case between its tags, then the question."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_hub.transforms.expand_persona.relation_task import RelationTask, expand_prompt
from persona_hub.transforms.extract_persona.extract_persona import ExtractTask, extract_prompt
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.records import Document, content_id
from persona_hub.transforms.synthesis.use_cases import load_use_case
from tests.material.personas import persona

NURSE = persona("Eine Nachtschwester, die ihren Patienten vorliest", language="de")
SHOWN = f"<persona>\n{NURSE.text}\n</persona>"
IN_GERMAN = "Write in the language of the persona (its ISO 639 code: de).\n"
FORM = "Answer with one JSON object and nothing else, of this form:\n"
PROMPTS_SENT = {
    "math": (
        f"{SHOWN}\n\nWrite one mathematics problem for this persona, the program that solves it, and its answer.\n"
        f"{IN_GERMAN}{FORM}"
        '{"problem": "the whole problem", "solution": "the Python program that computes the answer and prints it", '
        '"answer": "the final result alone, with its unit"}'
    ),
    "logical_reasoning": (
        f"{SHOWN}\n\nWrite one logic puzzle for this persona, its program, and its answer.\n{IN_GERMAN}{FORM}"
        '{"problem": "the whole puzzle, with the question at its end", '
        '"program": "the Python program with worlds(), holds(world) and answer(world)", '
        '"answer": "the answer alone, as short as can be"}'
    ),
    "instruction": (
        f"{SHOWN}\n\nWrite one message that this persona would send to an assistant.\n{IN_GERMAN}{FORM}"
        '{"instruction": "the message, word for word"}'
    ),
    "knowledge_text": (
        f"{SHOWN}\n\nWrite one informative article with the knowledge of this persona.\n{IN_GERMAN}{FORM}"
        '{"title": "a title that names the subject", "text": "the whole article"}'
    ),
    "game_npc": (
        f"{SHOWN}\n\nDesign one non-player character from this persona.\n{IN_GERMAN}{FORM}"
        '{"name": "the name of the character, with its epithet or trade", '
        '"role": "what the character is in its world", "background": "its past, its wish and its fear", '
        '"look": "how it looks, and where it is found", "dialogue": ["what it says to a stranger", '
        '"what it says of its own matter", "what it says when it is crossed"], '
        '"quest_hook": "what begins with it, and what players can gain"}'
    ),
    "tool": (
        f"{SHOWN}\n\nDescribe one tool for this persona.\n"
        f"The language of the persona has the ISO 639 code de.\n{FORM}"
        '{"name": "verb_and_object", "description": "what the function does and gives back", '
        '"parameters": {"type": "object", "properties": {"parameter_name": {"type": "string", '
        '"description": "what the parameter is"}}, "required": ["parameter_name"]}}'
    ),
}


@pytest.mark.parametrize("name", PROMPTS_SENT)
def test_the_question_of_each_use_case(name: str) -> None:
    request = load_use_case(name).request(NURSE)
    assert request.prompt == PROMPTS_SENT[name]
    assert "$" not in request.system
    assert NURSE.text not in request.system  # what the system part says does not depend on untrusted text


def test_examples_come_before_the_persona(tmp_path: Path) -> None:
    (tmp_path / "few.jsonl").write_text('{"synthesized text": "What is 2 + 2?", "input persona": "A child"}\n')
    prompt = load_use_case("math", "", str(tmp_path / "few.jsonl")).request(NURSE).prompt
    lead, rest = prompt.split("<example>", 1)
    assert lead.startswith("Here are examples of what is wanted.")
    assert rest == f"\n<persona>\nA child\n</persona>\nWhat is 2 + 2?\n</example>\n\n{PROMPTS_SENT['math']}"


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [("same", "Write the persona in the document's own language."), ("fr", "Write the persona in the language 'fr'.")],
)
def test_the_question_about_a_document(wanted: str, sentence: str) -> None:
    text = "Das Hospiz öffnet um sechs."
    task = ExtractTask(
        prompt=extract_prompt(), personas_per_document=1, persona_language=wanted, sampling=Sampling(seed=3)
    )
    [request] = task.requests(Document(content_id(text), text, "u", "de", "f", "line 1"))
    assert request.prompt == (
        f"<document>\n{text}\n</document>\n\n"
        f"Who is likely to {request.values['ask']} this document? Describe one such person, as specifically as the "
        f'document allows.\n{sentence}\n{FORM}{{"persona": "the persona, in one or two sentences"}}'
    )
    assert request.sampling == Sampling(seed=3)


def test_the_question_about_a_relation() -> None:
    [request] = RelationTask(1, 1, expand_prompt(), Sampling()).requests(NURSE)
    assert request.prompt == (
        f"{SHOWN}\n\nWho is in close relationship with this persona? Describe one such person.\n"
        "Write in the language of the persona above (its ISO 639 code: de).\n"
        'Answer with one JSON object and nothing else, of this form; "relation" is what the new person is to the '
        'given one, in one to five words:\n{"relation": "apprentice", "persona": "the new persona, in one or two '
        'sentences"}'
    )


def test_two_samples_of_a_persona_are_told_apart_by_their_number_alone() -> None:
    first, second = (load_use_case("tool").request(NURSE, number) for number in (0, 1))
    assert (first.prompt, first.system, first.prompt_hash) == (second.prompt, second.system, second.prompt_hash)
    assert first != second
