"""What DropContaminated and DropNearDuplicates find, and what they cost.

    python -m benchmarks.contamination found | similar
    python -m benchmarks.contamination cost [SAMPLES] | index [ROWS] | near [SAMPLES BLOCKS] | rounds [ROUNDS]

`found`: shares of GSM8K's problems that are found, and false alarms. `similar`: Jaccard similarities of problems to
changed ones, and to one another. `cost`: CPU of SAMPLES samples (a million) against
GSM8K, on FnApiRunner, in one process. `index`: memory of a benchmark of ROWS rows (a million). `near`: CPU of
DropNearDuplicates. `rounds`: seconds to build and run a DAG with it ROUNDS times (6), 100 samples each. It reads the
folder PERSONA_HUB_DATA.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from persona_hub.transforms.check_samples.contaminated import DropContaminated
from persona_hub.transforms.check_samples.near_duplicates import DropNearDuplicates
from persona_hub.transforms.contamination.bags import bag_tokens
from persona_hub.transforms.contamination.benchmark import BenchmarkIndex
from persona_hub.transforms.records import Sample, content_id
from persona_hub.transforms.similarity.arrays import Numbers
from persona_hub.transforms.similarity.jaccard import overlaps
from persona_hub.transforms.similarity.shingles import TokenSets, hash_tokens, token_sets
from persona_hub.transforms.wire.batches import BATCH_RECORDS, Batch
from tests.material.problems.changed import Changer

MADE_AT_ONCE = 10_000
SIMILARITIES = (0.95, 0.9, 0.85, 0.8, 0.7)
GSM8K = "math/gsm8k_test.jsonl"


def data(name: str) -> Path:
    """A file of the real data."""
    return Path(os.environ["PERSONA_HUB_DATA"]) / name


def lines(name: str, field: str) -> list[str]:
    """A field of every row of JSON Lines."""
    raw = data(name).read_bytes()
    return [json.loads(line)[field] for line in (gzip.decompress(raw) if name.endswith(".gz") else raw).splitlines()]


def problems() -> list[str]:
    """GSM8K's test set."""
    return lines(GSM8K, "question")


def tools() -> list[str]:
    """The released tools."""
    return lines("personas/personahub_tool.jsonl.gz", "synthesized text")


def translated(language: str) -> list[str]:
    """MGSM: the first 250 problems of GSM8K."""
    return [line.split("\t")[0] for line in data(f"math/mgsm_{language}.tsv").read_text("utf-8").splitlines()]


def tasks() -> Iterator[tuple[str, str]]:
    """(instruction, the whole task) of self-instruct."""
    for name in ("selfinstruct_seed_tasks", "selfinstruct_user_oriented"):
        for line in data(f"instructions/{name}.jsonl").read_text("utf-8").splitlines():
            task = json.loads(line)
            yield task["instruction"], "\n".join([task["instruction"], *task["instances"][0].values()])


def show(what: str, index: BenchmarkIndex, texts: list[str]) -> None:
    """How many are found, and how many of them as they are."""
    found = [one for one in index.find(texts) if one]
    as_they_are = sum(not one.masked for one in found)
    print(f"{what:60} {len(found):5} of {len(texts):5}  {len(found) / len(texts):8.3%}  as they are {as_they_are:5}")


