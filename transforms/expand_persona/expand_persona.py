"""ExpandPersona: who is in close relationship with a persona, hop after hop.

A hop asks only about personas that nobody earlier resembles: each near-identical one that is passed over is a call
saved, and so are all of its descendants. Who stays in the hub is decided later, over all hops at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.counting.stages import EXPAND_PERSONA
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.near_duplicates import BucketPersonas, Compared, NearDuplicates
from persona_hub.transforms.dedup.persona_rows import unpack_held
from persona_hub.transforms.expand_persona.stop_below_novelty import StopBelowNovelty
from persona_hub.transforms.expand_persona.unique_personas import Unique, UniquePersonas, ids_of
from persona_hub.transforms.filter_persona.filter_persona import Filtered, FilterPersona
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.llm.parsing import parse_json
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Request, Sampling
from persona_hub.transforms.prompts import Prompt, load_prompt
from persona_hub.transforms.records import HOP_LIMIT, DeadLetter, Persona, excerpt, persona_id
from persona_hub.transforms.similarity.ranks import rank_of
from persona_hub.transforms.wire.batches import Batch, batches

NOT_EXPANDED = "not-expanded-novelty"  # a count: who was not asked about since the hop had brought too little
PLACEHOLDERS = frozenset({"persona", "language"})
REQUIRED = frozenset({"persona"})
SCHEMA = (
    '{"type":"object","properties":{"relation":{"type":"string"},"persona":{"type":"string"}},'
    '"required":["relation","persona"],"additionalProperties":false}'
)
RELATION_CHARACTERS = 80


def prompt_of(prompt_dir: str = "") -> Prompt:
    """The prompt of this step, packaged or the user's own. Raises PromptError."""
    return load_prompt(EXPAND_PERSONA, PLACEHOLDERS, prompt_dir, REQUIRED)


PerHop = tuple[beam.PCollection[Batch[Persona]], ...]


class Expanded(NamedTuple):
    """All personas of all hops, and what did not become one.

    What is only looked at (counted, say) comes by hop: a runner that flattened it would hold all of it once more.
    """

    personas: beam.PCollection[tuple[int, Batch[Persona]]]  # unique, by block
    compared: tuple[Compared, ...]  # what the search for near-duplicates compares of them, and of what is held
    identical: PerHop  # those whose text another one had
    frontier: tuple[beam.PCollection[tuple[int, Batch[Persona]]], ...]  # the unique ones of all hops but the last
    asked: PerHop  # who was asked about
    passed_over: PerHop  # who was not, since somebody earlier resembles them
    not_expanded: PerHop  # who was not, since the hop that found them brought too little that is new
    generated: PerHop  # what the model gave, before the filter
    accepted: PerHop  # what passed the filter, beginning with those of hop 0
    dead_letters: beam.PCollection[Batch[DeadLetter]]


