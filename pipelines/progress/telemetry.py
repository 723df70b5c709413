"""How far a job is, as OpenTelemetry metrics: where the standard environment variables ask for them, and only there.

The SDK and the exporter read the other variables themselves: endpoint, headers, compression, certificates, interval,
resource attributes (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.progress.facts import FactFinder, Facts
from persona_hub.pipelines.progress.spend_reader import SpendReader
from persona_hub.transforms.counting.board import read_board

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation

    from persona_hub.pipelines.progress.telemetry_readers import CountingReader

DISABLED, WHICH = "OTEL_SDK_DISABLED", "OTEL_METRICS_EXPORTER"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
BY_OTLP, TO_CONSOLE, TO_NOWHERE = METRICS_EXPORTERS = ("otlp", "console", "none")
SPOKEN = "http/protobuf"
SHARED_SECONDS = 0.05  # the metrics of one export are of one look at the job

Observe = Callable[[Facts], Iterable[tuple[float, dict[str, Any]]]]  # what is observed, and its attributes


def wanted_exporters() -> tuple[str, ...]:
    """Where the environment wants metrics to go, () for nowhere. Raises UsageError for what cannot be done."""
    if os.environ.get(DISABLED, "").strip().lower() == "true":
        return ()
    said = os.environ.get(WHICH, "")
    names = tuple(filter(None, (name.strip().lower() for name in said.split(","))))
    if not names:
        names = (BY_OTLP,) if any(os.environ.get(name) for name in ENDPOINTS) else ()
    if unknown := [name for name in names if name not in METRICS_EXPORTERS]:
        raise UsageError(f"{WHICH}={said}: no exporter {unknown[0]!r}; there are {', '.join(METRICS_EXPORTERS)}")
    if BY_OTLP in names:
        variable = next((name for name in PROTOCOLS if os.environ.get(name)), PROTOCOLS[1])
        if (protocol := os.environ.get(variable) or SPOKEN) != SPOKEN:
            raise UsageError(f"{variable}={protocol}: only {SPOKEN} is spoken; collectors take it at port 4318")
    return tuple(name for name in dict.fromkeys(names) if name != TO_NOWHERE)


@contextmanager
def exported(exporters: Sequence[str], finder: FactFinder, store: str, board: Path) -> Iterator[None]:
    """Exports metrics while the block runs, and once at its end; says how many exports failed.

    A collector that is away costs the job nothing but up to one export's time-out (10 s) at its end.
    """
    if not exporters:
        yield
        return
    from opentelemetry.sdk.metrics import MeterProvider

    silence()
    readers = [reader_of(name) for name in exporters]
    with closing(SpendReader(store)) as spend:
        look = Look(finder, spend, board)
        provider = MeterProvider(readers, resource_of_job(), shutdown_on_exit=False)
        register(provider.get_meter("persona_hub"), look)
        try:
            yield
        finally:
            spend.close()  # after one more look
            look.taken = 0.0
            provider.shutdown()
    failed, exports = sum(reader.failed for reader in readers), sum(reader.exports for reader in readers)
    if failed:
        say(
            f"metrics: {failed} of {exports} exports failed; is a collector where {ENDPOINTS[1]} says?", file=sys.stderr
        )


class Look:
    """The facts of the last moment: all metrics of an export are of the same."""

    def __init__(self, finder: FactFinder, spend: SpendReader, board: Path):
        self.finder, self.spend, self.board = finder, spend, board
        self.started = time.monotonic()
        self.taken = 0.0
        self.facts = Facts(0.0)

    def __call__(self) -> Facts:
        """Looks anew where the last look is not of this export."""
        now = time.monotonic()
        if now - self.taken > SHARED_SECONDS:
            self.facts = self.finder.facts(now - self.started, read_board(self.board), self.spend.stored)
            self.taken = now
        return self.facts


def of_stages(facts: Facts) -> Iterator[tuple[float, dict[str, Any]]]:
    """Questions by stage and by what became of them."""
    for stage in facts.stages:
        for state, n in {"answered": stage.done - stage.lost, "lost": stage.lost}.items():
            yield n, {"stage": stage.stage, "state": state}


def cached_of(facts: Facts) -> Iterator[tuple[float, dict[str, Any]]]:
    """Questions that the store has answered, by stage."""
    for stage in facts.stages:
        yield stage.cached, {"stage": stage.stage}


def budget_of(facts: Facts) -> Iterator[tuple[float, dict[str, Any]]]:
    """The budgets that are set."""
    budget = facts.budget
    for name, n in {"USD": budget.cost_usd, "tokens": budget.tokens, "calls": budget.calls}.items():
        if n:
            yield n, {"unit": name}


# (name, unit, what it is, what is observed); names stay as they are: dashboards use them.
RISING_METRICS: list[tuple[str, str, str, Observe]] = [
    ("documents", "{document}", "documents and rows of given personas that were read", lambda f: [(f.documents, {})]),
    ("rows", "{row}", "rows that dedup has read", lambda f: [(f.rows, {})]),
    ("samples", "{sample}", "samples that a model has written", lambda f: [(f.samples, {})]),
    ("questions", "{question}", "questions that are settled, by stage and state", of_stages),
    ("cached", "{question}", "questions answered by the store", cached_of),
    ("refusals", "{call}", "calls that a server refused, being too busy", lambda f: [(f.refusals, {})]),
    ("retries", "{call}", "calls that were sent again", lambda f: [(f.retries, {})]),
]
STANDING_METRICS: list[tuple[str, str, str, Observe]] = [
    ("personas", "{persona}", "personas so far; dedup takes some away again", lambda f: [(f.personas, {})]),
    ("calls", "{call}", "paid calls of all runs on the response store", lambda f: [(f.spend.calls, {})]),
    (
        "tokens",
        "{token}",
        "tokens of these calls",
        lambda f: [(f.spend.input_tokens, {"type": "input"}), (f.spend.output_tokens, {"type": "output"})],
    ),
    (
        "cost",
        "USD",
        "US dollars of these calls; none where the price is not known",
        lambda f: [] if f.cost_usd is None else [(f.cost_usd, {})],
    ),
    ("budget", "1", "what these may be, by unit", budget_of),
]


def register(meter: Any, look: Look) -> None:
    """Makes an instrument of each row."""

    def observed_by(observe: Observe) -> Callable[[CallbackOptions], Iterable[Observation]]:
        from opentelemetry.metrics import Observation

        return lambda _: [Observation(value, attributes) for value, attributes in observe(look())]

    for make, rows in (
        (meter.create_observable_counter, RISING_METRICS),
        (meter.create_observable_gauge, STANDING_METRICS),
    ):
        for name, unit, about, observe in rows:
            make(f"persona_hub.{name}", [observed_by(observe)], unit, about)


def reader_of(exporter: str) -> CountingReader:
    """What exports at the interval that OTEL_METRIC_EXPORT_INTERVAL says."""
    from persona_hub.pipelines.progress.telemetry_readers import console_reader, otlp_reader

    return otlp_reader() if exporter == BY_OTLP else console_reader()


def resource_of_job() -> Any:
    """Who exports: this service, unless the environment names it otherwise."""
    from importlib.metadata import version

    from opentelemetry.sdk.resources import Resource

    named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    who = {} if named else {"service.name": "persona-hub"}
    return Resource.create({**who, "service.version": version("persona-hub")})


def silence() -> None:
    """The exporter logs each failure with its URL, which may hold a password; failures are counted and told once."""
    for name in ("opentelemetry.exporter", "opentelemetry.sdk.metrics"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
