"""Traces by the OpenTelemetry SDK; loaded only where something is traced."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from typing_extensions import override

from telemetry.traces import FLUSH_MILLISECONDS, Attributes, story_ids

_first: ContextVar[tuple[int, int] | None] = ContextVar("ids of the next first span", default=None)


class _StoryIds(IdGenerator):
    """Random ids, except for the first span of a story, which is named by it."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()

    @override
    def generate_trace_id(self) -> int:
        ids = _first.get()
        return self._random.generate_trace_id() if ids is None else ids[0]

    @override
    def generate_span_id(self) -> int:
        ids = _first.get()
        return self._random.generate_span_id() if ids is None else ids[1]


class Spans:
    """See `telemetry.traces.Traces`. Thread-safe."""

    def __init__(self, processor: SpanProcessor, process: str) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": f"psa-ledger-{process}", "service.namespace": "psa-ledger"}),
            id_generator=_StoryIds(),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("psa_ledger")

    @contextmanager
    def request(self, name: str, correlation: str, traceparent: str | None) -> Iterator[None]:
        links = []
        if traceparent is not None:
            carried = TraceContextTextMapPropagator().extract({"traceparent": traceparent})
            theirs = trace.get_current_span(carried).get_span_context()
            links = [Link(theirs)] if theirs.is_valid else []
        naming = _first.set(story_ids(correlation))
        try:
            span = self._tracer.start_span(
                name,
                context=trace.set_span_in_context(trace.INVALID_SPAN),
                kind=SpanKind.SERVER,
                links=links,
                attributes={"psa_ledger.correlation": correlation},
            )
        finally:
            _first.reset(naming)
        with _current(span):
            yield

    @contextmanager
    def step(self, name: str, correlation: str, attributes: Attributes) -> Iterator[None]:
        trace_id, span_id = story_ids(correlation)
        parent = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        span = self._tracer.start_span(
            name,
            context=trace.set_span_in_context(NonRecordingSpan(parent)),
            kind=SpanKind.CONSUMER,
            attributes={"psa_ledger.correlation": correlation, **attributes},
        )
        with _current(span):
            yield

    def done(self, name: str, seconds: float, attributes: Attributes) -> None:
        if not trace.get_current_span().is_recording():
            return
        end = time.time_ns()
        span = self._tracer.start_span(
            name, kind=SpanKind.CLIENT, start_time=end - round(seconds * 1e9), attributes=dict(attributes)
        )
        span.end(end)

    def ids(self) -> Mapping[str, object]:
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return {}
        return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}

    def close(self) -> None:
        self._provider.force_flush(FLUSH_MILLISECONDS)
        self._provider.shutdown()


@contextmanager
def _current(span: trace.Span) -> Iterator[None]:
    """The span of this thread or task as long as the context lasts. Of an error only the type is told."""
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
