"""Seniority, life stage and education of a text's person."""

from __future__ import annotations

from persona_hub.transforms.attributes.ages import seniority_of_years, stage_of_age
from persona_hub.transforms.attributes.lexicon import Hit
from persona_hub.transforms.attributes.reading import Reading
from persona_hub.transforms.attributes.text_attributes import LIFE_STAGES

RETIRED, STUDENT, LEAD, JUNIOR = "retired", "student", "lead", "junior"
STAGE_OF_STUDENTS = {"primary": "child", "secondary": "teenager", "bachelor": "young adult"}
POSSESS_WORDS = 4  # between "holds" and a degree
STAGES_OF_THINGS = ("young adult", "child")  # said of a company, a garden, too
DECADE_WORDS = 4  # between "in" and "forties"


def in_frames(reading: Reading, kind: str) -> list[Hit]:
    """The hits of a kind in the noun phrases of the person, outside of their heads."""
    return [
        hit
        for frame in reading.frames
        for hit in reading.hits[kind]
        if frame.start <= hit.start
        and hit.end <= frame.end
        and (hit.end <= frame.head.start or hit.start >= frame.head.end)
    ]


def seniority(reading: Reading) -> str:
    """A value of SENIORITIES, or "": retired before student before lead before the rest."""
    person = reading.person
    found = [hit.value for hit in in_frames(reading, "seniority")]
    career = [hit.value for hit in reading.hits["career"] if reading.own(hit.start)]
    if RETIRED in found or RETIRED in career or (person and person.value == RETIRED):
        return RETIRED
    if person and person.value == JUNIOR:  # a noun: "an intern"
        return JUNIOR
    if person and not reading.title:
        return STUDENT if person in reading.students else ""
    leads = {hit.end for hit in reading.hits["leads"]}
    if LEAD in found or any(frame.head.end in leads for frame in reading.frames):
        return LEAD
    if not reading.title:
        return ""
    if found:
        return found[0]
    return by_experience(reading) or (career[0] if career else "")


def by_experience(reading: Reading) -> str:
    """The seniority of the years of experience that a text tells of the person."""
    for pattern in reading.lexicon.experience if reading.is_numbered else ():
        if (match := pattern.search(reading.joined)) and reading.own(reading.word_at(match.start())):
            said, number = match.groupdict(), reading.lexicon.number
            return seniority_of_years(number(said["n"]) if said.get("n") else 10 * number(said["d"]))
    return ""


def life_stage(reading: Reading) -> str:
    """A value of LIFE_STAGES, or ""."""
    person = reading.person
    if stage := by_age(reading):
        return stage
    for hit in reading.hits["decades"]:
        near = reading.words[max(0, hit.start - DECADE_WORDS) : hit.start]
        places = [n for n, word in enumerate(near) if word in reading.sets["decade_before"]]
        if hit.start in reading.ends:  # "ein Mann Mitte fünfzig"
            return hit.value
        if places and reading.own(hit.start - len(near) + places[0] - 1):
            return hit.value
    stages = [hit for hit in in_frames(reading, "stages") if not is_of_another(reading, hit)]
    if stages and (reading.title or person or stages[0].value not in STAGES_OF_THINGS):
        return stages[0].value
    if person and person in reading.students:
        return STAGE_OF_STUDENTS.get(person.value, "")
    if person and person.value == RETIRED:  # a noun: "a pensioner"
        return LIFE_STAGES[-1]
    return person.value if person and person.value in LIFE_STAGES else ""


def is_of_another(reading: Reading, hit: Hit) -> bool:
    """Whether a word goes with somebody in the genitive before the head: "an elderly couple's neighbour"."""
    frame = next(one for one in reading.frames if one.start <= hit.start and hit.end <= one.end)
    return any(word.endswith("'s") for word in reading.words[hit.end : frame.head.start])


def by_age(reading: Reading) -> str:
    """The life stage of an age that the text tells of the person."""
    if reading.is_numbered or any(word in reading.joined for word in reading.lexicon.age_words):
        for pattern in reading.lexicon.ages:
            for match in pattern.finditer(reading.joined):
                start = reading.word_at(match.start("n"))
                stage = stage_of_age(reading.lexicon.number(match["n"]))
                if reading.title and stage == LIFE_STAGES[0]:
                    continue  # no child has an occupation: "a captain of five"
                if match.re.pattern.startswith("^") or is_of_person(reading, start):
                    return stage
    return ""


def is_of_person(reading: Reading, start: int) -> bool:
    """Whether an age is the person's."""
    if any(frame.start <= start < frame.end for frame in reading.frames):
        return True
    before = reading.words[start - 1] if start else ""
    if before in reading.sets["of"] and not reading.sets["kin"].isdisjoint(reading.words[start - 2 : start - 1]):
        return False  # "a mother of two"
    marked = reading.words[start - 2 : start - 1] == [","] and start - 2 in reading.ends  # "a cook , aged 58"
    near = start in reading.ends or start - 1 in reading.ends or marked or before in reading.sets["age_before"]
    return near and reading.own(start)


def education(reading: Reading) -> str:
    """A value of EDUCATIONS, or "": what is held or being studied for; the highest that is named."""
    person = reading.person
    found = [person.value] if person and person in reading.students else []
    if found and (levels := [hit.value for hit in reading.hits["levels"] if is_level(reading, hit)]):
        found = levels  # "a graduate chemistry student"
    found += [hit.value for hit in in_frames(reading, "degrees")]
    for hit in reading.hits["degrees"]:
        near = reading.words[max(0, hit.start - POSSESS_WORDS) : hit.start]
        if any(word in reading.sets["possess"] for word in near) and reading.own(hit.start):
            found.append(hit.value)
    found += [hit.value for hit in reading.hits["educated"] if reading.own(hit.start)]
    return max(found, key=EDUCATIONS_BY_ORDER.index, default="")


def is_level(reading: Reading, hit: Hit) -> bool:
    """Whether a word before a student says of which level."""
    return any(
        frame.start <= hit.start and hit.end < frame.head.end
        for frame in reading.frames
        if frame.head == reading.person
    )


EDUCATIONS_BY_ORDER = ["", "primary", "secondary", "vocational", "bachelor", "master", "doctorate"]
