"""What this process counted itself: requests, calls to the PSA, pushes, folded facts.

One registry per process, made where the process is put together and passed on; no number is global. Labels come from
short fixed lists, never from what callers send.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from typing_extensions import override

REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
PSA_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120)
PUSH_SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400)
FOLD_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class PsaCall(Protocol):
    """One request to ConnectWise (`connectwise.exchange.Call`)."""

    @property
    def method(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def waited(self) -> float: ...
    @property
    def lasted(self) -> float: ...


class Numbers:
    """The counters of one process. Thread-safe. Units: durations in seconds."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._requests = self._counter("http_requests", "HTTP requests answered.", "route", "status")
        self._request_seconds = self._histogram("http_request_seconds", "To the last byte.", REQUEST_SECONDS, "route")
        self._answered: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._called: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._calls = self._counter("psa_calls", "Requests to ConnectWise by what came of them.", "method", "verdict")
        self._call_seconds = self._histogram(
            "psa_call_seconds", "From sending to the whole answer.", PSA_SECONDS, "method"
        )
        self._budget_seconds = self._histogram(
            "psa_budget_wait_seconds", "How long a request waited for the MSP's budget.", PSA_SECONDS
        )
        self._pushes = self._counter("pushes", "Pushes by how they ended.", "kind", "outcome")
        self._push_seconds = self._histogram(
            "push_seconds", "From the recorded act to the verified addition.", PUSH_SECONDS, "kind"
        )
        self._errors = self._counter("logged_errors", "Lines of the log that tell of a bug or worse.", "level")
        for level in ("ERROR", "CRITICAL"):
            self._errors.labels(level)
        self._folded = self._counter("folded_facts", "Facts folded into the views.")
        self._fold_seconds = self._histogram("fold_seconds", "One batch: read, folded, written.", FOLD_SECONDS)

    def answered(self, route: str, status: int, seconds: float) -> None:
        counted = self._answered.get((route, status))
        if counted is None:  # finding them costs more than counting
            counted = self._requests.labels(route, str(status)), self._request_seconds.labels(route)
            self._answered[route, status] = counted
        requests, request_seconds = counted
        requests.inc()
        request_seconds.observe(seconds)

    def psa_called(self, call: PsaCall) -> None:
        counted = self._called.get((call.method, call.verdict))
        if counted is None:  # as above
            counted = self._calls.labels(call.method, call.verdict), self._call_seconds.labels(call.method)
            self._called[call.method, call.verdict] = counted
        calls, call_seconds = counted
        calls.inc()
        call_seconds.observe(call.lasted)
        self._budget_seconds.observe(call.waited)

    def pushed(self, kind: str, outcome: str, seconds: float | None) -> None:
        """`seconds` since the act that made it due; none when nothing was verified."""
        self._pushes.labels(kind, outcome).inc()
        if seconds is not None:
            self._push_seconds.labels(kind).observe(seconds)

    def folded(self, facts: int, seconds: float) -> None:
        self._folded.inc(facts)
        self._fold_seconds.observe(seconds)

    @contextmanager
    def counting_errors(self) -> Iterator[None]:
        """Count what the process logs as an error meanwhile: a bug is logged once, so this counts bugs."""
        handler = _Counting(self._errors)
        logging.getLogger().addHandler(handler)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(handler)

    def look_up(self, ask: Callable[[], Sequence["Gauge"]]) -> None:
        """From now on tell these gauges too, asked for at each reading."""
        self.registry.register(_LookedUp(ask))

    def text(self) -> bytes:
        """Everything the registry knows, as Prometheus reads it (`CONTENT_TYPE`)."""
        return generate_latest(self.registry)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"psa_ledger_{name}", says, labels, registry=self.registry)

    def _histogram(self, name: str, says: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(f"psa_ledger_{name}", says, labels, buckets=buckets, registry=self.registry)


class _Counting(logging.Handler):
    def __init__(self, counter: Counter) -> None:
        super().__init__(logging.ERROR)
        self._counter = counter

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._counter.labels("CRITICAL" if record.levelno >= logging.CRITICAL else "ERROR").inc()


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that is looked up when asked for. Shape: `values` by the values of `labels`, in their order."""

    name: str
    says: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], float]


class _LookedUp(Collector):
    """Gauges that somebody else knows, asked for at each reading."""

    def __init__(self, ask: Callable[[], Sequence[Gauge]]) -> None:
        self._ask = ask

    def describe(self) -> Sequence[Metric]:
        """Nothing: so that registering does not ask."""
        return ()

    def collect(self) -> Iterator[Metric]:
        for gauge in self._ask():
            family = GaugeMetricFamily(f"psa_ledger_{gauge.name}", gauge.says, labels=gauge.labels)
            for labels, value in gauge.values.items():
                family.add_metric(labels, value)
            yield family
