"""The language model of a job, as the flags say: its store, its budget, its price, its pace."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.calls.protocol import Budget, ModelConfig
from persona_hub.transforms.calls.rate_limiter import rate_service
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import LOCAL as LOCAL_EMBEDDERS
from persona_hub.transforms.embedding.registry import is_paid
from persona_hub.transforms.files.storage import is_local
from persona_hub.transforms.llm.export import refuse_without_batches
from persona_hub.transforms.llm.prices import Price, price_of, required_price
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.llm.registry import EXPORT, KEYED, LOCAL, VLLM, split_name
from persona_hub.transforms.llm.vllm import ARGS, required_executable
from persona_hub.transforms.secrets import check_secret_name
from persona_hub.transforms.store.registry import NO_STORE, is_embedded_store, scheme_of

Flags = Mapping[str, Any]
HERE = Where()
Shares = Sequence[tuple[str, float]]
EMBEDDER_URL = "embedder_base_url"
BUDGET_FLAGS = ("max_cost_usd", "max_calls", "budget_tokens")
RESPONSES = "responses.sqlite"


def model_of(flags: Flags, where: Where = HERE, shares: Shares = ()) -> ModelConfig:
    """The language model. Raises ValueErrors that name the flag and the remedy."""
    name, options = named_model(flags)
    calls = calls_of(flags, where, shares, ("--llm", name, base_url_of(flags)), EXPORT in options)
    return replace(
        calls,
        options={**calls.options, **options, **vllm_options(flags, where)},
        requests_per_minute=flags["requests_per_minute"],
        tokens_per_minute=flags["tokens_per_minute"],
        rate_limiter=rate_limiter_of(flags),
        rate_descriptor=tuple(flags["rate_limit_descriptor"]),
        repairs=flags["retry_malformed"],
    )


def embedder_of(flags: Flags, where: Where = HERE, shares: Shares = ()) -> EmbedderConfig:
    """The embedder. Raises ValueErrors that name the flag and the remedy."""
    name = flags["embedder"]
    if not embeds(flags):
        return EmbedderConfig(name)
    calls = calls_of(flags, where, shares, ("--embedder", name, base_url_of(flags, EMBEDDER_URL)))
    calls = replace(
        calls,
        requests_per_minute=flags["embedder_requests_per_minute"],
        tokens_per_minute=flags["embedder_tokens_per_minute"],
    )
    return EmbedderConfig(name, calls, flags["embedding_dimensions"], flags["embedding_batch"])


def calls_of(
    flags: Flags, where: Where, shares: Shares, model: tuple[str, str, str], exporting: bool = False
) -> ModelConfig:
    """How calls go to a model, given as (flag, name, address): store, budget and price, the same for all kinds."""
    flag, name, url = model
    limited = any(flags[one] for one in BUDGET_FLAGS)
    find = required_price if flags["max_cost_usd"] else price_of
    price = find(name, url, flags["price_file"])
    options: dict[str, Any] = {"project": where.project} if where.project else {}
    return ModelConfig(
        name=name,
        base_url=url,
        flag=flag,
        key_secret=key_secret_of(flags, name, f"{flag[2:]}_api_key_secret"),
        max_in_flight=flags["max_in_flight"],
        options=options if price else {**options, "unpriced": True},
        store=store_of(flags, name, where, limited, exporting),
        durable=flags["response_store_sync"] == "power",
        budget=Budget(
            cost_usd=flags["max_cost_usd"],
            tokens=flags["budget_tokens"],
            calls=flags["max_calls"],
            shares=shares_of(flags.get("budget_shares", ()), shares) if limited else (),
        ),
        input_price=price.input if price else 0.0,
        output_price=price.output if price else 0.0,
        timeout=flags["call_timeout"],
        attempts=flags["call_attempts"],
    )


def embeds(flags: Flags) -> bool:
    """Whether a paid embedder is called. Raises ValueError for one that is not there."""
    return is_paid(flags["embedder"]) and flags["embedding_threshold"] < 1.0


def embedder_price(flags: Flags) -> Price | None:
    """The price of a paid embedder, None where it is not known or none is called."""
    url = base_url_of(flags, EMBEDDER_URL)
    return price_of(flags["embedder"], url, flags["price_file"]) if embeds(flags) else None


def named_model(flags: Flags) -> tuple[str, dict[str, Any]]:
    """(the name of the model that answers, options). Raises ValueError for a backend that is not there."""
    backend, place = split_name(flags["llm"])
    if backend != EXPORT:
        if not place and backend not in LOCAL:
            raise UsageError(f"--llm {flags['llm']}: name the model too, as in {backend}:MODEL")
        if flags["batch_model"]:
            raise UsageError("--batch_model: goes with --llm=export:PATH, and says which model will answer")
        return flags["llm"], {}
    if not place:
        raise UsageError(f"--llm {flags['llm']}: name the folder for the requests too, as in export:PATH")
    if not flags["batch_model"]:
        raise UsageError(
            f"--llm {flags['llm']}: --batch_model must name the model that will answer, such as openai:gpt-5-mini; "
            "answers are kept under its name"
        )
    refuse_without_batches(flags["batch_model"])
    return flags["batch_model"], {EXPORT: str(Path(place).absolute()) if is_local(place) else place}


def vllm_options(flags: Flags, where: Where) -> dict[str, Any]:
    """What `vllm serve` is told. Raises UsageError, also where this machine is to run it and cannot."""
    backend, _ = split_name(flags["llm"])
    try:
        args = tuple(shlex.split(flags["vllm_args"]))
    except ValueError as error:
        raise UsageError(f"--vllm_args: {error}") from None
    if backend != VLLM:
        if args:
            raise UsageError(f"--vllm_args: goes with --llm=vllm:MODEL, not with {flags['llm']}")
        return {}
    if any(arg.startswith(("--api-key", "--port", "--host")) for arg in args):
        raise UsageError("--vllm_args: host and port are chosen, and the server listens to this machine alone: no key")
    if flags["llm_base_url"]:
        raise UsageError("--llm_base_url: vllm:MODEL starts a server; for one that runs already, --llm openai:MODEL")
    if where.one_machine:
        required_executable(flags["llm"])
    return {ARGS: args}


def base_url_of(flags: Flags, flag: str = "llm_base_url") -> str:
    """The server's address. Raises UsageError for one that holds a password: it would land in job and manifest."""
    url: str = flags[flag]
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"--{flag} {url}: {error}") from None
    if "@" in parts.netloc or "key=" in parts.query.lower():
        raise UsageError(f"--{flag}: keys come from the environment, never in the address")
    return url


