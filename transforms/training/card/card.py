"""The card of a data set: README.md, with the front matter that Hugging Face's hub and `datasets` read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from huggingface_hub import DatasetCardData

from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.training.card.counts import checks, cost
from persona_hub.transforms.training.card.escaping import code, code_block, prose, table
from persona_hub.transforms.training.card.features import features_of
from persona_hub.transforms.training.card.licenses import Licenses
from persona_hub.transforms.training.data_set import DataSet, UseCaseSet
from persona_hub.transforms.training.files import LINES, PARQUET
from persona_hub.transforms.training.forms import COLUMN_DOCS, LEFT_OUT
from persona_hub.transforms.training.split import LEAKING, SPLITS, TEST, TRAIN

SIZE_CATEGORIES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)
LARGEST_SIZE = "10M<n<100M"
CARD_MARK = (
    "<!-- Written by `persona-hub export`, which writes it anew. Take this line out to keep what you change. -->"
)
LANGUAGE = re.compile(r"[a-z]{2,3}")
TOP_CLUSTERS = 20  # rows of the table of clusters
FORM_ABOUT = {
    "chat": "conversations, as chat templates take them",
    "alpaca": "instruction, input and output",
    "released": "the three fields of the data set that the authors of the method released",
    "preference": "pairs of a kept and a rejected answer to one prompt",
}


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """What a card says beyond what the data set itself tells."""

    name: str
    licenses: Licenses
    commands: Sequence[str]  # that make the data set anew
    labels: Mapping[str, str]  # of the clusters at the top, by path


def card_of(data: DataSet, facts: CardFacts) -> str:
    """The whole README.md. Whatever comes from personas, manifests or the user is escaped."""
    sections = [
        about(data, facts),
        contents(data),
        columns(data),
        split(data),
        topics(data, facts.labels),
        making(data),
        checks(data),
        cost(data),
        licences(facts.licenses),
        limits(),
        "## Made anew\n\n" + code_block("\n".join(facts.commands), "sh"),
    ]
    page = "\n\n".join(section for section in sections if section)
    return f"---\n{front_matter(data, facts).to_yaml()}\n---\n\n{page}\n"


def front_matter(data: DataSet, facts: CardFacts) -> DatasetCardData:
    """The metadata: a configuration for each use case, with its files by split and its columns."""
    configs = []
    for i, one in enumerate(data.use_cases):
        splits = [{"split": split, "path": names} for split, names in files_by_split(one).items()]
        configs.append({"config_name": one.use_case, "data_files": splits, **({"default": True} if i == 0 else {})})
    infos = [{"config_name": one.use_case, "features": features_of(one.layout)} for one in data.use_cases]
    languages = sorted(code for code in data.languages if LANGUAGE.fullmatch(code) and code != "und")
    return DatasetCardData(
        pretty_name=facts.name,
        language=languages or None,
        **facts.licenses.metadata(),
        task_categories=["text-generation"],
        size_categories=[size_category(data.rows)],
        tags=["synthetic", "persona-hub", *(["preference", "dpo"] if data.form == "preference" else [])],
        configs=configs,
        dataset_info=infos,
    )


def size_category(rows: int) -> str:
    """The hub's word for a number of rows."""
    return next((size for most, size in SIZE_CATEGORIES if rows < most), LARGEST_SIZE)


def files_by_split(one: UseCaseSet) -> dict[str, list[str]]:
    """Names of the files that readers load: one format, Parquet where there is."""
    formats = {file.format for file in one.files}
    best = PARQUET if PARQUET in formats else LINES
    found: dict[str, list[str]] = {}
    for file in one.files:
        if file.format == best:
            found.setdefault(file.split, []).append(file.name)
    return found


def about(data: DataSet, facts: CardFacts) -> str:
    """Name and first paragraph."""
    return (
        f"# {prose(facts.name)}\n\n"
        f"{data.rows:,} rows of synthetic training data: {FORM_ABOUT[data.form]}. A language model wrote them with "
        "personas in mind, after [Scaling Synthetic Data Creation with 1,000,000,000 Personas]"
        f"(https://arxiv.org/abs/2406.20094); made with Persona Hub on Beam.\n\n{CARD_MARK}"
    )


