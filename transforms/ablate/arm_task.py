"""ArmTask: the questions of all arms of an experiment, and the sample in an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from persona_hub.transforms.ablation.arms import Arm
from persona_hub.transforms.llm.protocol import Completion, Request
from persona_hub.transforms.records import Persona, Sample
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesize.sample_task import Candidate, SynthesizeTask

MOST_NUMBERS = 10_000  # questions about a persona in one arm; those of another arm have numbers of their own


@dataclass(frozen=True)
class ArmPersona(Candidate):
    """A persona as one arm asks about it."""

    arm: str


@dataclass(frozen=True)
class ArmPersonas:
    """An arm and whom it asks about, in order: question q is number q // n about persona q % n of n."""

    arm: Arm
    personas: tuple[Persona, ...]

    def question(self, q: int) -> ArmPersona:
        """The persona of a question, with the number of the answer that is wanted."""
        number, place = divmod(q, len(self.personas))
        persona = self.personas[place]
        return ArmPersona(**vars(persona), numbers=(self.first_number + number,), arm=self.arm.name)

    @property
    def first_number(self) -> int:
        """Equal questions of two arms want different answers: a shared one would make the arms alike."""
        return self.arm.seed % MOST_NUMBERS * MOST_NUMBERS

    @property
    def places(self) -> dict[str, int]:
        """{id of a persona: its place}."""
        return {persona.persona_id: place for place, persona in enumerate(self.personas)}


def use_case_of(name: str, arm: Arm) -> str:
    """What samples of an arm name as their use case: a folder of their own.

    >>> from persona_hub.transforms.ablation.arms import parse_arm
    >>> use_case_of("math", parse_arm("hub:100"))
    'math_hub_100'
    """
    return f"{name}_{arm.slug}"


@dataclass(frozen=True, kw_only=True)
class ArmTask(SynthesizeTask):
    """ArmPersona -> its question; answer -> Sample that names its arm."""

    forms: Mapping[str, UseCase] = field(default_factory=dict)  # {arm: how it asks}, of those that ask in another form
    names: Mapping[str, str] = field(default_factory=dict)  # {arm: use case of its samples}

    def requests(self, persona: Persona) -> list[Request]:
        """One question for each number."""
        assert isinstance(persona, ArmPersona)
        return self.of_arm(persona).requests(persona)

    def parse(self, persona: Persona, request: Request, completion: Completion, model: str) -> Sample:
        """The sample in an answer. Raises MalformedAnswer."""
        assert isinstance(persona, ArmPersona)
        sample = self.of_arm(persona).parse(persona, request, completion, model)
        return replace(sample, use_case=self.names[persona.arm])

    def key(self, persona: Persona) -> str:
        """Use case of the arm's samples, and id of the persona: a dead letter must say which arm lost it."""
        assert isinstance(persona, ArmPersona)
        return f"{self.names[persona.arm]} {persona.persona_id}"

    def owner(self, key: str) -> tuple[str, str]:
        """The two parts of a key."""
        name, _, persona_id = key.rpartition(" ")
        return name, persona_id

    def of_arm(self, persona: ArmPersona) -> SynthesizeTask:
        """The task as the persona's arm has it."""
        use_case = self.forms.get(persona.arm, self.use_case)
        return SynthesizeTask(use_case=use_case, samples_per_persona=1, sampling=self.sampling)


def by_use_case(arms: Sequence[ArmPersonas], name: str) -> dict[str, ArmPersonas]:
    """{use case of its samples: arm}."""
    return {use_case_of(name, one.arm): one for one in arms}