def rate_limiter_of(flags: Flags) -> str:
    """The rate limit service's address. Raises ValueErrors that name the flag."""
    address: str = flags["rate_limiter"]
    if address:
        rate_service(address, flags["rate_limit_descriptor"])
        for flag in ("requests_per_minute", "tokens_per_minute"):
            if flags[flag]:
                raise UsageError(f"--{flag}: the service of --rate_limiter knows the rate; leave one of them out")
    elif flags["rate_limit_descriptor"]:
        raise UsageError("--rate_limit_descriptor: goes with --rate_limiter")
    return address


def key_secret_of(flags: Flags, model: str, flag: str) -> str:
    """Name of the key's secret, "" where the environment has the key. Raises UsageError."""
    name: str = flags[flag]
    if name and model.partition(":")[0] not in KEYED:
        raise UsageError(f"--{flag}: {model} takes no key; {', '.join(KEYED)} do")
    return check_secret_name(f"--{flag}", name)


def store_of(flags: Flags, model: str, where: Where, limited: bool, exporting: bool = False) -> str:
    """The response store's address, "" where there is no call to keep. Raises UsageError with the remedy."""
    given = flags["response_store"]
    paid = model.partition(":")[0] not in (*LOCAL, *LOCAL_EMBEDDERS)
    if given == NO_STORE:
        if where.retries and paid:
            raise UsageError(f"--response_store none: {where.runner} repeats what fails, and would pay twice; {SHARED}")
        if limited or exporting:
            what = "a budget" if limited else "--llm=export"
            raise UsageError(f"--response_store none: {what} needs a store, where answers and spend are kept")
        return NO_STORE
    if given:
        if is_embedded_store(given) and not where.one_machine:
            raise UsageError(
                f"--response_store {given}: the workers of {where.runner} cannot see this machine; {SHARED}"
            )
        return absolute(given)
    if not (paid or limited):
        return ""
    if not where.one_machine:
        raise UsageError(
            f"--response_store: {model} is paid, and the workers of {where.runner} share no disk; {SHARED}"
        )
    return default_store(flags["output"])


SHARED = "name one that all can see: redis://HOST or bigtable://PROJECT/INSTANCE/TABLE"


def named_store(flags: Flags) -> str:
    """The store of a command that only looks at it or fills it. Raises UsageError where none is named."""
    if flags["response_store"] and flags["response_store"] != NO_STORE:
        return absolute(flags["response_store"])
    store = default_store(flags["output"])
    if not store:
        raise UsageError("--output or --response_store: name one of them; it says which responses are meant")
    return store


def default_store(output: str | None) -> str:
    """The embedded store in OUTPUT, "" where no OUTPUT is named. Raises UsageError where that is no local folder."""
    if not output:
        return ""
    if not is_local(output):
        raise UsageError(
            f"--response_store: --output {output} is not on this machine, so it cannot hold an embedded store; name "
            "sqlite:PATH on this one, redis://HOST or bigtable://PROJECT/INSTANCE/TABLE"
        )
    return f"sqlite:{Path(output).absolute() / RESPONSES}"


def absolute(address: str) -> str:
    """The same store from any working directory. Raises ValueError for an address of no known form."""
    if scheme_of(address) != "sqlite":
        return address
    return f"sqlite:{Path(address.removeprefix('sqlite:')).absolute()}"


def shares_of(given: Sequence[str], default: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """The stages' parts of a budget: `default`, "none", or STAGE=PART of each, in the order of the stages."""
    if not given:
        return tuple(default)
    if list(given) == [NO_STORE]:
        return ()
    shares = []
    stages = [stage for stage, _ in default]
    for text in given:
        stage, _, part = text.partition("=")
        try:
            shares.append((stage, float(part)))
        except ValueError:
            raise UsageError(f"--budget_shares {text}: must be STAGE=PART, such as extract_persona=0.3") from None
        if stage not in stages:
            raise UsageError(f"--budget_shares {text}: no such stage; there are {', '.join(stages)}")
        if stage in [other for other, _ in shares[:-1]]:
            raise UsageError(f"--budget_shares {text}: {stage} has a part already")
    try:
        return Budget(shares=tuple(sorted(shares, key=lambda share: stages.index(share[0])))).shares
    except ValueError as error:
        raise UsageError(f"--budget_shares: {error}") from None


def sampling_of(flags: Flags, default: Sampling) -> Sampling:
    """How the model draws its answers: as the flags say, else as `default` does."""
    given = {name: flags[name] for name in ("temperature", "top_p", "max_tokens", "seed") if flags[name] is not None}
    return replace(default, **given)