@dataclass(kw_only=True)
class ExpandPersona(beam.PTransform):
    """Personas of hop 0 -> those and their relations over `hops` hops, unique and by block.

    Applied to the new personas, or to a tuple: those, then by block the rows of what a hub has kept
    (`persona_rows.pack_held`), and what it has dropped.
    Nobody is asked about whom the hub holds, or who resembles one that it has kept. A hop that brings fewer new
    personas than `stop_below_novelty` for each answer is the last.
    """

    model: ModelConfig
    accept: FilterPersona  # what every new persona must pass
    blocks: int
    hops: int = 6
    per_persona: int = 1
    threshold: float = 0.9
    bucket_keys: str = "minhash"
    stop_below_novelty: float = 0.0
    prompt: Prompt = field(default_factory=prompt_of)
    sampling: Sampling = field(default_factory=Sampling)

    def __post_init__(self) -> None:
        if not 0 <= self.hops < HOP_LIMIT:
            raise ValueError(f"--expand_hops {self.hops}: must be from 0 to {HOP_LIMIT - 1}")
        if self.per_persona < 1:
            raise ValueError(f"--expand_per_persona {self.per_persona}: must be at least 1")
        self.worth = StopBelowNovelty(least=self.stop_below_novelty)

    def expand(self, personas: beam.PCollection[Any] | tuple[beam.PCollection[Any], ...]) -> Expanded:
        """The hops, unrolled: each asks about what the one before it found."""
        personas, kept, dropped = sides_of(personas)
        ids = [rows | "Ids held" >> beam.MapTuple(ids_held).with_output_types(tuple[int, bytes]) for rows in kept]
        ids += [rows | "Ids dropped" >> beam.MapTuple(ids_of).with_output_types(tuple[int, bytes]) for rows in dropped]
        buckets = BucketPersonas(threshold=self.threshold, bucket_keys=self.bucket_keys, blocks=self.blocks)
        compared: list[Compared] = [rows | "Bucket held" >> replace(buckets, new=False) for rows in kept]
        found: list[Unique] = [(personas, *ids) | "Hop 0" >> UniquePersonas(blocks=self.blocks)]
        compared.append(found[0].personas | "Bucket 0" >> replace(buckets))
        hops: list[Children] = []
        for hop in range(1, self.hops + 1):
            last = found[-1].personas
            ids.append(last | f"Ids {hop - 1}" >> beam.MapTuple(ids_of).with_output_types(tuple[int, bytes]))
            sides = {
                "last": (last,),
                "ids": tuple(ids),
                "compared": tuple(compared),
                "answers": tuple(one.generated for one in hops[-1:]),
            }
            hops.append(sides | f"Hop {hop}" >> OneHop(hop=hop, settings=self))
            found.append(hops[-1].unique)
            compared.append(found[-1].personas | f"Bucket {hop}" >> replace(buckets))
        nothing = personas.pipeline | "Nothing" >> beam.Create([], reshuffle=False)
        return Expanded(
            personas=[unique.personas for unique in found] | "Personas" >> beam.Flatten(),
            compared=tuple(compared),
            identical=tuple(unique.identical for unique in found),
            frontier=tuple(unique.personas for unique in found[:-1]),
            asked=tuple(hop.asked for hop in hops),
            passed_over=tuple(hop.passed_over for hop in hops),
            not_expanded=tuple(stopped for hop in hops for stopped in hop.not_expanded),
            generated=tuple(hop.generated for hop in hops),
            accepted=(personas, *(hop.accepted for hop in hops)),
            dead_letters=[nothing, *(dead for hop in hops for dead in hop.dead_letters)]
            | "DeadLetters" >> beam.Flatten(),
        )


def sides_of(given: Any) -> tuple[beam.PCollection[Any], Sequence[Any], Sequence[Any]]:
    """(the new personas, rows of what a hub has kept, what it has dropped); of each held one collection at most."""
    new, *held = [given] if isinstance(given, beam.PCollection) else given
    return new, held[:1], held[1:]


def ids_held(block: int, payload: bytes) -> tuple[int, bytes]:
    """The ids of a hub's rows, as `ids_of`."""
    return block, bytes.fromhex(unpack_held(payload).ids.tobytes().decode())


class Children(NamedTuple):
    """What one hop brings."""

    unique: Unique
    asked: beam.PCollection[Batch[Persona]]
    passed_over: beam.PCollection[Batch[Persona]]
    not_expanded: PerHop
    generated: beam.PCollection[Batch[Persona]]
    accepted: beam.PCollection[Batch[Persona]]
    dead_letters: tuple[beam.PCollection[Batch[DeadLetter]], ...]


