"""Prometheus metrics, in a registry of the application's own; names in docs/metrics.md."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """What the server counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "handtint_requests",
            "Answers by route and code (ok, or the code of the problem).",
            ("route", "code"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "handtint_request_seconds",
            "Time from the whole request to the whole answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.step_seconds = Histogram(
            "handtint_step_seconds",
            "Time of the steps: decode, wait, encode, render, write.",
            ("step",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.pixels = Counter(
            "handtint_pixels", "Pixels of coloured answers.", registry=self.registry
        )
        self.faults = Counter(
            "handtint_engine_faults", "Unexpected errors.", registry=self.registry
        )
        self.refused = Counter(
            "handtint_refused",
            "Requests refused by their header section.",
            ("code",),
            registry=self.registry,
        )

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """A gauge that is read when it is asked for."""
        Gauge(name, text, registry=self.registry).set_function(value)

    def render(self) -> bytes:
        """The text for `GET /metrics`."""
        return generate_latest(self.registry)
