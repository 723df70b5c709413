"""What a step reports to its runner about its calls: counters, distributions, and seconds of throttling."""

from __future__ import annotations

from apache_beam.io.components.adaptive_throttler import ThrottlingSignaler
from apache_beam.metrics import Metrics

from persona_hub.transforms.calls.window import CallWindow
from persona_hub.transforms.counting.tally import Tally


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
