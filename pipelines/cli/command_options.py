"""The options of each command: a class that inherits from the groups it takes, and says what differs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from persona_hub.pipelines.cli.corpus_options import (
    AcrossLanguagesOptions,
    CorpusOptions,
    GivenPersonaOptions,
    InputOptions,
    OutputOptions,
    PersonaOptions,
    PiiOptions,
    RunOptions,
    UseCaseOptions,
    WordDedupOptions,
)
from persona_hub.pipelines.cli.evaluation.evaluate_options import EvaluationOptions
from persona_hub.pipelines.cli.hub_options import (
    AgainstOptions,
    CleaningOptions,
    EstimateSizeOptions,
    HubOptions,
    NamedStoreOptions,
    PreviewSizeOptions,
    QueryOptions,
    SourceOptions,
    VersionOptions,
)
from persona_hub.pipelines.cli.model_options import (
    BudgetOptions,
    CallOptions,
    EmbedderOptions,
    InFlightOptions,
    LanguageModelOptions,
    ModelOptions,
    PriceOptions,
    RepairOptions,
    StoreOptions,
)
from persona_hub.pipelines.cli.option import again
from persona_hub.pipelines.cli.samples.ablation_options import AblationOptions
from persona_hub.pipelines.cli.samples.check_options import AcceptedOptions, CheckOptions
from persona_hub.pipelines.cli.samples.column_options import ColumnOptions
from persona_hub.pipelines.cli.samples.use_case_options import SettingOptions


@dataclass(frozen=True, kw_only=True)
class SynthesisOptions(UseCaseOptions, SettingOptions, CheckOptions, LanguageModelOptions):
    """Samples of use cases, how they are checked, and the language model that writes them."""


@dataclass(frozen=True, kw_only=True)
class PersonaDedupOptions(WordDedupOptions, EmbedderOptions, AcrossLanguagesOptions):
    """When two personas are duplicates, by their words or by their meaning, in one language or two."""


@dataclass(frozen=True, kw_only=True)
class BuildOptions(
    CorpusOptions, GivenPersonaOptions, SynthesisOptions, PersonaOptions, PersonaDedupOptions, RunOptions
):
    """Options of `build`."""

    one_of: ClassVar[tuple[str, ...]] = ("input", "personas")


@dataclass(frozen=True, kw_only=True)
class RefreshOptions(HubOptions, BuildOptions):
    """Options of `refresh`: those of a build, which where not given are as the hub was built."""

    continues_hub = True
    output: str = field(default="", init=False)  # the hub; not a flag

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "output", self.hub)


@dataclass(frozen=True, kw_only=True)
class DedupOptions(InputOptions, PersonaDedupOptions, AgainstOptions, RunOptions):
    """Options of `dedup`."""

    text_field: str = again(
        CorpusOptions,
        "text_field",
        help="field of the text in JSON Lines, Parquet and Avro; default: input persona, persona or text",
        first_day=True,
    )
    zstd_window_mb: int = again(CorpusOptions, "zstd_window_mb")
    max_lost: float = again(
        RepairOptions,
        "max_lost",
        help="the share of the rows that may be lost: with 1 a result that lacks nine tenths or more of them is "
        "published, and files that lack the text's field are no fault",
    )
    minhash_threshold: float = again(WordDedupOptions, "minhash_threshold", first_day=True)
    embedder: str = again(EmbedderOptions, "embedder", first_day=True)
    embedding_threshold: float = again(EmbedderOptions, "embedding_threshold", first_day=True)
    against: str = again(AgainstOptions, "against", first_day=True)
    output: str = again(
        OutputOptions, "output", help="folder for the rows kept and dropped, with statistics, local or gs:// ..."
    )


@dataclass(frozen=True, kw_only=True)
class SynthesizeOptions(HubOptions, SynthesisOptions, ColumnOptions, AcceptedOptions, PiiOptions, RunOptions):
    """Options of `synthesize`."""

    output: str = again(OutputOptions, "output", help="folder for samples and dead letters, local or gs:// ...")
    where: str = again(UseCaseOptions, "where", first_day=True)
    choose: str = again(UseCaseOptions, "choose", first_day=True)
    form: tuple[str, ...] = again(SettingOptions, "form", first_day=True)
    verify: str = again(CheckOptions, "verify", first_day=True)


@dataclass(frozen=True, kw_only=True)
class AblateOptions(HubOptions, AblationOptions, SynthesisOptions, EmbedderOptions, PiiOptions, RunOptions):
    """Options of `ablate`."""

    output: str = again(OutputOptions, "output", help="folder for samples, plan and outcome, local or gs:// ...")
    use_case: tuple[str, ...] = again(UseCaseOptions, "use_case", help="use case of all arms, one, or FILE.yaml")
    where: str = again(UseCaseOptions, "where", first_day=True)
    max_samples: int = field(default=0, init=False)  # not flags: arms say whom they ask about, and how often
    samples_per_persona: int = field(default=1, init=False)
    choose: str = field(default="random", init=False)
    embedder: str = again(EmbedderOptions, "embedder", first_day=True)


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(
    EvaluationOptions, InFlightOptions, StoreOptions, BudgetOptions, PriceOptions, CallOptions, RunOptions
):
    """Options of `evaluate`."""

    one_of: ClassVar[tuple[str, ...]] = ("hub", "personas")
    hub: str = again(HubOptions, "hub", required=False)
    personas: tuple[str, ...] = again(
        GivenPersonaOptions,
        "personas",
        help="files of personas to evaluate in place of a hub: JSON Lines, Parquet, Avro, CSV or TSV; paths, quoted "
        "globs or folders",
    )
    persona_field: tuple[str, ...] = again(GivenPersonaOptions, "persona_field")
    output: str = again(OutputOptions, "output", help="folder for index.html and report.json, local or gs:// ...")
    version: str = again(
        VersionOptions, "version", help="version of the hub; default: the one that readers see", first_day=True
    )
    input: tuple[str, ...] = again(
        InputOptions,
        "input",
        required=False,
        default=(),
        help="the corpus that the hub was built of, which no hub stores: personas are compared with their documents",
    )
    format: str = again(CorpusOptions, "format")
    text_field: str = again(CorpusOptions, "text_field", first_day=False)
    zstd_window_mb: int = again(CorpusOptions, "zstd_window_mb")
    min_characters: int = again(CorpusOptions, "min_characters")
    max_characters: int = again(CorpusOptions, "max_characters")
    judge: str = again(
        CheckOptions,
        "judge",
        help="with --input: model that says whether documents support their personas, named as for --llm, or a "
        "YAML file as for --model; default: none",
        first_day=True,
    )
    prompt_dir: str = again(ModelOptions, "prompt_dir")
    retry_malformed: int = again(RepairOptions, "retry_malformed")


@dataclass(frozen=True, kw_only=True)
class TakedownOptions(SourceOptions, PersonaDedupOptions, RunOptions):
    """Options of `takedown`: duplicates that come back are judged as the hub was built."""

    continues_hub = True
    output: str = field(default="", init=False)  # the hub; not a flag
    older_than_hours: float = again(CleaningOptions, "older_than_hours", first_day=True)
    response_store: str = again(StoreOptions, "response_store", of_hub=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "output", self.hub)


@dataclass(frozen=True, kw_only=True)
class SearchOptions(QueryOptions, EmbedderOptions):
    """Options of `search`: the text is embedded as the hub was."""

    continues_hub = True
    output: str = field(default="", init=False)  # the hub; not a flag
    response_store: str = again(StoreOptions, "response_store", of_hub=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "output", self.hub)


@dataclass(frozen=True, kw_only=True)
class CompactOptions(HubOptions, RunOptions):
    """Options of `compact`."""


@dataclass(frozen=True, kw_only=True)
class PreviewOptions(PreviewSizeOptions, BuildOptions):
    """Options of `preview`."""

    output: str = again(
        OutputOptions, "output", required=False, help="folder whose response store keeps the answers for the build"
    )


@dataclass(frozen=True, kw_only=True)
class EstimateOptions(EstimateSizeOptions, BuildOptions, ColumnOptions, AcceptedOptions):
    """Options of `estimate`: those of a build, or with a hub those of `synthesize`."""

    one_of = ("input", "personas", "hub")
    hub: str = again(
        HubOptions, "hub", required=False, help="folder of a hub: what `synthesize` with these flags will take"
    )
    output: str = again(
        OutputOptions, "output", required=False, help="folder for estimate.json and the answers, kept for the build"
    )
    accepted: int = again(AcceptedOptions, "accepted", first_day=False)
    candidates: int = again(AcceptedOptions, "candidates", first_day=False)
    pii: str = again(PiiOptions, "pii", first_day=False)


@dataclass(frozen=True, kw_only=True)
class ImportOptions(InputOptions, NamedStoreOptions, PriceOptions):
    """Options of `import-responses`."""

    batch_model: str = again(ModelOptions, "batch_model")
