"""English personas: the head of the phrase that says who somebody is decides."""

from __future__ import annotations

import pytest

from persona_hub.transforms.attributes import UNSPECIFIED, TextAttributes, read_attributes

OCCUPATIONS = [
    ("A nurse who treats teachers", "2221"),
    ("An experienced heavy-equipment operator, known for safety", "8342"),
    ("A director of marketing at a bank", "1221"),
    ("Jordan Reynolds is a high-performing insurance sales agent who exceeds targets.", "3321"),
    ("Tom Baker is a lawyer from Leeds", "2611"),  # and no baker
    ("Tom Baker, a lawyer", "2611"),
    ("A resident of the city of Burton who works as an accountant", "2411"),
    ("Someone who loves maps and works as a truck driver", "8332"),
    ("a software engineer with expertise in DLL handling.", "2512"),
    ("A nurse and amateur actor", "2221"),
    ("A retired carpenter turned novelist", "2641"),
    ("A photographer trying to sell prints", "3431"),
    ("As a librarian, I read all day.", "2622"),
    ("Ann works nights as a bus driver in Leeds.", "8331"),
    ("Tom earns a modest living in Peru as a welder.", "7212"),
    ("For nine years Ann has worked as a plumber.", "7126"),
    ("Tom left the army and became a baker.", "7512"),
    ("A midwife close to her family", "2222"),
    ("A 37-year-old dental hygienist training for a race", "3251"),
    ("A gentle, modest, quiet welder", "7212"),
    ("An astronomer father who tells stories", "2111"),
    ("A chess fanatic and librarian", "2622"),
    ("An IT manager who likes fish", "1330"),
]
NO_OCCUPATION = [
    "A fan of the actor",
    "A teenager who wants to become a doctor",
    "The daughter of a farmer",
    "An aspiring actor",
    "A former police officer",
    "A student nurse",
    "A person married to a judge",
    "My grandfather was a welder; I like old photographs.",
    "I paint. My husband is a judge.",
    "Once a librarian, she now sails.",
    "As a child, I won a bee.",
    "I am a mother of three and cannot wait to get a job as a nurse.",
    "A man whose brother works as a plumber",
    "A group of teachers",
    "The teacher's neighbour",
    "A person who never worked as a nurse",
    "",
    "?!",
]


@pytest.mark.parametrize(("text", "unit"), OCCUPATIONS)
def test_the_head_says_the_occupation(text: str, unit: str) -> None:
    read = read_attributes(text, "en")
    assert (read.occupation_unit, read.occupation) == (unit, unit[0])


@pytest.mark.parametrize("text", NO_OCCUPATION)
def test_what_others_do_is_no_occupation(text: str) -> None:
    assert read_attributes(text, "en").occupation == UNSPECIFIED


def test_a_title_that_says_no_unit_says_a_major_group() -> None:
    read = read_attributes("A teacher in a small town", "en")
    assert (read.occupation, read.occupation_unit) == ("2", UNSPECIFIED)


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("A Finnish airline pilot", "FI"),
        ("A nurse from a small village in Kenya", "KE"),
        ("An Indian software engineer based in Berlin", "DE"),
        ("A Toronto-based chef", "CA"),
        ("I live in Ghana with my husband and two dogs.", "GH"),
        ("Ann was born in Chile but has lived in Texas for years.", "US"),
        ("A tailor who moved from Ghana to Sweden", "SE"),
        ("A cook who lives on the outskirts of the capital of Latvia", "LV"),
        ("She has lived all her life in a small village in Bavaria, Germany.", "DE"),
        ("Ann, who works as a cook in a port of Peru", "PE"),
        ("A Boston bus driver", "US"),
        ("A librarian from Ocean County, NJ", "US"),
        ("A proud, quiet Czech poet", "CZ"),
        ("A Tongan fan of rugby", "TO"),
        ("A South Korean film director", "KR"),
        ("A chemist, living in the north of Spain", "ES"),
        ("A teacher in New Mexico", "US"),
        ("An American who collects stamps", "US"),
    ],
)
def test_where_somebody_lives_or_comes_from_is_the_country(text: str, country: str) -> None:
    assert read_attributes(text, "en").country == country


