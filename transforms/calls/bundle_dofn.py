"""BundleDoFn: the life cycle of a step which asks a model through the process's engine, bundle by bundle.

The window of calls spans the bundle. One bundle of two batches, 900 and 300 records, with 64 calls in flight:

    start_bundle    opens the step's bundle on the engine; an engine that has ended is replaced
    process         900 requests are submitted; nothing waits until more are open than the bundle allows
    process         300 more are submitted; what has been answered meanwhile, of either batch, is yielded
    finish_bundle   waits for the rest, and yields it
    teardown        leaves the engine; the last step to leave closes it

When anything fails, in this step or in one that it yields to, the bundle is abandoned: what it has queued is not sent.
A barrier for each batch of 500 reached only 0.27 of the ideal throughput at 256 in flight.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import apache_beam as beam
from apache_beam.io.components.adaptive_throttler import ThrottlingSignaler
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindows

from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.engines import acquire_engine, release_engine
from persona_hub.transforms.calls.protocol import CallKind, ModelConfig
from persona_hub.transforms.calls.window import CallWindow
from persona_hub.transforms.counting.tally import Tally

DEAD_LETTERS = "dead_letters"  # tag of the output for records without an answer


class CallBundle(Protocol):
    """What a step keeps of one bundle."""

    window: CallWindow


B = TypeVar("B", bound=CallBundle)


class BundleDoFn(beam.DoFn, Generic[B]):
    """A step says how a bundle begins (`open_bundle`), what an element asks (`ask`), and what to yield (`outputs`)."""

    kind: ClassVar[CallKind]

    def __init__(self, stage: str, model: ModelConfig):
        self.stage, self.model = stage, model
        self.metrics = CallMetrics(stage)
        self.engine: Engine | None = None
        self.bundle: B | None = None

    def open_bundle(self, engine: Engine) -> B:
        """A new bundle that asks by `engine`."""
        raise NotImplementedError

    def ask(self, bundle: B, element: Any) -> None:
        """Submits what an element asks."""
        raise NotImplementedError

    def outputs(self, bundle: B, last: bool) -> Iterator[Any]:
        """Elements, or TaggedOutputs of them, that are complete; `last`: waits for all that is open."""
        raise NotImplementedError

    def setup(self) -> None:
        """Opens the process's engine, or joins its users."""
        self.engine = acquire_engine(self.model, self.kind)

    def start_bundle(self) -> None:
        """Opens a bundle; an earlier one that never finished has failed."""
        self._abandon()
        if self.engine is None or self.engine.replaceable:
            self.teardown()
            self.setup()
        assert self.engine is not None
        self.bundle = self.open_bundle(self.engine)

    def process(self, element: Any) -> Iterator[Any]:
        """Submits what an element asks, and gives what is complete, of whichever element."""
        assert self.bundle is not None
        try:
            self.ask(self.bundle, element)
            yield from self.outputs(self.bundle, last=False)
            self.metrics.report(self.bundle.window)
        except BaseException:  # a generator that is closed before its end, too: the step after it failed
            self._abandon()
            raise

    def finish_bundle(self) -> Iterator[Any]:
        """Waits for all that is still open."""
        assert self.bundle is not None
        try:
            yield from map(in_global_window, self.outputs(self.bundle, last=True))
            self.metrics.report(self.bundle.window)
            self.bundle = None
        except BaseException:
            self._abandon()
            raise

    def teardown(self) -> None:
        """Leaves the engine; the last to leave closes it."""
        self._abandon()
        if self.engine is not None:
            engine, self.engine = self.engine, None
            release_engine(engine)

    def _abandon(self) -> None:
        if self.bundle is not None:
            bundle, self.bundle = self.bundle, None
            bundle.window.abandon()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "engine": None, "bundle": None}


def in_global_window(output: Any) -> Any:
    """An output of `finish_bundle`, which Beam wants with its window."""
    if isinstance(output, TaggedOutput):
        return TaggedOutput(output.tag, GlobalWindows.windowed_value(output.value))
    return GlobalWindows.windowed_value(output)


class CallMetrics:
    """The counters of one step."""

    def __init__(self, stage: str):
        self.tally = Tally(stage)
        self.latency = Metrics.distribution(stage, "latency_ms")
        self.tokens = Metrics.distribution(stage, "tokens")
        self.throttling = ThrottlingSignaler(stage)
        self.throttled_seconds = 0.0

    def report(self, window: CallWindow) -> None:
        """Reports what a window has counted since the last time. Counters work on the bundle's own thread only."""
        for name, n in window.counts.items():
            if n:
                self.tally.report(name, n)  # the board had it when it was counted
        window.counts.clear()
        for outcome in window.paid:
            self.latency.update(round(outcome.seconds * 1000))
            self.tokens.update(outcome.answer.input_tokens + outcome.answer.output_tokens)
        window.paid.clear()
        self.throttled_seconds += window.engine.throttle.take_seconds()
        if self.throttled_seconds >= 1:  # the signal is in whole seconds
            self.throttling.signal_throttled(int(self.throttled_seconds))
            self.throttled_seconds %= 1
