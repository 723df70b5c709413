"""Metrics reach a collector by OTLP, where the environment asks for them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.progress.progress import Watched, progress
from persona_hub.pipelines.progress.telemetry import wanted_exporters
from persona_hub.transforms.calls.protocol import Budget
from persona_hub.transforms.counting.board import BOARD_VARIABLE, clear_board
from persona_hub.transforms.counting.tally import Tally

QUIET = Watched(mode="none", budget=Budget(cost_usd=2.5))


class Collector:
    """What a server of OTLP was sent."""

    def __init__(self) -> None:
        self.requests: list[ExportMetricsServiceRequest] = []
        self.headers: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.requests.append(ExportMetricsServiceRequest.FromString(body))
                outer.headers.append(f"{self.path} {self.headers['x-tenant']}")
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def points(self) -> dict[str, dict[tuple[str, ...], float]]:
        """{metric: {values of its attributes: value}} of the last export."""
        found: dict[str, dict[tuple[str, ...], float]] = {}
        for metric in self.requests[-1].resource_metrics[0].scope_metrics[0].metrics:
            data = metric.sum.data_points or metric.gauge.data_points
            found[metric.name] = {
                tuple(one.value.string_value for one in sorted(point.attributes, key=lambda each: each.key)): (
                    point.as_int or point.as_double
                )
                for point in data
            }
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is exported but at the end, and counts of other tests stay out."""
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "3600000")
    monkeypatch.delenv(BOARD_VARIABLE, raising=False)
    yield
    clear_board()


def test_a_collector_gets_the_counts_of_a_job(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=hub")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    with progress(QUIET):
        Tally("read_corpus").inc("documents", 12)
        for name, n in {"asked": 9, "answered": 7, "lost": 1, "calls": 8, "input_tokens": 500, "cached": 3}.items():
            Tally("extract_persona").inc(name, n)
    assert collector.headers == ["/v1/metrics hub"]
    points = collector.points()
    assert points["persona_hub.documents"] == {(): 12}
    assert points["persona_hub.questions"] == {("extract_persona", "answered"): 7, ("extract_persona", "lost"): 1}
    assert points["persona_hub.cached"] == {("extract_persona",): 3}
    assert points["persona_hub.calls"] == {(): 8}
    assert points["persona_hub.tokens"] == {("input",): 500, ("output",): 0}
    assert points["persona_hub.budget"] == {("USD",): 2.5}
    resource = {
        one.key: one.value.string_value for one in collector.requests[0].resource_metrics[0].resource.attributes
    }
    assert resource["service.name"] == "persona-hub"
    assert resource["deployment.environment"] == "test"


def test_counts_rise_and_standing_values_do_not(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"{collector.url}/v1/metrics")
    with progress(QUIET):
        Tally("read_corpus").inc("documents", 1)
    metrics = collector.requests[0].resource_metrics[0].scope_metrics[0].metrics
    rising = {metric.name for metric in metrics if metric.HasField("sum") and metric.sum.is_monotonic}
    assert "persona_hub.documents" in rising
    assert "persona_hub.personas" not in rising  # dedup takes some away again


def test_a_collector_that_is_away_harms_no_job(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    ran = False
    with socket.socket() as deaf:  # has a port, and does not listen
        deaf.bind(("127.0.0.1", 0))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://user:secret@127.0.0.1:{deaf.getsockname()[1]}")
        with progress(QUIET):
            ran = True
    told = capfd.readouterr().err
    assert ran
    assert told == "metrics: 1 of 1 exports failed; is a collector where OTEL_EXPORTER_OTLP_ENDPOINT says?\n"


def test_the_error_of_a_job_is_its_own(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    with pytest.raises(RuntimeError, match="of the job"), progress(QUIET):
        raise RuntimeError("of the job")
    assert len(collector.requests) == 1  # what was counted until then is sent


def test_the_console_shows_them_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "console")
    with progress(QUIET):
        Tally("read_corpus").inc("documents", 4)
    told = capsys.readouterr()
    assert '"persona_hub.documents"' in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, ()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, ("otlp",)),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:4318"}, ("otlp",)),
        ({"OTEL_METRICS_EXPORTER": "otlp, console"}, ("otlp", "console")),
        ({"OTEL_METRICS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, ()),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_METRICS_EXPORTER": "otlp"}, ()),
    ],
)
def test_the_environment_says_where_metrics_go(
    environment: dict[str, str], wanted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wanted_exporters() == wanted


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"OTEL_METRICS_EXPORTER": "prometheus"}, "no exporter 'prometheus'; there are otlp, console, none"),
        (
            {"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL=grpc: only http/protobuf is spoken; collectors take it at port 4318",
        ),
    ],
)
def test_what_cannot_be_done_is_told_before_the_job(
    environment: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=told), progress(QUIET):
        pass