def found() -> None:
    """Shares that are found."""
    rows, other = problems(), tools()
    gsm8k = BenchmarkIndex.of(rows)
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
    show("verbatim", gsm8k, rows)
    show("in capitals", gsm8k, [text.upper() for text in rows])
    show("other punctuation", gsm8k, [re.sub(r"[^\w\s]", " ", text) for text in rows])
    show("full width", gsm8k, [text.translate(wide) for text in rows])
    show("inside a longer text", gsm8k, [f"{one} {text}" for one, text in zip(other, rows, strict=False)])
    for units in (False, True):
        change = Changer(rows, seed=5, units=units)
        changed = [change(text) for text in rows]
        show("other names and numbers" + ", units, pronouns" * units, gsm8k, changed)
        show("... in small letters", gsm8k, [text.lower() for text in changed])
    english = translated("en")
    show("alarms: GSM8K from 251 on in MGSM", BenchmarkIndex.of(english), rows[250:])
    show("alarms: MGSM in GSM8K from 251 on", BenchmarkIndex.of(rows[250:]), english)
    show("alarms: odd problems of GSM8K in even ones", BenchmarkIndex.of(rows[::2]), rows[1::2])
    show("alarms: PersonaHub's tools", gsm8k, other)
    show("alarms: self-instruct's tasks", gsm8k, [task for _, task in tasks()])
    instructions = [instruction for instruction, _ in tasks()]
    show("alarms: tools in self-instruct's instructions", BenchmarkIndex.of(instructions), other)
    show("alarms: GSM8K in self-instruct's instructions", BenchmarkIndex.of(instructions), rows)
    for language in ("de", "es", "zh", "ja"):
        rows = translated(language)
        chance, index = random.Random(3), BenchmarkIndex.of(rows[:125])
        show(
            f"{language}: other numbers",
            index,
            [re.sub(r"\d+", lambda _: str(chance.randint(2, 999)), t) for t in rows[:125]],
        )
        show(f"{language}: alarms of the other half", index, rows[125:])


def similar() -> None:
    """How many texts reach each similarity: to what was made of them, and to any other of their kind."""
    rows = problems()
    names, units = Changer(rows, seed=5, units=False), Changer(rows, seed=5)

    def other_numbers(text: str) -> str:
        return re.sub(r"\d[\d,.]*\d|\d", lambda _: names.number(), text)

    for what, change in (("numbers", other_numbers), ("names, numbers", names), ("units, pronouns, too", units)):
        for mask in (False, True):
            both = token_sets_of([*rows, *map(change, rows)], mask)
            near = jaccard(both, np.arange(len(rows)), np.arange(len(rows), 2 * len(rows)))
            reached = "".join(f"{np.mean(near >= least):8.3f}" for least in SIMILARITIES)
            print(f"{what:22}{'masked' if mask else 'as they are':12}{reached}")
    for what, texts in (("problems", rows), ("tools", tools())):
        sets = token_sets_of(texts, True)
        left, right = np.triu_indices(len(texts), 1)
        near = jaccard(sets, left, right)
        counts = [len(np.unique([left[near >= least], right[near >= least]])) for least in SIMILARITIES]
        print(f"{what + ', to others':34}{''.join(f'{n:8}' for n in counts)}")


def token_sets_of(texts: list[str], mask: bool) -> TokenSets:
    """The bags of texts."""
    tokens = bag_tokens(texts, mask)
    return token_sets(hash_tokens(tokens), tokens.size)


def jaccard(sets: TokenSets, left: Numbers, right: Numbers) -> Numbers:
    """The similarity of each pair."""
    shared = overlaps(sets.tokens, sets.size, left, right)
    return shared / (sets.size[left] + sets.size[right] - shared)


class MakeSamples(beam.DoFn):
    """A number -> so many samples: sentences of problems and tools, in pairs and threes, from a seed."""

    def setup(self) -> None:
        """Reads the texts."""
        self.sentences = [one for text in problems() for one in re.split(r"(?<=[.?!]) +", text)]
        self.tools = tools()

    def process(self, element: tuple[int, int]) -> Iterator[Batch[Sample]]:
        """Batches; every tenth sample is a tool, and each hundredth like the one before it."""
        start, count = element
        chance = random.Random(start)
        for first in range(start, start + count, BATCH_RECORDS):
            batch: Batch[Sample] = Batch()
            for number in range(first, min(first + BATCH_RECORDS, start + count)):
                text = " ".join(chance.choices(self.sentences, k=4))
                if number % 10 == 0:
                    text = chance.choice(self.tools)
                elif number % 100 == 1 and batch:
                    text = batch[-1].text.replace("the", "a", 1)
                batch.append(Sample(content_id(str(number)), "", "math", text, "", "m", "h", 0, 10, 10))
            yield batch


