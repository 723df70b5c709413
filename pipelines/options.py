"""Every flag, once: name, type, default, help; and which job takes which. No import of Beam: `--help` answers at once.

Flags that are not here go to Beam (`--runner`, `--direct_num_workers`, `--temp_location` ...).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.errors import UsageError


@dataclass(frozen=True)
class Flag:
    """One flag. `many`: may be given several times, each time with one or more values set apart by commas.

    (Not so `paths`: a comma may be part of a file's name, so whoever looks for the files tells them apart.)
    """

    name: str
    help: str
    default: Any = ""
    type: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()
    required: bool = False
    many: bool = False
    paths: bool = False
    metavar: str = ""


def number(low: float, high: float, kind: type = int) -> Callable[[str], Any]:
    """A parser of numbers from `low` to `high`."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no {'whole ' if kind is int else ''}number") from None
        if not low <= value <= high:
            upper = "" if high == float("inf") else f" to {high:g}"
            raise argparse.ArgumentTypeError(f"{text} is out of range: from {low:g}{upper}")
        return value

    return parse


ANY = float("inf")
COUNT, POSITIVE = number(0, ANY), number(1, ANY)

GROUPS: dict[str, list[Flag]] = {
    "corpus": [
        Flag(
            "input",
            "files to read: paths, quoted globs or folders, local or gs://, s3://, hdfs://; commas set several apart",
            required=True,
            many=True,
            paths=True,
            metavar="GLOB",
        ),
        Flag("output", "folder for hub, samples and dead letters, local or gs:// ...", required=True, metavar="DIR"),
        Flag(
            "format",
            "format of the corpus; auto tells it by name and content",
            "auto",
            choices=("auto", "text", "jsonl", "parquet", "avro", "wet", "warc", "html"),
        ),
        Flag(
            "text_field",
            "field of the text in JSON Lines, Parquet and Avro; default: raw_content, text or content",
            metavar="NAME",
        ),
        Flag("language", "read only documents in these languages (ISO 639-1)", many=True, metavar="CODE"),
        Flag("max_documents", "use at most N documents; 0: all", 0, COUNT, metavar="N"),
        Flag("min_characters", "skip documents shorter than this", 40, COUNT, metavar="N"),
        Flag("max_characters", "cut documents at a sentence before this", 6000, number(200, 1_000_000), metavar="N"),
    ],
    "language model": [
        Flag(
            "llm",
            "language model, BACKEND:MODEL; `offline` is rule based, free, and no model",
            "offline",
            metavar="NAME",
        ),
        Flag("llm_base_url", "address of a server for the backend", metavar="URL"),
        Flag("prompt_dir", "folder with prompts of your own, by the names of transforms/prompts/*.txt", metavar="DIR"),
        Flag("max_in_flight", "calls under way at once in each process", 64, number(1, 4096), metavar="N"),
        Flag("max_tokens", "longest answer in tokens; default: as the step needs", None, POSITIVE, metavar="N"),
        Flag("temperature", "of the model's sampling; default: the model's own", None, number(0, 2, float)),
        Flag("top_p", "of the model's sampling; default: the model's own", None, number(0, 1, float)),
        Flag("seed", "of the model's sampling, where it has one", None, int, metavar="N"),
    ],
    "personas": [
        Flag("personas_per_document", "personas asked for of each document", 1, number(1, 100), metavar="N"),
        Flag("persona_language", "language of personas: `same` as the document, or a code", "same", metavar="CODE"),
        Flag("expand_hops", "how many relations to follow from each persona", 6, number(0, 6), metavar="N"),
        Flag("expand_per_persona", "relations asked for of each persona and hop", 1, number(1, 100), metavar="N"),
        Flag(
            "pii",
            "contact data and names of people: scrub them, drop the persona, or keep them",
            "scrub",
            choices=("scrub", "drop", "keep"),
        ),
    ],
    "duplicates": [
        Flag(
            "minhash_threshold",
            "Jaccard similarity of words at which personas are duplicates; 1.0: only equal sets of words",
            0.9,
            number(0.5, 1.0, float),
        ),
        Flag(
            "bucket_keys",
            "how candidates are found: MinHash bands, or exact partitions (thresholds from 0.8)",
            "minhash",
            choices=("minhash", "partition"),
        ),
        Flag(
            "embedder", "text embedder, BACKEND:MODEL; `offline` hashes words and characters", "offline", metavar="NAME"
        ),
        Flag(
            "embedding_threshold",
            "cosine similarity at which personas are duplicates; 1.0: step off",
            0.9,
            number(0.5, 1.0, float),
        ),
        Flag("against", "a hub whose personas are there already and win", metavar="HUB"),
    ],
    "samples": [
        Flag(
            "use_case",
            "math, logical_reasoning, instruction, knowledge_text, game_npc, tool, all, or FILE.yaml of your own",
            many=True,
            metavar="NAME",
        ),
        Flag("samples_per_persona", "samples of each use case for each persona", 1, number(1, 1000), metavar="N"),
        Flag("max_samples", "at most N samples of each use case; 0: all", 0, COUNT, metavar="N"),
        Flag("examples", "JSON Lines with samples to show the model (few-shot)", metavar="FILE"),
    ],
    "hub": [
        Flag("hub", "folder of a hub: what `build` was given as --output", required=True, metavar="DIR"),
        Flag("export_format", "formats to write", ["jsonl"], many=True, choices=("jsonl", "parquet")),
        Flag("export_output", "folder for the exported files; default: HUB/export/VERSION", metavar="DIR"),
    ],
    "run": [
        Flag("partitions", "parts that a shuffle is cut into; 0: by the size of the input", 0, COUNT, metavar="N"),
    ],
}
BY_NAME = {flag.name: flag for flags in GROUPS.values() for flag in flags}
SPELLED = {"export_format": "format", "export_output": "output"}  # two flags of one spelling in different jobs


