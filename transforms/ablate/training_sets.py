"""Training sets of equal size, one for each arm: what a model trained on one can do says what the arm is worth."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson

from persona_hub.transforms.ablate.arm_rounds import Arms
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import join_path, read_bytes
from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.hub.showing.samples import ShownSamples
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Sample, content_id
from persona_hub.transforms.training.data_set import gather_facts
from persona_hub.transforms.training.files import LINES, write_rows
from persona_hub.transforms.training.forms import CHAT, FormRow, Layout, form_rows
from persona_hub.transforms.training.lineage import FactTable, RunFacts, lineage_of

TRAINING_FOLDER, TRAINING_MANIFEST = "training", "manifest.json"
DRAWN_BY = "hash of arm, persona, sample and row"


class ArmRow(NamedTuple):
    """A row that an arm's samples give, and the hash by which it is drawn."""

    place: str
    row: FormRow
    sample: Sample


@dataclass(frozen=True)
class ArmSource:
    """The samples of an arm, read anew each time."""

    output: str
    shown: ShownSamples
    facts: FactTable
    arm: str  # use case that its samples name
    use_case: str  # which they are of: it decides what is asked and answered

    def rows(self, left_out: Counter[str]) -> Iterator[ArmRow]:
        """All rows in chat form; samples that have none are counted by the reason."""
        for sample in self.shown.read(self.output, self.arm):
            language = self.facts.of(sample.persona_id).language or "und"
            found = form_rows(CHAT, replace(sample, use_case=self.use_case), language)
            if isinstance(found, str):
                left_out[found] += 1
                continue
            for at, row in enumerate(found):
                yield ArmRow(content_id(f"{self.arm} {sample.persona_id} {sample.number} {at}"), row, sample)


def write_training_sets(
    output: str, arms: Arms, use_case: str, run: RunManifest, runs: Mapping[str, RunManifest], hub: Hub, plan: str
) -> dict[str, Any]:
    """Writes OUTPUT/training/ARM/USE_CASE-train.jsonl of each arm, as many rows in each, and a manifest; returns it.

    The rows are those of the smallest hashes: in any order, and the same in every run. `runs`: the manifests of the
    arms' folders, by the use case that their samples name. An arm whose samples give no row has no set, and does not
    hold up the others. `plan`: the experiment's hash, by which the manifest is known to be of it.
    """
    folder = join_path(output, TRAINING_FOLDER)
    shown = ShownSamples([(name, runs[name]) for name in arms if name in runs])
    told: dict[str, Any] = {}
    with FactTable() as facts:
        gather_facts(output, shown, hub, facts)
        sources = {name: ArmSource(output, shown, facts, name, use_case) for name in arms}
        counted = {name: Counter[str]() for name in arms}
        places = {name: [one.place for one in source.rows(counted[name])] for name, source in sources.items()}
        rows = min((len(found) for found in places.values() if found), default=0)
        parameters = {key: value for key, value in run.parameters.items() if key in ("llm", "temperature", "seed")}
        for name, source in sources.items():
            drawn = frozenset(heapq.nsmallest(rows, places[name]))
            own = join_path(folder, arms[name].arm.slug)
            files = write_set(source, drawn, own, RunFacts.of(run.run, parameters)) if drawn else []
            told[arms[name].arm.name] = {
                "rows": len(drawn),
                "of": len(places[name]),
                "left_out": dict(sorted(counted[name].items())),
                "files": files,
            }
    manifest = {"form": CHAT, "use_case": use_case, "plan": plan, "rows": rows, "drawn_by": DRAWN_BY, "arms": told}
    write_bytes(join_path(folder, TRAINING_MANIFEST), orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return manifest


def texts_of_sets(output: str) -> dict[str, list[str]]:
    """{arm: what is asked and answered in each row of its set}, as `write_training_sets` has written them."""
    folder = join_path(output, TRAINING_FOLDER)
    found: dict[str, list[str]] = {}
    for arm, own in orjson.loads(read_bytes(join_path(folder, TRAINING_MANIFEST)))["arms"].items():
        lines = [line for file in own["files"] for line in read_bytes(join_path(folder, file["name"])).splitlines()]
        found[arm] = ["\n".join(str(one["content"]) for one in orjson.loads(line)["messages"]) for line in lines]
    return found


def write_set(source: ArmSource, drawn: frozenset[str], folder: str, run: RunFacts) -> list[dict[str, Any]]:
    """The file of one arm's set, as the manifest names it."""
    made = [one for one in source.rows(Counter()) if one.place in drawn]
    layout = Layout(CHAT, any(one.row.tools for one in made))
    rows = (
        (0, layout.row(row, lineage_of(sample, run, source.facts.of(sample.persona_id))))
        for _, row, sample in sorted(made, key=lambda one: one.place)
    )
    files = write_rows(folder, source.use_case, layout, [LINES], rows, [len(made), 0], max(len(made), 1))
    return [
        {
            "name": f"{folder.rpartition('/')[2]}/{one.name}",
            "rows": one.records,
            "bytes": one.bytes,
            "sha256": one.sha256,
        }
        for one in files
    ]
