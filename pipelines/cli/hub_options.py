"""Options of hubs, their versions, and the commands without Beam."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.pipelines.cli.corpus_options import OutputOptions
from persona_hub.pipelines.cli.model_options import StoreOptions
from persona_hub.pipelines.cli.option import ANY, COUNT, POSITIVE, NumberRange, Options, again, option, truth


@dataclass(frozen=True, kw_only=True)
class HubOptions(Options):
    """Which hub a command works on."""

    hub: str = option(
        "folder of a hub: what `build` was given as --output", required=True, metavar="DIR", first_day=True
    )


@dataclass(frozen=True, kw_only=True)
class VersionOptions(HubOptions):
    """Which version of a hub."""

    version: str = option(
        "version of the hub; default: for diff the current one, else the one before it", metavar="NAME"
    )


@dataclass(frozen=True, kw_only=True)
class RollbackOptions(VersionOptions):
    """Which version readers are to see."""

    undo_takedowns: bool = option(
        "go back beyond takedowns, too: readers see again what these removed, and refreshes read it again",
        False,
        truth,
        metavar="BOOL",
        alone=True,
    )


@dataclass(frozen=True, kw_only=True)
class ListingOptions(HubOptions):
    """What is listed of a hub."""

    sources: bool = option(
        "list the sources of the current version instead, one on each line, as `takedown --source_file` takes them",
        False,
        truth,
        metavar="BOOL",
        alone=True,
    )


@dataclass(frozen=True, kw_only=True)
class TwoVersionsOptions(VersionOptions):
    """Which two versions are compared."""

    since: str = option("version to compare with; default: the one before", metavar="NAME")


@dataclass(frozen=True, kw_only=True)
class AgainstOptions(Options):
    """Another hub to compare with."""

    against: str = option("a hub to compare with; its personas win over those of the input", metavar="HUB")


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(Options):
    """What a data set to train on is to be, and where it goes."""

    form: str = option(
        "write samples as a data set to train on, with train and test split, lineage and card: conversations, "
        "instruction and output, the released data set's fields, or pairs of a kept and a rejected sample; default: "
        "all that the version shows, as it is",
        choices=("chat", "alpaca", "released", "preference"),
        first_day=True,
    )
    test_share: float = option(
        "share of the rows held out to test on, by cluster of personas; 0: none",
        0.1,
        NumberRange(0, 0.9, float),
        metavar="X",
        first_day=True,
    )
    license: str = option("licence of the data set, such as cc-by-4.0, for card and rows", metavar="NAME")
    source_license: str = option("licence of the documents that the personas came from, for the card", metavar="TEXT")
    model_license: str = option("terms under which the model gave its answers, for the card", metavar="TEXT")
    persona_hub: str = option(
        "hub of the samples' personas, for lineage and split, where `synthesize` wrote the samples elsewhere",
        metavar="DIR",
    )
    push_to_hub: str = option(
        "repository of Hugging Face's hub to push the data set to, as the user that is logged in there", metavar="REPO"
    )
    public: bool = option("make a new repository public, not private", False, truth, metavar="BOOL", alone=True)


@dataclass(frozen=True, kw_only=True)
class ExportOptions(HubOptions, TrainingOptions):
    """What an export writes, and where."""

    format: tuple[str, ...] = option(
        "formats to write; commas separate several", ("jsonl",), choices=("jsonl", "parquet"), many=True
    )
    output: str = option("folder for the exported files; default: HUB/export/VERSION", metavar="DIR")
    use_case: tuple[str, ...] = option(
        "export samples of these use cases only; commas separate several", (), many=True, metavar="NAME"
    )
    run: tuple[str, ...] = option(
        "export samples of these runs only, the folders under HUB/samples/USE_CASE; commas separate several",
        (),
        many=True,
        metavar="RUN",
    )
    language: tuple[str, ...] = option(
        "export personas in these languages only, and their samples (ISO 639-1); commas separate several",
        (),
        many=True,
        metavar="CODE",
    )


@dataclass(frozen=True, kw_only=True)
class SourceOptions(HubOptions):
    """Which sources a hub is to be without."""

    source: tuple[str, ...] = option(
        "address or id of a document, FILE#ID, or the path of a file or archive that was read, as `versions --sources` "
        "and the hub's table of documents have it; given once for each",
        (),
        many=True,
        paths=True,
        metavar="URL_OR_ID",
        first_day=True,
    )
    source_file: str = option(
        "file with a source on each line; -: standard input", metavar="FILE", recorded=False, first_day=True
    )
    purge: bool = option(
        "erase the text too, from all versions, samples, dead letters, exports and response stores; this cannot be "
        "undone. Of sources that are taken down already, too",
        False,
        truth,
        metavar="BOOL",
        alone=True,
        first_day=True,
    )


@dataclass(frozen=True, kw_only=True)
class CleaningOptions(HubOptions):
    """Which versions and files of a hub stay."""

    keep: int = option("keep the latest N versions; 0: all that the current one came from", 0, COUNT, metavar="N")
    older_than_hours: float = option(
        "leave files that changed within so many hours, which may belong to a running job",
        24.0,
        NumberRange(0, ANY, float),
        metavar="X",
    )
    dry_run: bool = option("only print what would be done", False, truth, metavar="BOOL", alone=True)


@dataclass(frozen=True, kw_only=True)
class PreviewSizeOptions(Options):
    """How many documents a preview shows."""

    n: int = option("documents to send", 5, NumberRange(1, 1000), metavar="N", first_day=True)


@dataclass(frozen=True, kw_only=True)
class EstimateSizeOptions(Options):
    """How many documents an estimate reads, and how many of them, or questions about a hub's personas, it sends."""

    sample: int = option("documents to look at", 200, POSITIVE, metavar="N", first_day=True)
    n: int | None = option(
        "documents, or with --hub questions of each use case, to send to the model and to estimate from; 0: none; "
        "default: 200, and of questions as many as --accepted asks first (256 or more), where --output or "
        "--response_store is named, so that the job need not buy their answers again",
        None,
        COUNT,
        metavar="N",
    )