def contents(data: DataSet) -> str:
    """The table of configurations, and how they are loaded."""
    rows = [
        [code(one.use_case), prose(one.description), *(f"{one.rows.get(split, 0):,}" for split in SPLITS)]
        for one in data.use_cases
    ]
    text = "## What is in it\n\n" + table(["configuration", "what", *SPLITS], rows)
    first = data.use_cases[0].use_case if data.use_cases else ""
    text += "\n\n" + code_block(
        f'from datasets import load_dataset\n\nrows = load_dataset("FOLDER_OR_REPOSITORY", "{first}", split="train")',
        "python",
    )
    if {LINES, PARQUET} <= {file.format for one in data.use_cases for file in one.files}:
        text += "\n\nJSON Lines hold the same rows as Parquet: " + code(
            f'load_dataset("json", data_files={{"train": "{first}-{TRAIN}.jsonl"}})'
        )
    if any(one.layout.tools for one in data.use_cases):
        text += (
            "\n\nSchemas and arguments of functions are JSON objects, which `datasets` reads from release 4.7 on; "
            "other readers of Parquet see them as text."
        )
    return text + "\n\n" + left_out_section(data)


def left_out_section(data: DataSet) -> str:
    """What samples are not in it, and why."""
    reasons = [f"* {quantity(n, 'sample')} {prose(LEFT_OUT[reason])}" for reason, n in sorted(data.left_out.items())]
    if data.leaks:
        reasons.append(f"* {quantity(data.leaks, 'row')} {LEAKING}")
    return "Left out:\n\n" + "\n".join(reasons) if reasons else "No sample was left out."


def columns(data: DataSet) -> str:
    """What each column holds."""
    names = {name: kind for one in data.use_cases for name, kind in column_types(one)}
    rows = [[code(name), COLUMN_DOCS[name], code(kind)] for name, kind in names.items()]
    return "## Columns\n\n" + table(["column", "what", "type"], rows)


def column_types(one: UseCaseSet) -> Iterator[tuple[str, str]]:
    """(name, type) of the columns of a configuration."""
    for column in one.layout.schema:
        kind = str(column.type)
        if column.name in one.layout.json_columns:
            kind = "list of JSON objects"
        elif pa.types.is_struct(column.type):
            kind = ", ".join(field.name for field in column.type)
        yield column.name, kind


def split(data: DataSet) -> str:
    """How the test split was held out."""
    tested = sum(one.rows.get(TEST, 0) for one in data.use_cases)
    if not data.split_by or not tested:
        return "## Split\n\nNothing is held out to test on."
    share = tested / data.rows
    group = "clusters of personas that are alike" if data.split_by == "cluster" else "personas"
    return (
        f"## Split\n\n{tested:,} rows ({share:.1%}) are held out as `test`. Whole {group} are held out, chosen by a "
        "hash of their names. No question of the test split, and no answer of eight words or more, is in `train`, but "
        "for case and white space."
    )


def topics(data: DataSet, labels: Mapping[str, str]) -> str:
    """The clusters of personas with the most rows."""
    named = [(path, n) for path, n in data.clusters.most_common(TOP_CLUSTERS) if labels.get(path)]
    if not named:
        return ""
    rows = [[prose(labels[path]), f"{n:,}"] for path, n in named]
    return "## Who the personas are\n\n" + table(["cluster of personas", "rows"], rows)


def making(data: DataSet) -> str:
    """Models, prompts and runs."""
    rows = [
        [
            code(run.run),
            code(one.use_case),
            code(model_of(run)),
            code(run.prompts.get(one.use_case, "")),
            prose(run.created[:10]),
        ]
        for one in data.use_cases
        for run in one.runs
    ]
    return (
        "## How it was made\n\n" + table(["run", "use case", "model", "prompt (hash)", "day"], rows) + "\n\n"
        "Each row's column `lineage` has its persona, the document that the persona came from, prompt, model, "
        "settings, tokens and proof."
    )


def model_of(run: RunManifest) -> str:
    """The language model of a run."""
    return str(run.models.get("llm") or run.parameters.get("llm") or "")


def licences(given: Licenses) -> str:
    """What the user says of licences, as they say it."""
    rows = [[what, prose(said)] for what, said in given.told()]
    if not rows:
        return "## Licences\n\nWhoever made this data set has named no licence."
    return "## Licences\n\n" + table(["of", "as whoever made this data set states it"], rows)


def limits() -> str:
    """What a reader should not take the data for."""
    return (
        "## Limits\n\n"
        "* A language model wrote all texts: they may be wrong, biased, or repeat what the model was trained on. A "
        "proof shows what `lineage.proof` says, and no more.\n"
        "* Personas are invented after texts of a corpus. They are no people, and no sample of a population.\n"
        "* Texts are untrusted: they may hold markup or instructions.\n"
        "* The test split is held out by personas. It is made by the same model as `train`, and is no benchmark."
    )
