"""An Envoy rate limit service on loopback: fixed windows by domain and descriptor, as the reference has them."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import grpc
from apache_beam.io.components.rate_limit_pb2 import (  # type: ignore[attr-defined]
    RateLimitRequest,
    RateLimitResponse,
)

SERVICE = "envoy.service.ratelimit.v3.RateLimitService"
Key = tuple[str, tuple[tuple[str, str], ...]]  # (domain, entries of a descriptor)


class EnvoyServer:
    """Allows so many hits of a unit in each window; units without a limit are let through."""

    def __init__(self, limits: dict[str, int], window: float = 0.5):
        self.limits, self.window = limits, window
        self.hits: Counter[tuple[Key, int]] = Counter()  # in each window
        self.allowed: Counter[Key] = Counter()
        self.refused = 0
        self.server = grpc.server(ThreadPoolExecutor(1))
        handler = grpc.unary_unary_rpc_method_handler(
            self.should_rate_limit, RateLimitRequest.FromString, RateLimitResponse.SerializeToString
        )
        self.server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {"ShouldRateLimit": handler}),)
        )
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"

    def should_rate_limit(self, request: RateLimitRequest, _: object) -> RateLimitResponse:
        [descriptor] = request.descriptors
        key = (request.domain, tuple((entry.key, entry.value) for entry in descriptor.entries))
        now = time.monotonic()
        window = int(now / self.window)
        self.hits[key, window] += request.hits_addend
        most = self.limits.get(dict(key[1])["unit"])
        over = most is not None and self.hits[key, window] > most
        answer = RateLimitResponse(overall_code="OVER_LIMIT" if over else "OK")
        status = answer.statuses.add(code=answer.overall_code)
        status.duration_until_reset.FromMilliseconds(1 + int(1000 * (self.window - now % self.window)))
        if over:
            self.refused += 1
        else:
            self.allowed[key] += request.hits_addend
        return answer

    def __enter__(self) -> EnvoyServer:
        self.server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.server.stop(0)
