"""The language model and the embedder of a job, as its options say: address, limits, budget, prices, response store."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.model_options import (
    CallingOptions,
    EmbedderOptions,
    LanguageModelOptions,
    ModelOptions,
    RateOptions,
    SamplingOptions,
)
from persona_hub.pipelines.planning.budget import BudgetShares, has_budget, stage_shares
from persona_hub.pipelines.planning.embedders import files_hash, is_embedder_of, known_vector
from persona_hub.pipelines.planning.store_choice import store_of
from persona_hub.pipelines.planning.token_limits import NEW_JOB, TokenLimits
from persona_hub.pipelines.runners.called_models import CalledModel
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.calls.protocol import Budget, ModelConfig
from persona_hub.transforms.calls.rate_limiter import rate_service
from persona_hub.transforms.embedding.bundle import VECTORS
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import is_paid
from persona_hub.transforms.files.storage import is_local
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.judging.judge_task import Judge
from persona_hub.transforms.llm.dialects.dialect import SAMPLING
from persona_hub.transforms.llm.dialects.extra_body import EXTRA_BODY
from persona_hub.transforms.llm.dialects.negotiation import SAMPLING_FLAGS
from persona_hub.transforms.llm.export import refuse_without_batches
from persona_hub.transforms.llm.prices import Price, price_of, required_price
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.llm.registry import COMPLETIONS, EXPORT, KEYED, LOCAL_BACKENDS, MODELS, VLLM
from persona_hub.transforms.llm.vllm import ARGS, required_executable
from persona_hub.transforms.secrets import SERVER, check_secret_name, masked

HERE = Where()
BASE_URL = re.compile(rf"(https?://)?{SERVER}(/[^\s?#@;]*)?(\?api-version=[\w.-]+)?")


class NamedModel(NamedTuple):
    """A language model or an embedder, and how its server is reached."""

    flag: str  # that names the model, "--llm" or "--embedder"
    name: str
    base_url: str
    key_secret: str  # name of the key's secret, "" where the key is in the environment


def model_of(options: LanguageModelOptions, where: Where = HERE, forecast_shares: BudgetShares = ()) -> ModelConfig:
    """The language model. Raises ValueErrors that name the flag and the remedy."""
    name, export = named_model(options)
    secret = checked_secret("--llm_api_key_secret", options.llm_api_key_secret, name)
    model = NamedModel("--llm", name, model_url(options), secret)
    shares = stage_shares(options, forecast_shares)
    calls = calls_of(options, where, shares, model, exporting=EXPORT in export)
    return replace(
        calls,
        options={**calls.options, **export, **vllm_options(options, where), **body_options(options)},
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
        rate_limiter=rate_limiter_of(options),
        rate_descriptor=options.rate_limit_descriptor,
        repairs=options.retry_malformed,
    )


def embedder_of(options: EmbedderOptions, where: Where = HERE, shares: BudgetShares = ()) -> EmbedderConfig:
    """The embedder. Raises ValueErrors that name the flag and the remedy."""
    name = options.embedder
    if not embeds(options):
        return EmbedderConfig(name, files=files_hash(options, where))
    secret = checked_secret("--embedder_api_key_secret", options.embedder_api_key_secret, name)
    calls = calls_of(options, where, shares, NamedModel("--embedder", name, embedder_url(options), secret))
    calls = replace(
        calls,
        requests_per_minute=options.embedder_requests_per_minute,
        tokens_per_minute=options.embedder_tokens_per_minute,
    )
    return EmbedderConfig(name, calls, options.embedding_dimensions, options.embedding_batch)


def calls_of(
    options: CallingOptions, where: Where, shares: BudgetShares, model: NamedModel, exporting: bool = False
) -> ModelConfig:
    """How a model of any kind is called: its response store, budget and price."""
    limited = has_budget(options)
    find = required_price if options.max_cost_usd else price_of
    price = find(model.name, model.base_url, options.price_file)
    backend: dict[str, Any] = {"project": where.project} if where.project else {}
    return ModelConfig(
        name=model.name,
        base_url=model.base_url,
        flag=model.flag,
        key_secret=model.key_secret,
        max_in_flight=options.max_in_flight,
        options=backend if price else {**backend, "unpriced": True},
        store=store_of(options, model.name, where, limited, exporting),
        durable=options.response_store_sync == "power",
        budget=Budget(
            cost_usd=options.max_cost_usd,
            tokens=options.budget_tokens,
            calls=options.max_calls,
            shares=shares if limited else (),
        ),
        input_price=price.input if price else 0.0,
        output_price=price.output if price else 0.0,
        timeout=options.call_timeout,
        attempts=options.call_attempts,
    )


def called_models(
    model: ModelConfig | None,
    embedder: EmbedderConfig | None = None,
    hub: Hub | None = None,
    judge: Judge | None = None,
) -> list[CalledModel]:
    """Those of all that are asked at a server; the others answer in this process.

    `hub`: what it holds is compared by the embedder.
    """
    found = []
    if model is not None and not MODELS.is_local(model.name):
        found.append(CalledModel(model, COMPLETIONS))
    if judge is not None and not MODELS.is_local(judge.model.name):
        found.append(CalledModel(judge.model, COMPLETIONS))
    if embedder is not None and embedder.calls is not None:
        comparable = hub if hub and is_embedder_of(hub.manifest.models, embedder) else None
        known = known_vector(comparable) if comparable else None
        found.append(CalledModel(embedder.calls, VECTORS, known, embedder.dimensions))
    return found


def embeds(options: EmbedderOptions) -> bool:
    """Whether a paid embedder is called. Raises ValueError for an embedder that does not exist."""
    return is_paid(options.embedder) and options.embedding_threshold < 1.0


def model_price(options: LanguageModelOptions) -> Price | None:
    """The price of the language model, None where it is not known."""
    return price_of(named_model(options)[0], model_url(options), options.price_file)


def embedder_price(options: EmbedderOptions) -> Price | None:
    """The price of a paid embedder, None where it is not known or none is called."""
    return price_of(options.embedder, embedder_url(options), options.price_file) if embeds(options) else None


def named_model(options: ModelOptions) -> tuple[str, dict[str, Any]]:
    """(name of the model that answers, {EXPORT: folder} where its requests are only written there).

    Raises ValueError for a backend that does not exist.
    """
    backend, place = MODELS.split(options.llm)
    if backend != EXPORT:
        if not place and backend not in LOCAL_BACKENDS:
            raise UsageError(f"--llm {options.llm}: name the model too, as in {backend}:MODEL")
        if backend in LOCAL_BACKENDS and "llm_base_url" in options.given:
            raise UsageError(
                f"--llm_base_url: the model {options.llm!r} has no server; name the one that answers there with --llm, "
                "as in openai:MODEL"
            )
        if options.batch_model:
            raise UsageError("--batch_model: goes with --llm=export:PATH, and says which model will answer")
        return options.llm, {}
    if not place:
        raise UsageError(f"--llm {options.llm}: name the folder for the requests too, as in export:PATH")
    if not options.batch_model:
        raise UsageError(
            f"--llm {options.llm}: --batch_model must name the model that will answer, such as openai:gpt-5-mini; "
            "answers are kept under its name"
        )
    refuse_without_batches(options.batch_model)
    return options.batch_model, {EXPORT: str(Path(place).absolute()) if is_local(place) else place}


def vllm_options(options: ModelOptions, where: Where) -> dict[str, Any]:
    """The arguments of `vllm serve`. Raises UsageError, also where this machine is to run it and cannot."""
    backend, _ = MODELS.split(options.llm)
    try:
        args = tuple(shlex.split(options.vllm_args))
    except ValueError as error:
        raise UsageError(f"--vllm_args: {error}") from None
    if backend != VLLM:
        if args:
            raise UsageError(f"--vllm_args: goes with --llm=vllm:MODEL, not with {options.llm}")
        return {}
    if any(arg.startswith(("--api-key", "--api_key", "--port", "--host")) for arg in args):
        raise UsageError(
            "--vllm_args: host and port are chosen by the job, and the server listens to its own machine only: it "
            "needs no key"
        )
    if any(re.match("--hf[-_]token", arg) for arg in args):
        raise UsageError("--vllm_args: no token belongs here; put it into the environment variable HF_TOKEN")
    if options.llm_base_url:
        raise UsageError("--llm_base_url: vllm:MODEL starts a server; for one that runs already, --llm openai:MODEL")
    if where.one_machine:
        required_executable(options.llm)
    return {ARGS: args}


def body_options(options: ModelOptions) -> dict[str, Any]:
    """What goes into requests besides the questions, and what of it was asked for by flags. Raises UsageError."""
    found: dict[str, Any] = {}
    if options.llm_extra_body and not MODELS.is_local(options.llm):
        found[EXTRA_BODY] = options.llm_extra_body
    elif "llm_extra_body" in options.given:  # and not taken over from how the hub was built
        raise UsageError(f"--llm_extra_body: {options.llm} sends no request")
    if isinstance(options, SamplingOptions):
        given = tuple(name for name in SAMPLING if getattr(options, name) is not None)
        found |= {SAMPLING_FLAGS: given} if given else {}
    return found


def model_url(options: ModelOptions) -> str:
    """The address of the language model's server, "" for the backend's own. Raises UsageError."""
    bare = options.llm.startswith("vertex-endpoint:")  # a dedicated endpoint is known by its host
    return checked_url("--llm_base_url", options.llm_base_url, bare)


def embedder_url(options: EmbedderOptions) -> str:
    """The address of the embedder's server, "" for the backend's own. Raises UsageError."""
    return checked_url("--embedder_base_url", options.embedder_base_url)


def checked_url(flag: str, url: str, bare: bool = False) -> str:
    """The address itself. Raises UsageError for one that may hold a password, or is none: job and manifest show it."""
    found = BASE_URL.fullmatch(url)
    if not url or (found and (found[1] or bare)):
        return url
    if any(sign in url for sign in "@?#;"):
        raise UsageError(
            f"{flag} {masked(url)}: keys come from the environment, never in the address; after it only "
            "?api-version=VERSION may stand"
        )
    raise UsageError(f"{flag} {masked(url)}: must be an address such as http://HOST:PORT/v1")


def checked_secret(flag: str, secret: str, model: str) -> str:
    """The name of the key's secret itself. Raises UsageError for a model without keys, ValueError for a wrong name."""
    if secret and model.partition(":")[0] not in KEYED:
        raise UsageError(f"{flag}: {model} takes no key; {', '.join(KEYED)} do")
    return check_secret_name(flag, secret)


def rate_limiter_of(options: RateOptions) -> str:
    """The rate limit service's address, "" for none. Raises ValueErrors that name the flag."""
    if not options.rate_limiter:
        if options.rate_limit_descriptor:
            raise UsageError("--rate_limit_descriptor: goes with --rate_limiter")
        return ""
    rate_service(options.rate_limiter, options.rate_limit_descriptor)
    for flag, rate in (
        ("--requests_per_minute", options.requests_per_minute),
        ("--tokens_per_minute", options.tokens_per_minute),
    ):
        if rate:
            raise UsageError(f"{flag}: the service of --rate_limiter knows the rate; leave one of them out")
    return options.rate_limiter


def chosen_sampling(options: SamplingOptions, default: Sampling, limits: TokenLimits = NEW_JOB) -> Sampling:
    """How the model draws its answers: as the options say, else as `default` does; `limits` are those of the job."""
    given: dict[str, Any] = {
        "temperature": options.temperature,
        "top_p": options.top_p,
        "max_tokens": options.max_tokens,
        "seed": options.seed,
    }
    chosen = replace(default, **{name: value for name, value in given.items() if value is not None})
    return limits.replayed(chosen, default.max_tokens)
