"""What a build reads: the files of its corpus, and those of personas that exist."""

from __future__ import annotations

from dataclasses import replace

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.option import options_of
from persona_hub.transforms.corpus.corpus_records import CorpusFile
from persona_hub.transforms.corpus.files import match_corpus

OF_INPUT = ("text_field", "format", "max_documents", "min_characters", "max_characters", "personas_per_document")
OF_PERSONAS = ("persona_field", "max_personas")


def check_sources(options: BuildOptions) -> None:
    """Raises UsageError where a flag is given that says how to read what is not to be read."""
    for flag, names in (("input", OF_INPUT), ("personas", OF_PERSONAS)):
        wrong = [name for name in names if name in options.given and getattr(options, name) != default_of(name)]
        if wrong and not getattr(options, flag):
            other = "; the field of --personas is named with --persona_field" if wrong[0] == "text_field" else ""
            raise UsageError(f"--{wrong[0]}: goes with --{flag}, and there is none{other}")


def nothing_to_use(options: BuildOptions) -> str:
    """What is said of files that hold nothing a build would use."""
    flags = " and ".join(f"--{name}" for name in ("input", "personas") if getattr(options, name))
    what = "row" if flags == "--personas" else "document"
    return f"{flags}: holds no {what} that a build would use; `build` says why, record by record, in dead_letters"


def default_of(name: str) -> object:
    """The value of an option that is not given."""
    return options_of(BuildOptions)[name].default


def corpus_files(options: BuildOptions) -> list[CorpusFile]:
    """The files of --input, none where it is not given. Raises CorpusError."""
    return match_corpus(options.input, "warc" if options.format == "wet" else options.format) if options.input else []


def given_files(options: BuildOptions) -> list[CorpusFile]:
    """The files of --personas, none where it is not given. Raises CorpusError."""
    return match_corpus(options.personas, flag="--personas") if options.personas else []


def without_hops(options: BuildOptions) -> BuildOptions:
    """The options of a build. Of personas that exist alone none are expanded unless that is asked for."""
    if options.input or "expand_hops" in options.given:
        return options
    return replace(options, expand_hops=0)