@dataclass(frozen=True, kw_only=True)
class QueryOptions(HubOptions):
    """What is searched for in a hub, and how it is shown."""

    text: str = option(
        'what the personas are to be like, in words, as in "a nurse who works at night"',
        metavar="TEXT",
        positional=True,
        recorded=False,
        first_day=True,
    )
    like: str = option("search for personas like this one, in place of a text", metavar="PERSONA_ID", first_day=True)
    format: str = option("form of what is printed", "text", choices=("text", "json"), first_day=True)
    n: int = again(PreviewSizeOptions, "n", help="personas to show", default=10)
    version: str = again(
        VersionOptions, "version", help="version of the hub; default: the one that readers see", first_day=True
    )


@dataclass(frozen=True, kw_only=True)
class ClustersOptions(HubOptions):
    """Which clusters are shown, and how."""

    level: int = option("show so many levels of the tree; 0: all", 0, NumberRange(0, 3), metavar="N")
    examples: bool = option("show a few personas of each cluster", True, truth, metavar="BOOL", alone=True)
    format: str = again(QueryOptions, "format", first_day=False)
    version: str = again(VersionOptions, "version", help="version of the hub; default: the one that readers see")


@dataclass(frozen=True, kw_only=True)
class NamedStoreOptions(Options):
    """Which response store a command means: the one that is named, or the one in OUTPUT."""

    output: str = again(
        OutputOptions, "output", required=False, help="folder of the job, whose response store is meant"
    )
    response_store: str = again(StoreOptions, "response_store")


@dataclass(frozen=True, kw_only=True)
class StatusOptions(NamedStoreOptions):
    """Of which job, and how often."""

    hub: str = again(HubOptions, "hub", required=False, help="folder of a hub, of whose last job the status is")
    watch: float = option("look again every SECONDS", 0.0, NumberRange(0, 3600, float), metavar="SECONDS", alone=5.0)