@dataclass(kw_only=True)
class OneHop(beam.PTransform):
    """{"last": personas of the last hop, "ids": of all that is known, in collections, "compared": all of them for the
    search for near-duplicates, "answers": of the last hop} -> those of the next hop.
    """

    hop: int
    settings: ExpandPersona

    def expand(self, sides: Mapping[str, tuple[Any, ...]]) -> Children:
        """Passes over whom somebody earlier resembles, asks about the rest, filters and folds the answers."""
        own = self.settings
        near = sides["compared"] | "NearDuplicates" >> NearDuplicates(
            threshold=own.threshold, bucket_keys=own.bucket_keys, blocks=own.blocks, hop=self.hop - 1
        )
        frontier = (
            {"personas": sides["last"][0], "near": near}
            | "ByBlock" >> beam.CoGroupByKey()
            | "PassOver" >> beam.ParDo(PassOver()).with_outputs("passed_over", main="new")
        )
        worth = (frontier.new, *sides["answers"]) | "StopBelowNovelty" >> own.worth
        task = RelationTask(self.hop, own.per_persona, own.prompt, own.sampling)
        answers = worth.asked | "Generate" >> Generate(stage=EXPAND_PERSONA, task=task, model=own.model)
        filtered: Filtered = answers.results | "Filter" >> own.accept
        unique = (filtered.personas, *sides["ids"]) | "Unique" >> UniquePersonas(blocks=own.blocks)
        lost = (answers.dead_letters, filtered.dead_letters)
        return Children(
            unique, worth.asked, frontier.passed_over, worth.not_expanded, answers.results, filtered.personas, lost
        )


class PassOver(beam.DoFn):
    """One block's personas and the ranks that somebody earlier resembles -> those who are new; aside, the others."""

    def __init__(self) -> None:
        self.tally = Tally(EXPAND_PERSONA)

    def process(self, element: tuple[int, dict[str, Any]]) -> Iterator[Any]:
        """Batches in order of the ids."""
        _, sides = element
        near = {rank for ranks in sides["near"] for rank in ranks}
        new, passed_over = part(sides["personas"], near)
        self.tally.inc("passed-over", len(passed_over))
        yield from batches(new)
        for batch in batches(passed_over):
            yield beam.pvalue.TaggedOutput("passed_over", batch)


def part(groups: Iterable[Batch[Persona]], near: set[int]) -> tuple[list[Persona], list[Persona]]:
    """(the personas whose ranks are not in `near`, the others)."""
    new: list[Persona] = []
    passed_over: list[Persona] = []
    for group in groups:
        for persona in group:
            (passed_over if rank_of(persona) in near else new).append(persona)
    return new, passed_over


@dataclass(frozen=True)
class RelationTask:
    """Asks for `per_persona` relations of each persona."""

    hop: int
    per_persona: int
    prompt: Prompt
    sampling: Sampling

    def requests(self, persona: Persona) -> list[Request]:
        """The same question `per_persona` times, told apart by its number."""
        values = {"persona": persona.text, "language": persona.language}
        system, user = self.prompt.render(values)
        asked = Request(
            self.prompt.name, system, user, self.prompt.prompt_hash, self.sampling, SCHEMA,
            values=values, subject=persona.persona_id,
        )  # fmt: skip
        return [replace(asked, number=number) for number in range(self.per_persona)]

    def parse(self, persona: Persona, request: Request, completion: Completion, model: str) -> Persona:
        """The related persona. Raises MalformedAnswer where the answer holds none."""
        answer = parse_json(completion.text, SCHEMA, check_answer, self.prompt.user)
        text = " ".join(answer["persona"].split())
        return Persona(
            persona_id=persona_id(text),
            text=text,
            origin="relation",
            hop=self.hop,
            parent_id=persona.persona_id,
            relation=excerpt(" ".join(answer["relation"].split()), RELATION_CHARACTERS),
            document_id=persona.document_id,
            source=persona.source,
            language=persona.language,
            model=model,
            prompt_hash=request.prompt_hash,
        )

    def key(self, persona: Persona) -> str:
        """The persona that was asked about."""
        return persona.persona_id


def check_answer(answer: dict[str, Any]) -> None:
    """Raises MalformedAnswer for a persona or a relation without a word."""
    for name in ("persona", "relation"):
        if not answer[name].strip():
            raise MalformedAnswer(f"{name!r} is empty")
