"""What a step tells its runner of its calls: counters, distributions, and the time in which a server held them back."""

from __future__ import annotations

from apache_beam.io.components.adaptive_throttler import ThrottlingSignaler
from apache_beam.metrics import Metrics

from persona_hub.transforms.calls.window import Window
from persona_hub.transforms.counting.tally import Tally


class Meter:
    """The counters of one step."""

    def __init__(self, stage: str):
        self.tally = Tally(stage)
        self.latency = Metrics.distribution(stage, "latency_ms")
        self.tokens = Metrics.distribution(stage, "tokens")
        self.throttling = ThrottlingSignaler(stage)
        self.throttled = 0.0

    def read(self, window: Window) -> None:
        """Takes over what a window has counted. Counters work on the bundle's own thread only."""
        for name, n in window.counts.items():
            self.tally.inc(name, n)
        window.counts.clear()
        for outcome in window.paid:
            self.latency.update(round(outcome.seconds * 1000))
            self.tokens.update(outcome.answer.input_tokens + outcome.answer.output_tokens)
        window.paid.clear()
        self.throttled += window.engine.held_back.take()
        if self.throttled >= 1:  # the signal is in whole seconds
            self.throttling.signal_throttled(int(self.throttled))
            self.throttled %= 1
