"""Options of what is ordered of use cases: topic, difficulty, form, length, a world, checks of one's own."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.pipelines.cli.option import Options, option


@dataclass(frozen=True, kw_only=True)
class SettingOptions(Options):
    """What a use case is asked for; each flag is for the use cases that it names."""

    form: tuple[str, ...] = option(
        "of instruction: message, answer, conversation; of knowledge_text: prose, faq, table, tutorial; of tool: "
        "schema, implementation, calls; commas separate those of several use cases",
        (),
        many=True,
        metavar="FORM",
        of_hub=True,
        decides_if_given=True,
    )
    topic: str = option(
        "what math, logical_reasoning, instruction, knowledge_text and tool are to be about, in words",
        metavar="TEXT",
        of_hub=True,
        decides_if_given=True,
    )
    difficulty: str = option(
        "how hard math and logical_reasoning are to be, in words, such as 'for the last year of school'",
        metavar="TEXT",
        of_hub=True,
        decides_if_given=True,
    )
    answer_form: tuple[str, ...] = option(
        "form of the answer of math: number, percent, money, time, date, set, tuple, interval, relation, choice, "
        "expression; commas separate several",
        (),
        many=True,
        metavar="FORM",
        of_hub=True,
        decides_if_given=True,
    )
    family: tuple[str, ...] = option(
        "kind of logical_reasoning: deduction, ordering, truth_and_lies, spatial, sequence, constraint; commas "
        "separate several",
        (),
        many=True,
        metavar="KIND",
        of_hub=True,
        decides_if_given=True,
    )
    words: str = option(
        "length of knowledge_text, as 200-400: it is asked for, and what is shorter or longer is rejected",
        metavar="MIN-MAX",
        of_hub=True,
        decides_if_given=True,
    )
    world: str = option(
        "file with the lore of the world that characters of game_npc shall fit, up to 20,000 characters",
        metavar="FILE",
        of_hub=True,
        guarded=True,
        decides_if_given=True,
    )
    plugin: tuple[str, ...] = option(
        "checks in Python of installed packages, by the names of their entry points in persona_hub.checks; commas "
        "separate several",
        (),
        many=True,
        metavar="NAME",
        of_hub=True,
        guarded=True,
        decides_if_given=True,
    )