def made(pipeline: beam.Pipeline, samples: int, name: str = "Make") -> beam.PCollection[Batch[Sample]]:
    """So many samples."""
    parts = [(start, min(MADE_AT_ONCE, samples - start)) for start in range(0, samples, MADE_AT_ONCE)]
    return pipeline | f"{name}Parts" >> beam.Create(parts) | name >> beam.ParDo(MakeSamples()).with_output_types(Batch)


def used() -> tuple[float, float]:
    """(CPU seconds, GB at most)."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def size(batch: Batch[Any]) -> int:
    """Its records."""
    return len(batch)


def cost(samples: int = 1_000_000, near_blocks: int = 0) -> None:
    """CPU of a step, less that of making the samples."""
    spent = []
    for step in (False, True):
        before, _ = used()
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            batches = made(pipeline, samples)
            if step and near_blocks:
                none = pipeline | "NoSamples" >> beam.Create([], reshuffle=False).with_output_types(Batch)
                checked = (batches, none) | DropNearDuplicates(stage="check_math", blocks=near_blocks)
                batches = checked.samples
            elif step:
                batches = (batches | DropContaminated(stage="check_math", against=[str(data(GSM8K))])).samples
            kept = batches | "Size" >> beam.Map(size) | beam.CombineGlobally(sum)
            kept | beam.Map(lambda n: print(f"{n:,} samples come out"))
        spent.append(used()[0] - before)
    seconds = spent[1] - spent[0]
    print(f"{samples:,}: {seconds:.0f} s of CPU, {1e6 * seconds / samples:.1f} us a sample (made in {spent[0]:.0f} s), "
          f"{used()[1]:.2f} GB at most")  # fmt: skip


def index(rows: int = 1_000_000) -> None:
    """Memory and CPU of an index."""
    texts, chance = problems(), random.Random(1)
    sentences = [one for text in texts for one in re.split(r"(?<=[.?!]) +", text)]
    words = sorted({word for text in texts for word in text.split()})
    before, memory = used()
    made = BenchmarkIndex.of(f"{chance.choice(sentences)} {' '.join(chance.choices(words, k=30))}" for _ in range(rows))
    seconds = used()[0] - before
    held = sum(
        array.nbytes for one in (made.as_they_are, made.masked) for array in (*one.sets, one.begin, one.key, one.row)
    )
    print(f"{rows:,} rows: {seconds:.0f} s of CPU, {held / 1e9:.2f} GB held, {used()[1] - memory:.2f} GB at most")
    start = used()[0]
    for n in range(0, 1000, BATCH_RECORDS):
        made.find(texts[n : n + BATCH_RECORDS])
    print(f"then {(used()[0] - start) * 1e3:.0f} us a sample")


def rounds(number: int = 6) -> None:
    """Seconds of a DAG that has the step several times."""
    for times in (1, 1, number):
        start = time.perf_counter()
        pipeline = beam.Pipeline(runner=FnApiRunner())
        earlier = pipeline | "None" >> beam.Create([], reshuffle=False).with_output_types(Batch)
        for n in range(times):
            checked = (made(pipeline, 100, f"Make{n}"), earlier) | f"Drop{n}" >> DropNearDuplicates(stage="check_math")
            earlier = (earlier, checked.samples) | f"All{n}" >> beam.Flatten()
        built = time.perf_counter() - start
        pipeline.run().wait_until_finish()
        print(f"{times} times: built in {built:.2f} s, run in {time.perf_counter() - start - built:.2f} s")


def near(samples: int = 100_000, blocks: int = 1) -> None:
    """CPU of DropNearDuplicates."""
    cost(samples, blocks)


if __name__ == "__main__":
    {"found": found, "similar": similar, "cost": cost, "index": index, "near": near, "rounds": rounds}[sys.argv[1]](
        *map(int, sys.argv[2:])
    )
