"""A hub with clusters, and samples of every use case with fields, proofs, rejected ones and texts to be wary of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from persona_hub.transforms.hub.manifest import Manifest, RunManifest
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.records import Cluster, Member, Persona, Proof, Rejected, Sample, persona_id
from persona_hub.transforms.wire.batches import Batch

VERSION, RUN = "0001-aa", "0001-aa-11"
HOSTILE = "a keeper of | pipes\n# <script>alert(1)</script> \u202e``` '---' [x](http://evil) --- {{ bees }} عسل 🐝"
LABELS = {"1": "bees, honey | <b>", "2": "doctor, patient"}
LEAVES = ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "2.4", "2.5"]
PERSONAS = [
    Persona(persona_id(t), t, "text", i % 3, "", "read", f"{i:032}", f"https://a.org/{i}", "en", "m", "abc")
    for i, t in enumerate([HOSTILE, *(f"a keeper of {n} bees" for n in range(47))])
]
CLUSTER_OF = {one.persona_id: LEAVES[i % len(LEAVES)] for i, one in enumerate(PERSONAS)}
PARAMETERS = {"llm": "openai:m", "temperature": 0.7, "seed": 0, "output": "/secret/place", "llm_base_url": "http://in"}
FUNCTION = {
    "name": "count_bees",
    "description": "Counts bees.",
    "parameters": {"type": "object", "properties": {"hive": {"type": "string"}}, "required": ["hive"]},
}
OTHER = {**FUNCTION, "name": "weigh", "parameters": {"type": "object", "properties": {"kilograms": {"type": "number"}}}}


def sample(persona: Persona, use_case: str, fields: dict[str, Any] | None, text: str, **more: Any) -> Sample:
    """A sample of a persona."""
    said = json.dumps(fields, ensure_ascii=False) if fields is not None else ""
    known = {"number": 0, "input_tokens": 10, "output_tokens": 20} | more
    description = {"math": "math problem", "tool": "tool development"}.get(use_case, use_case)
    return Sample(persona.persona_id, persona.text, use_case, text, description, "m", "abc", fields=said, **known)


def math(persona: Persona, n: int, answer: int | None = None, **more: Any) -> Sample:
    """A problem with its program."""
    problem, stated = f"How many legs have {n} bees of {persona.text[:18]}?", 6 * n if answer is None else answer
    fields = {"problem": problem, "solution": f"print({n} * 6)", "answer": str(stated)}
    proof = Proof("program", f"print({n} * 6)", f"{6 * n}", 1)
    return sample(persona, "math", fields, f"{problem}\n\nAnswer: {stated}", **{"proof": proof, **more})


def samples_of_all() -> dict[str, list[Sample]]:
    """Samples of the six use cases and of one of a user's own, for each persona."""
    found: dict[str, list[Sample]] = {}
    for n, one in enumerate(PERSONAS):
        puzzle = {"problem": f"Who of {n} sits left?", "answer": "Ada", "program": "print('Ada')"}
        asks = {"instruction": f"Write {n} lines on honey.", "answer": "Honey is sweet, and bees make it."}
        turns = {
            "turns": [
                {"role": "user", "text": f"Tell me of hive {n}."},
                {"role": "assistant", "text": "It hums."},
                {"role": "user", "text": "Why?"},
                {"role": "assistant", "text": "Wings."},
            ],
        }
        article = {"title": f"On hive {n}", "text": f"A hive of {n} frames hums all summer long in the old orchard."}
        npc = {"name": "Ilka", "role": "guard", "dialogue": ["Halt!", f"Hive {n}?"]}
        function = FUNCTION if n % 2 else OTHER
        call = {"hive": f"h{n}"} if n % 2 else {"kilograms": n + 0.5}
        tool = {**function, "calls": [{"request": f"And {n}?", "arguments": call}]}
        own = {"question": f"What is {n} in Latin?", "response": "Nescio."}
        for use_case, fields, text in (
            ("logical_reasoning", puzzle, f"Who of {n} sits left?\n\nAnswer: Ada"),
            ("instruction", turns if n % 3 == 0 else asks, f"Write {n} lines on honey."),
            ("knowledge_text", article, f"Title: {article['title']}\n\n{article['text']}"),
            ("game_npc", npc, json.dumps(npc)),
            ("tool", tool, json.dumps(tool)),
            ("latin", own, f"What is {n} in Latin? Nescio."),
        ):
            found.setdefault(use_case, []).append(sample(one, use_case, fields, text))
        found.setdefault("math", []).append(math(one, n))
    return found


def rejected_of_math() -> list[Rejected]:
    """Of every second persona one that answers its question wrongly; of every third one of another question."""
    wrong = [Rejected.of(math(one, n, 7, number=1), "program-disagreed", "6 | 7") for n, one in enumerate(PERSONAS)]
    other = [Rejected.of(math(one, n + 99, 7, number=2), "too-short", "") for n, one in enumerate(PERSONAS)]
    copies = [Rejected.of(math(one, n, number=3), "near-duplicate-sample", "") for n, one in enumerate(PERSONAS)]
    return [*wrong[::2], *other[::3], *copies]


def write_hub(output: str, version: str = VERSION) -> None:
    """The hub without samples."""
    members = [Member(one.persona_id, CLUSTER_OF[one.persona_id]) for one in PERSONAS]
    clusters = [
        Cluster(path, path.count(".") + 1, LABELS.get(path, path), "en", 6, '{"en": 6}', "", 48, 0, b"")
        for path in ("1", "2", *LEAVES)
    ]
    entries = [
        write_shard(output, f"hub/{version}", "personas-0", Persona, "avro", [Batch(sorted_by_id(PERSONAS))]),
        write_shard(output, f"hub/{version}", "members-0", Member, "avro", [Batch(sorted_by_id(members))]),
        write_shard(output, f"hub/{version}", "clusters-0", Cluster, "avro", [Batch(clusters)]),
    ]
    publish(output, Manifest(version=version, fingerprint="aa"), entries, {})


def sorted_by_id(rows: Iterable[Any]) -> list[Any]:
    """Rows of personas in the order of a table."""
    return sorted(rows, key=lambda row: row.persona_id)


def write_run(
    output: str, use_case: str, samples: Sequence[Sample], rejected: Sequence[Rejected] = (), **more: Any
) -> None:
    """A run of one use case."""
    folder = f"samples/{use_case}/{RUN}"
    entries = [write_shard(output, folder, "samples-0", Sample, "jsonl", [Batch(samples)])]
    if rejected:
        entries.append(write_shard(output, folder, "rejected-0", Rejected, "jsonl", [Batch(rejected)]))
    known = {
        "hub_version": VERSION,
        "parameters": PARAMETERS,
        "prompts": {use_case: "abc"},
        "models": {"llm": "openai:m|<b>"},
        "usage": {f"synthesize_{use_case}": {"calls": 60, "input_tokens": 600, "output_tokens": 1200, "cost_usd": 1.5}},
        "created": "2026-03-01T00:00:00+00:00",
    }
    counts = {
        f"synthesize_{use_case}": {"asked": 60, "answered": 58},
        f"check_{use_case}": {"samples": 58, "accepted": len(samples), "rejected-program-disagreed": 10},
    }
    publish(output, RunManifest(run=RUN, **{**known, **more}), entries, counts)


def whole_hub(output: str) -> str:
    """The hub with a run of every use case; OUTPUT itself."""
    write_hub(output)
    for use_case, samples in samples_of_all().items():
        write_run(output, use_case, samples, rejected_of_math() if use_case == "math" else ())
    return output
