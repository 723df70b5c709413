"""Options of models: which one answers, how it is called, and what that may cost."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.pipelines.cli.corpus_options import OutputOptions
from persona_hub.pipelines.cli.option import ANY, COUNT, LARGEST, POSITIVE, NumberRange, Options, json_object, option
from persona_hub.transforms.counting.losses import MAX_LOST
from persona_hub.transforms.embedding.thresholds import DEFAULT_EMBEDDER, UNKNOWN, default_threshold, embedder_named

OF_MODEL = {"decides": True, "of_hub": True, "in_model_file": True}


@dataclass(frozen=True, kw_only=True)
class ModelOptions(Options):
    """Which language model answers, and what it is asked with."""

    llm: str = option(
        "language model, BACKEND:MODEL; `offline` is a free, rule-based stand-in, and no language model; "
        "export:PATH writes requests for half-price batch APIs",
        "offline",
        metavar="NAME",
        decides=True,
        of_hub=True,
        guarded=True,
        first_day=True,
        in_model_file=True,
    )
    batch_model: str = option(
        "model that will answer what --llm=export:PATH writes: openai:MODEL, gemini:MODEL or vertex:MODEL",
        metavar="NAME",
        of_hub=True,
        in_model_file=True,
    )
    llm_base_url: str = option(
        "address of a server for the backend",
        metavar="URL",
        of_hub=True,
        guarded=True,
        in_model_file=True,
        first_day=True,
    )
    llm_extra_body: str = option(
        "what the server wants in each request besides, as a JSON object: "
        '--llm_extra_body=\'{"reasoning_effort": "low"}\'',
        "",
        json_object,
        metavar="JSON",
        decides_if_given=True,
        of_hub=True,
        in_model_file=True,
    )
    llm_api_key_secret: str = option(
        "name of the key's secret in Google Secret Manager, which each worker reads; default: the key is in the "
        "environment",
        metavar="projects/P/secrets/S/versions/V",
        in_model_file=True,
    )
    vllm_args: str = option(
        "more arguments of `vllm serve` for --llm=vllm:MODEL, as one text: --vllm_args='--max-model-len 8192'",
        metavar="ARGS",
        decides=True,
        in_model_file=True,
    )
    prompt_dir: str = option(
        "folder with your own prompts, named as in transforms/prompts and transforms/synthesis/*/",
        metavar="DIR",
        decides=True,
        of_hub=True,
        guarded=True,
    )


@dataclass(frozen=True, kw_only=True)
class ModelFileOptions(Options):
    """The file that describes the model; what stands in it is read as if it were given as flags."""

    model: str = option(
        "YAML file that describes the model: its name, address, sampling, rates, prices ...; flags win over it",
        metavar="FILE",
        first_day=True,
        recorded=False,
        in_template=False,
    )


@dataclass(frozen=True, kw_only=True)
class InFlightOptions(Options):
    """How many calls run at once."""

    max_in_flight: int = option(
        "concurrent calls in each process", 64, NumberRange(1, 4096), metavar="N", in_model_file=True
    )


@dataclass(frozen=True, kw_only=True)
class SamplingOptions(Options):
    """How the model draws its answers."""

    max_tokens: int | None = option(
        "longest answer in tokens; default: as the step needs", None, POSITIVE, metavar="N", **OF_MODEL
    )
    temperature: float | None = option(
        "of the model's sampling; default: the model's own", None, NumberRange(0, 2, float), **OF_MODEL
    )
    top_p: float | None = option(
        "of the model's sampling; default: the model's own", None, NumberRange(0, 1, float), **OF_MODEL
    )
    seed: int | None = option(
        "of the model's sampling, where it has one", None, NumberRange(-LARGEST, LARGEST), metavar="N", **OF_MODEL
    )


@dataclass(frozen=True, kw_only=True)
class StoreOptions(Options):
    """Where answers are kept."""

    response_store: str = option(
        "where answers are kept, so that none is paid twice: sqlite:PATH, redis://HOST (rediss:// with TLS; "
        "REDIS_USERNAME and REDIS_PASSWORD from the environment, or ?password_secret=NAME out of Secret Manager), "
        "bigtable://PROJECT/INSTANCE/TABLE or none; default on one machine: sqlite:OUTPUT/responses.sqlite",
        metavar="ADDRESS",
        guarded=True,
    )
    response_store_sync: str = option(
        "what a store outlives: the end of a process, or the power's (half as fast; Redis: appendfsync always)",
        "process",
        choices=("process", "power"),
    )


@dataclass(frozen=True, kw_only=True)
class BudgetOptions(Options):
    """The most that may be spent."""

    max_cost_usd: float = option(
        "the most that all runs on one response store may cost; then the hub is partial",
        0.0,
        NumberRange(0, ANY, float),
        metavar="X",
        first_day=True,
    )
    max_calls: int = option(
        "the most calls of all runs on one response store; 0: no limit", 0, COUNT, metavar="N", first_day=True
    )
    budget_tokens: int = option("the most tokens, in and out, of all these runs; 0: no limit", 0, COUNT, metavar="N")


@dataclass(frozen=True, kw_only=True)
class BudgetSharesOptions(Options):
    """How stages share a budget."""

    budget_shares: tuple[str, ...] = option(
        "parts of the budget that are reserved for stages: STAGE=PART, or none; default: as estimated",
        (),
        many=True,
        metavar="STAGE=PART",
    )


@dataclass(frozen=True, kw_only=True)
class RateOptions(Options):
    """How fast the language model is called."""

    requests_per_minute: int = option(
        "calls a minute of the whole job; 0: no limit", 0, COUNT, metavar="N", in_model_file=True
    )
    tokens_per_minute: int = option(
        "tokens a minute of the whole job; 0: no limit", 0, COUNT, metavar="N", in_model_file=True
    )
    rate_limiter: str = option(
        "an Envoy rate limit service that knows the calls and tokens a minute of many jobs, in place of these two",
        metavar="envoy://HOST:PORT/DOMAIN",
        in_model_file=True,
    )
    rate_limit_descriptor: tuple[str, ...] = option(
        "entries by which that service finds the limit; unit=requests or unit=tokens is appended",
        (),
        many=True,
        metavar="KEY=VALUE",
        in_model_file=True,
    )


@dataclass(frozen=True, kw_only=True)
class PriceOptions(Options):
    """What models cost."""

    price_file: str = option(
        "prices of models (YAML), before those of transforms/llm/prices.yaml", metavar="FILE", first_day=True
    )


@dataclass(frozen=True, kw_only=True)
class RepairOptions(Options):
    """What is done about unreadable answers, and how many may be lost."""

    retry_malformed: int = option(
        "how often an unreadable answer is asked for again; a higher number than an earlier run's also "
        "retries what that run gave up",
        1,
        NumberRange(0, 10),
        metavar="N",
        in_model_file=True,
    )
    max_lost: float = option(
        "the share of a step's answers that may be lost (malformed, cut off) in a complete hub; with more it is "
        "partial, and the same command asks for them again",
        MAX_LOST,
        NumberRange(0, 1, float),
        metavar="SHARE",
    )


@dataclass(frozen=True, kw_only=True)
class CallOptions(Options):
    """How long and how often one request is tried."""

    call_timeout: float = option(
        "seconds that a call may take", 120.0, NumberRange(0.1, 3600, float), metavar="SECONDS", in_model_file=True
    )
    call_attempts: int = option(
        "calls for one request, where a retry can help", 8, NumberRange(1, 100), metavar="N", in_model_file=True
    )


@dataclass(frozen=True, kw_only=True)
class CallingOptions(OutputOptions, InFlightOptions, StoreOptions, BudgetOptions, PriceOptions, CallOptions):
    """What language models and embedders have in common; answers are kept in OUTPUT unless a store is named."""


@dataclass(frozen=True, kw_only=True)
class LanguageModelOptions(
    ModelOptions, ModelFileOptions, SamplingOptions, CallingOptions, BudgetSharesOptions, RateOptions, RepairOptions
):
    """Everything about a language model and its calls."""


@dataclass(frozen=True, kw_only=True)
class EmbedderOptions(CallingOptions):
    """Which embedder compares meanings, how it is called, and from when on two personas are duplicates."""

    embedder: str = option(
        "text embedder: `use` (a sentence encoder of 16 languages), `hash` (words and characters, without a model), "
        "savedmodel:PATH, openai:MODEL, gemini:MODEL or vertex:MODEL (paid)",
        DEFAULT_EMBEDDER,
        metavar="NAME",
        decides=True,
        of_hub=True,
        guarded=True,
    )
    embedder_api_key_secret: str = option(
        "name of the embedder's key in Google Secret Manager; default: the key is in the environment",
        metavar="projects/P/secrets/S/versions/V",
        of_hub=True,
        guarded=True,
    )
    embedder_base_url: str = option("address of a server for a paid embedder", metavar="URL", of_hub=True, guarded=True)
    embedding_dimensions: int = option(
        "numbers in a vector; 0: the model's own", 0, COUNT, metavar="N", decides=True, of_hub=True
    )
    embedding_batch: int = option(
        "texts in a call to a paid embedder; 0: as many as its API takes", 0, COUNT, metavar="N", of_hub=True
    )
    embedder_requests_per_minute: int = option(
        "calls a minute to a paid embedder; 0: no limit", 0, COUNT, metavar="N", of_hub=True
    )
    embedder_tokens_per_minute: int = option(
        "tokens a minute to a paid embedder; 0: no limit", 0, COUNT, metavar="N", of_hub=True
    )
    embedding_threshold: float = option(
        "cosine similarity at which personas are duplicates; 1.0: step off; default: the embedder's (use "
        f"{default_threshold('use'):g}, hash {default_threshold('hash'):g}, others {UNKNOWN.cosine:g})",
        None,
        NumberRange(0.5, 1.0, float),
        decides=True,
        of_hub=True,
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "embedder", embedder_named(self.embedder))
        if self.embedding_threshold is None:
            object.__setattr__(self, "embedding_threshold", default_threshold(self.embedder))