@pytest.mark.parametrize(
    "text",
    [
        "A French teacher",
        "An Afghan Hound breeder",
        "An Italian restaurant owner",
        "A historian focusing on Iraq's political history",
        "A chef interested in France",
        "A trader who imports spices from India",
        "A nurse who wants to live in Japan",
        "A person whose parents live in Peru",
        "A teacher in nice weather",
        "A Latin American poet",
        "A friend who wept when he moved to Ghana",
        "A cook on the Boston Bruins' team bus",
        "A Boston Bruins coach",
    ],
)
def test_other_places_are_no_country(text: str) -> None:
    assert read_attributes(text, "en").country == UNSPECIFIED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A retired teacher", TextAttributes("2", seniority="retired")),
        ("A chef with fifteen years of experience", TextAttributes("3", "3434", "senior")),
        ("A plumber with 2 years of experience", TextAttributes("7", "7126", "junior")),
        ("A cashier with five years on the job", TextAttributes("5", "5230", "mid")),
        ("The CEO of a bakery", TextAttributes("1", "1120", "lead")),
        ("A senior citizen who paints", TextAttributes(life_stage="older adult")),
        ("A high school senior", TextAttributes(seniority="student", life_stage="teenager", education="secondary")),
        ("A PhD student", TextAttributes(seniority="student", education="doctorate")),
        ("A mother of an 8-year-old boy", TextAttributes()),
        ("A 34-year-old dentist", TextAttributes("2", "2261", life_stage="adult")),
        ("Ann Lee, 71, works as a librarian", TextAttributes("2", "2622", life_stage="older adult")),
        ("A welder in his late forties", TextAttributes("7", "7212", life_stage="adult")),
        ("A judge with a master's degree", TextAttributes("2", "2612", education="master")),
        ("A barber without a bachelor's degree", TextAttributes("5", "5141")),
        ("An experienced hiker", TextAttributes()),
        ("I am an only child and work as a welder", TextAttributes("7", "7212")),
        ("A nail polish fan in the 70s", TextAttributes()),
        ("A mother of three", TextAttributes()),
        ("A cook of five", TextAttributes("5", "5120")),
        ("A boy of nine who fishes", TextAttributes(life_stage="child")),
        ("Ann is forty-six, single, and works as a judge.", TextAttributes("2", "2612", life_stage="adult")),
        ("A cook, aged 58, who sings", TextAttributes("5", "5120", life_stage="adult")),
        ("An elderly couple's cook", TextAttributes("5", "5120")),
        ("A teenage sailor's friend", TextAttributes()),
        ("A sociology major", TextAttributes(seniority="student", life_stage="young adult", education="bachelor")),
        ("A graduate chemistry student", TextAttributes(seniority="student", education="master")),
        (
            "A ninth-grade student who runs",
            TextAttributes(seniority="student", life_stage="teenager", education="secondary"),
        ),
        ("An intern at a museum", TextAttributes(seniority="junior")),
        ("A pensioner who bakes", TextAttributes(seniority="retired", life_stage="older adult")),
        ("A cook working toward a doctorate", TextAttributes("5", "5120", education="doctorate")),
        ("Ann has been a cook for the past six years.", TextAttributes("5", "5120", "mid")),
        ("A cook with more than 12 years of experience", TextAttributes("5", "5120", "senior")),
        ("A cook close to retirement", TextAttributes("5", "5120", "senior")),
        ("A sustainability director", TextAttributes("1", seniority="lead")),
        ("A film director", TextAttributes("2", "2654")),
        ("At 57, Ann still enjoys her job as a bus driver", TextAttributes("8", "8331", life_stage="adult")),
    ],
)
def test_seniority_stage_and_education(text: str, expected: TextAttributes) -> None:
    assert read_attributes(text, "en") == expected
