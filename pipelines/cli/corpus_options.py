"""Options of what is read, what is made of it, and how it is deduplicated."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.pipelines.cli.option import (
    COUNT,
    NumberRange,
    Options,
    again,
    condition,
    language_of_documents,
    language_of_personas,
    method_of_choice,
    option,
    truth,
)
from persona_hub.transforms.choice.choice import RANDOM
from persona_hub.transforms.corpus.language_codes import SAME_LANGUAGE


@dataclass(frozen=True, kw_only=True)
class InputOptions(Options):
    """What is read."""

    input: tuple[str, ...] = option(
        "files to read: paths, quoted globs or folders, local or gs://, s3://, hdfs://; commas set several apart; "
        "{date:%Y-%m-%d} is the day on which the job starts (UTC), {date-1d:%Y-%m-%d} the day before",
        required=True,
        many=True,
        paths=True,
        metavar="GLOB",
        first_day=True,
    )


@dataclass(frozen=True, kw_only=True)
class OutputOptions(Options):
    """Where the results go."""

    output: str = option(
        "folder for hub, samples and dead letters, local or gs:// ...", required=True, metavar="DIR", first_day=True
    )


@dataclass(frozen=True, kw_only=True)
class CorpusOptions(InputOptions):
    """How documents are read, and which of them."""

    input: tuple[str, ...] = again(InputOptions, "input", required=False, default=())
    format: str = option(
        "format of the corpus; auto tells it by name and content",
        "auto",
        choices=("auto", "text", "jsonl", "csv", "tsv", "parquet", "avro", "wet", "warc", "arc", "html", "mediawiki"),
        decides=True,
    )
    text_field: str = option(
        "field of the text in JSON Lines, CSV, TSV, Parquet and Avro; default: raw_content, text, contents or content",
        metavar="NAME",
        decides=True,
        of_hub=True,
        first_day=True,
    )
    zstd_window_mb: int = option(
        "memory in MB that a worker may take for the window of a zstd file; zstd --long and --ultra want more than 128",
        128,
        NumberRange(1, 2048),
        metavar="N",
        decides_if_given=True,
    )
    language: tuple[str, ...] = option(
        "read only documents in these languages (ISO 639-1); commas separate several",
        (),
        language_of_documents,
        many=True,
        metavar="CODE",
        decides=True,
        of_hub=True,
        first_day=True,
    )
    max_documents: int = option("use at most N documents; 0: all", 0, COUNT, metavar="N", decides=True, first_day=True)
    min_characters: int = option("skip documents shorter than this", 40, COUNT, metavar="N", decides=True, of_hub=True)
    max_characters: int = option(
        "cut documents at a sentence before this",
        6000,
        NumberRange(200, 1000000),
        metavar="N",
        decides=True,
        of_hub=True,
    )


@dataclass(frozen=True, kw_only=True)
class GivenPersonaOptions(Options):
    """Personas that exist."""

    personas: tuple[str, ...] = option(
        "files of personas that exist, in place of --input or beside it: JSON Lines, Parquet, Avro, CSV or TSV; paths, "
        "quoted globs or folders as for --input",
        (),
        many=True,
        paths=True,
        metavar="GLOB",
        first_day=True,
    )
    persona_field: tuple[str, ...] = option(
        "field of the persona in these files; of several, set apart by commas, the first that a row has; default: as "
        "PersonaHub, FinePersonas and Nemotron-Personas call it",
        (),
        many=True,
        metavar="NAME",
        decides_if_given=True,
        of_hub=True,
    )
    max_personas: int = option(
        "use at most N rows of these files; 0: all", 0, COUNT, metavar="N", decides_if_given=True
    )


@dataclass(frozen=True, kw_only=True)
class PiiOptions(Options):
    """What becomes of personal data."""

    pii: str = option(
        "contact data and names of people: scrub them, drop the persona, or keep them",
        "scrub",
        choices=("scrub", "drop", "keep"),
        decides=True,
        of_hub=True,
        first_day=True,
    )


@dataclass(frozen=True, kw_only=True)
class PersonaOptions(PiiOptions):
    """How many personas are made, and in which language."""

    personas_per_document: int = option(
        "personas asked for of each document",
        1,
        NumberRange(1, 100),
        metavar="N",
        decides=True,
        of_hub=True,
        first_day=True,
    )
    persona_language: str = option(
        "language of personas: `same` as the document, or a code",
        SAME_LANGUAGE,
        language_of_personas,
        metavar="CODE",
        decides=True,
        of_hub=True,
    )
    expand_hops: int = option(
        "hops of relations to follow from each persona; 0 for a build of --personas alone, unless it is given",
        6,
        NumberRange(0, 6),
        metavar="N",
        decides=True,
        of_hub=True,
        first_day=True,
    )
    expand_per_persona: int = option(
        "relations asked for of each persona and hop", 1, NumberRange(1, 100), metavar="N", decides=True, of_hub=True
    )
    attributes: str = option(
        "what reads occupation, seniority, age, country and education of a persona: rules, the model, or nothing",
        "rules",
        choices=("rules", "model", "off"),
        decides_if_given=True,
        of_hub=True,
    )
    stop_below_novelty: float = option(
        "end the expansion after a hop that brings fewer new personas than this for each answer; 0: never",
        0.0,
        NumberRange(0, 1, float),
        decides=True,
        of_hub=True,
    )


@dataclass(frozen=True, kw_only=True)
class WordDedupOptions(Options):
    """When two texts are duplicates by their words."""

    minhash_threshold: float = option(
        "Jaccard similarity of words at which personas are duplicates; 1.0: only equal sets of words",
        0.9,
        NumberRange(0.5, 1.0, float),
        decides=True,
        of_hub=True,
    )
    bucket_keys: str = option(
        "how candidates are found: MinHash bands, or exact partitions (thresholds from 0.8)",
        "minhash",
        choices=("minhash", "partition"),
        decides=True,
        of_hub=True,
    )


@dataclass(frozen=True, kw_only=True)
class AcrossLanguagesOptions(Options):
    """When one persona in two languages is one."""

    across_languages: bool = option(
        "drop a persona that is there in another language; takes `use`, or a multilingual embedder and its threshold",
        False,
        truth,
        metavar="BOOL",
        alone=True,
        decides_if_given=True,
        of_hub=True,
    )
    across_languages_threshold: float = option(
        "cosine similarity at which personas of two languages are one; 0: the embedder's own",
        0.0,
        NumberRange(0.0, 1.0, float),
        decides_if_given=True,
        of_hub=True,
    )


@dataclass(frozen=True, kw_only=True)
class UseCaseOptions(Options):
    """Which samples are made of personas."""

    use_case: tuple[str, ...] = option(
        "math, logical_reasoning, instruction, knowledge_text, game_npc, tool, all, none, or FILE.yaml of your own; "
        "commas separate several",
        (),
        many=True,
        metavar="NAME",
        of_hub=True,
        guarded=True,
        first_day=True,
    )
    samples_per_persona: int = option(
        "samples of each use case for each persona", 1, NumberRange(1, 1000), metavar="N", of_hub=True
    )
    max_samples: int = option(
        "at most N samples of each use case; 0: all", 0, COUNT, metavar="N", of_hub=True, first_day=True
    )
    where: str = option(
        "use only personas of which this holds, as in 'language=de and hop<2'; docs/choose.md has the language",
        "",
        condition,
        metavar="CONDITION",
        of_hub=True,
    )
    choose: str = option(
        "which personas --max_samples takes: random; diverse, those that cover most meanings; "
        "stratified:COLUMN[,COLUMN...], as many of each value",
        RANDOM,
        method_of_choice,
        metavar="HOW",
        of_hub=True,
    )
    choose_seed: int = option("another choice for each number", 0, COUNT, metavar="N", of_hub=True)
    examples: tuple[str, ...] = option(
        "JSON Lines with samples of a use case to show the model (few-shot), as math=FILE; FILE alone where --use_case "
        "names one",
        (),
        many=True,
        paths=True,
        metavar="NAME=FILE",
        first_day=True,
        of_hub=True,
        guarded=True,
    )


@dataclass(frozen=True, kw_only=True)
class RunOptions(Options):
    """How a job is cut into parts, and watched."""

    partitions: int = option("parts that a shuffle is cut into; 0: by the size of the input", 0, COUNT, metavar="N")
    progress: str = option(
        "how far the job is, on standard error: bars on a terminal, else a line each minute (auto); bar; plain; json: "
        "an object on a line, every five seconds; none",
        "auto",
        choices=("auto", "bar", "plain", "json", "none"),
        recorded=False,
        in_template=False,
    )
