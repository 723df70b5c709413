"""The SDK's exporters, and how often each of them failed. Imports the SDK: loaded where metrics are wanted only."""

from __future__ import annotations

import sys
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    ConsoleMetricExporter,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)


class CountingExporter(MetricExporter):
    """Passes on to `exporter`, and counts."""

    def __init__(self, exporter: MetricExporter):
        super().__init__(exporter._preferred_temporality, exporter._preferred_aggregation)
        self.exporter = exporter
        self.exports, self.failed = 0, 0

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **more: Any) -> MetricExportResult:
        """A failure is counted, whatever it is: metrics never end a job."""
        self.exports += 1
        try:
            result = self.exporter.export(metrics_data, timeout_millis, **more)
        except Exception:
            result = MetricExportResult.FAILURE
        self.failed += result is not MetricExportResult.SUCCESS
        return result

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """As `exporter` does."""
        return self.exporter.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **more: Any) -> None:
        """As `exporter` does."""
        self.exporter.shutdown(timeout_millis, **more)


class CountingReader(PeriodicExportingMetricReader):
    """Exports at the interval that OTEL_METRIC_EXPORT_INTERVAL says."""

    def __init__(self, exporter: MetricExporter):
        self.counting = CountingExporter(exporter)
        super().__init__(self.counting)

    @property
    def exports(self) -> int:
        """Exports so far."""
        return self.counting.exports

    @property
    def failed(self) -> int:
        """Of them, those that failed."""
        return self.counting.failed


def otlp_reader() -> CountingReader:
    """To a collector, as the environment describes it."""
    return CountingReader(OTLPMetricExporter())


def console_reader() -> CountingReader:
    """To standard error, as JSON: standard output is for what a command says."""
    return CountingReader(ConsoleMetricExporter(out=sys.stderr))