@dataclass(frozen=True)
class Job:
    """A command: what it does, the module with its `run(flags, beam_flags)`, and its flags."""

    name: str
    help: str
    module: str
    flags: tuple[str, ...]
    runs_on_beam: bool = True


CORPUS = ("format", "text_field", "language", "max_documents", "min_characters", "max_characters")
MODEL = ("llm", "llm_base_url", "prompt_dir", "max_in_flight", "max_tokens", "temperature", "top_p", "seed")
PERSONAS = ("personas_per_document", "persona_language", "expand_hops", "expand_per_persona", "pii")
DEDUP = ("minhash_threshold", "bucket_keys", "embedder", "embedding_threshold")
SAMPLES = ("use_case", "samples_per_persona", "max_samples", "examples")

JOBS = [
    Job(
        "build",
        "corpus -> hub of personas (-> samples)",
        "pipelines.persona_hub",
        ("input", "output", *CORPUS, *MODEL, *PERSONAS, *DEDUP, *SAMPLES, "partitions"),
    ),
    Job(
        "dedup",
        "personas, or any short texts -> those that are no near-duplicates",
        "pipelines.dedup",
        ("input", "output", "text_field", *DEDUP, "against", "partitions"),
    ),
    Job(
        "synthesize",
        "hub -> samples of use cases",
        "pipelines.synthesize",
        ("hub", "output", *MODEL, "pii", *SAMPLES, "partitions"),
    ),
    Job(
        "export",
        "hub and samples -> JSON Lines as the authors released, or Parquet",
        "pipelines.export",
        ("hub", "export_format", "export_output"),
        runs_on_beam=False,
    ),
]
JOB_BY_NAME = {job.name: job for job in JOBS}


class Parser(argparse.ArgumentParser):
    """Says what was wrong in one line."""

    def error(self, message: str) -> Any:
        """Raises UsageError in place of printing the whole usage."""
        raise UsageError(f"{message}; see {self.prog} --help")


def add_flags(parser: argparse.ArgumentParser, job: Job) -> None:
    """Adds the flags of `job`."""
    for title, flags in GROUPS.items():
        own = [flag for flag in flags if flag.name in job.flags]
        group = parser.add_argument_group(title) if own else parser
        for flag in own:
            add_flag(group, flag)


def add_flag(group: argparse._ActionsContainer, flag: Flag) -> None:
    """Adds one flag, its default in the help."""
    about = flag.help if flag.required or flag.default in ("", None, 0) else f"{flag.help} [{shown(flag.default)}]"
    keywords: dict[str, Any] = {"dest": flag.name, "help": about.replace("%", "%%"), "required": flag.required}
    if flag.many:
        keywords |= {"action": "append", "metavar": flag.metavar or "{" + ",".join(flag.choices) + "}"}
    elif flag.choices:
        keywords |= {"default": flag.default, "choices": flag.choices}
    else:
        keywords |= {"default": flag.default, "type": flag.type, "metavar": flag.metavar or "X"}
    group.add_argument(f"--{SPELLED.get(flag.name, flag.name)}", **keywords)


def shown(default: Any) -> str:
    """A default as it would be typed."""
    return ",".join(default) if isinstance(default, list) else str(default)


def parse_flags(
    parser: argparse.ArgumentParser, job: Job, arguments: Sequence[str]
) -> tuple[dict[str, Any], list[str]]:
    """(values of the job's flags, the arguments that are not its own). Raises UsageError."""
    known, rest = parser.parse_known_args(list(arguments))
    values = {name: getattr(known, name) for name in job.flags}
    for name in job.flags:
        flag = BY_NAME[name]
        if flag.many:
            texts = values[name] or []
            parts = texts if flag.paths else [part for text in texts for part in text.split(",")]
            values[name] = [part.strip() for part in parts if part.strip(", ")] or list(flag.default)
            wrong = [value for value in values[name] if flag.choices and value not in flag.choices]
            if wrong:
                spelled = SPELLED.get(name, name)
                raise UsageError(f"--{spelled} {wrong[0]}: must be one of {', '.join(flag.choices)}")
            if flag.required and not values[name]:
                raise UsageError(f"--{name}: names nothing")
    return values, rest
