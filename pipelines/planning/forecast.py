"""What a job will ask of its model: questions and tokens by stage. A simple model, stated here in full.

Every step keeps a part of what comes to it. What a sample that was really sent has shown takes the place of these
numbers (`persona_hub.pipelines.commands.estimate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from persona_hub.pipelines.cli.command_options import BuildOptions, SynthesisOptions
from persona_hub.pipelines.cli.model_options import EmbedderOptions
from persona_hub.pipelines.planning.budget import BudgetShares
from persona_hub.pipelines.planning.models import embeds
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.calls.tokens import MESSAGE_TOKENS, tokens_of
from persona_hub.transforms.check_samples.solve_task import solve_prompt
from persona_hub.transforms.counting.stages import (
    ASK_ATTRIBUTES,
    EMBED_DEDUP,
    EXPAND_PERSONA,
    EXTRACT_PERSONA,
    judge_stage,
    synthesize_stage,
    verify_stage,
)
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import call_limits
from persona_hub.transforms.judging.judge_task import judge_prompt
from persona_hub.transforms.judging.rubric import read_rubric
from persona_hub.transforms.llm.prices import Price
from persona_hub.transforms.prompts import Prompt
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesis.verify import parse_verify

KEPT = 0.97  # of the answers that become personas: readable, of a person, no repetition
ASKED = 0.98  # of the personas that nobody earlier resembles, so that their relations are asked for
UNIQUE = 0.97  # of the personas that are no near-duplicates of others
PERSONA_TOKENS = 35  # of a persona of 24 words, in a prompt
DOCUMENT_TOKENS = 500  # of a document, until some have been read
OUTPUT_TOKENS = {EXTRACT_PERSONA: 45, EXPAND_PERSONA: 55, ASK_ATTRIBUTES: 60}  # of an answer in its form
SAMPLE_OUTPUT = 0.3  # of a use case's longest answer
PASSES = 0.9  # of the samples that the checks let pass which are free
AGREED = 0.8  # of those that are voted on
SOLVE_OUTPUT, JUDGE_OUTPUT = 400, 90  # tokens: the working and its answer; a comment and points
FIRST_SECONDS, TOKENS_PER_SECOND = 0.6, 70.0  # of a call, until some were timed
LATER_KEEPS = 0.6  # of its part of a budget that no earlier stage may take, however wrong this forecast is


class Prices(NamedTuple):
    """What a token costs of each model that a job asks, None where it is not known."""

    llm: Price | None
    embedder: Price | None = None
    judge: Price | None = None

    def of(self, stage: StageForecast) -> Price | None:
        """The price of the model that a stage asks."""
        if stage.judges:
            return self.judge
        return self.embedder if stage.embeds else self.llm


@dataclass(frozen=True)
class StageForecast:
    """What one stage will take."""

    stage: str
    calls: float
    input_tokens: float  # of one call
    output_tokens: float
    embeds: bool = False  # its calls go to the embedder
    judges: bool = False  # its calls go to the judge

    def cost(self, prices: Prices) -> float:
        """US dollars, 0 where the price is not known."""
        price = prices.of(self)
        return self.calls * price.of(self.input_tokens, self.output_tokens) if price else 0.0


def forecast_build(
    options: BuildOptions,
    extract: Prompt,
    expand: Prompt,
    use_cases: Sequence[UseCase],
    documents: float,
    document_tokens: float = DOCUMENT_TOKENS,
    given: float = 0.0,
    attributes: Prompt | None = None,
) -> list[StageForecast]:
    """The stages of a build in their order.

    `given`: personas that exist; `attributes`: the prompt where a model is asked for them.
    """
    asked = documents * options.personas_per_document
    stages = []
    if asked or not given:
        tokens = bare_tokens(extract) + document_tokens
        stages.append(StageForecast(EXTRACT_PERSONA, asked, tokens, OUTPUT_TOKENS[EXTRACT_PERSONA]))
    personas = found = (asked + given) * KEPT
    relations = 0.0
    for _ in range(options.expand_hops):
        children = found * ASKED * options.expand_per_persona
        relations += children
        found = children * KEPT
        personas += found
    if relations:
        tokens = bare_tokens(expand) + PERSONA_TOKENS
        stages.append(StageForecast(EXPAND_PERSONA, relations, tokens, OUTPUT_TOKENS[EXPAND_PERSONA]))
    if embeds(options):
        stages.append(forecast_vectors(options, personas * UNIQUE))
    if attributes:
        tokens = bare_tokens(attributes) + PERSONA_TOKENS
        stages.append(StageForecast(ASK_ATTRIBUTES, personas * UNIQUE, tokens, OUTPUT_TOKENS[ASK_ATTRIBUTES]))
    return [*stages, *forecast_samples(options, use_cases, personas * UNIQUE)]


def forecast_vectors(options: EmbedderOptions, personas: float, tokens: float = PERSONA_TOKENS) -> StageForecast:
    """The stage that buys vectors of `personas`, each of so many tokens."""
    limits = call_limits(EmbedderConfig(options.embedder, batch=options.embedding_batch))
    texts = max(1.0, min(limits.texts, limits.tokens / max(tokens, 1.0)))
    return StageForecast(EMBED_DEDUP, personas / texts, texts * tokens, 0.0, embeds=True)


def forecast_samples(options: SynthesisOptions, use_cases: Sequence[UseCase], personas: float) -> list[StageForecast]:
    """The stages that make samples of `personas`, of all of whom any --where is taken to hold."""
    samples = personas * options.samples_per_persona
    if options.max_samples:
        samples = min(samples, options.max_samples)
    made = [
        StageForecast(
            synthesize_stage(one.name),
            samples,
            bare_tokens(one.prompt) + tokens_of(one.examples) + PERSONA_TOKENS,
            one.sampling.max_tokens * SAMPLE_OUTPUT,
        )
        for one in use_cases
    ]
    return [*made, *forecast_checks(options, use_cases, samples * PASSES)]


def forecast_checks(options: SynthesisOptions, use_cases: Sequence[UseCase], samples: float) -> list[StageForecast]:
    """The stages that ask a model about `samples` of each use case, which have passed the checks that are free."""
    verify = parse_verify(options.verify)
    voted = [one for one in use_cases if verify.asks and one.question and one.answer]
    lengths = {one.name: one.sampling.max_tokens * SAMPLE_OUTPUT for one in use_cases}
    stages = []
    if voted:
        solve = bare_tokens(solve_prompt(options.prompt_dir))
        stages = [
            StageForecast(verify_stage(one.name), samples * verify.of, solve + lengths[one.name] / 2, SOLVE_OUTPUT)
            for one in voted
        ]
    if options.judge:
        judge = bare_tokens(judge_prompt(read_rubric(options.rubric), options.prompt_dir)) + PERSONA_TOKENS
        stages += [
            StageForecast(
                judge_stage(one.name),
                samples * (AGREED if one in voted else 1.0),
                judge + lengths[one.name],
                JUDGE_OUTPUT,
                judges=True,
            )
            for one in use_cases
        ]
    return stages


def bare_tokens(prompt: Prompt) -> float:
    """Tokens of a prompt without what is put into it."""
    return tokens_of(prompt.system) + tokens_of(prompt.user) + MESSAGE_TOKENS


def seconds_of(stage: StageForecast, model: ModelConfig, latency: float, processes: int) -> float:
    """The time of a stage: its calls in flight side by side, or as many a minute as are allowed.

    `latency`: mean seconds of a call; 0 until some were timed.
    """
    latency = latency or FIRST_SECONDS + stage.output_tokens / TOKENS_PER_SECOND
    tokens = stage.calls * (stage.input_tokens + stage.output_tokens)
    return max(
        stage.calls * latency / (model.max_in_flight * processes),
        stage.calls * 60 / model.requests_per_minute if model.requests_per_minute else 0.0,
        tokens * 60 / model.tokens_per_minute if model.tokens_per_minute else 0.0,
    )


def weight_of(price: Price | None) -> Price:
    """What a token weighs in the sharing of a budget, also where it is free or its price is not known."""
    return Price(price.input or 1.0, price.output or 1.0) if price else Price(1.0, 1.0)


def budget_shares(
    stages: Sequence[StageForecast],
    price: Price | None,
    embedding_price: Price | None = None,
    judge_price: Price | None = None,
) -> BudgetShares:
    """Parts of a budget: each stage may use, with those before it, all but a good part of what later ones will need.

    A judge whose price is not known weighs as the language model does.
    """
    prices = Prices(weight_of(price), weight_of(embedding_price), weight_of(judge_price or price))
    weights = [stage.cost(prices) for stage in stages]
    total = sum(weights)
    if total <= 0:
        return ()
    shares, before, so_far = [], 0.0, 0.0
    for stage, weight in zip(stages, weights, strict=True):
        so_far += weight / total
        limit = 1 - (1 - min(so_far, 1.0)) * LATER_KEEPS
        if limit > before:
            shares.append((stage.stage, limit - before))
            before = limit
    return tuple(shares)
