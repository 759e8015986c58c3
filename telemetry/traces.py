"""Traces from a request to its push, when an operator names a collector; otherwise nothing, at no cost.

A story has one name already: the correlation id of the request that began it, which every fact, due row and push of it
carries. The story's trace id is worked out from that name, and so is the id of the request's own span. So nothing more
has to travel: a worker that takes up a push hours later, after any number of restarts, knows which trace it belongs to
and below which span. A caller's own trace (`traceparent`) is linked to, not joined: our ids stay ours.

Spans carry kinds, counts and outcomes; no name of an organization, no quantity, no text of a query.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

Attributes = Mapping[str, str | int | bool]
FLUSH_MILLISECONDS = 3_000


class Traces(Protocol):
    """What the rest of the program asks to be traced."""

    def request(self, name: str, correlation: str, traceparent: str | None) -> AbstractContextManager[None]:
        """The work on one request, the first span of its story."""
        ...

    def step(self, name: str, correlation: str, attributes: Attributes) -> AbstractContextManager[None]:
        """A later piece of work of a story, in whatever process."""
        ...

    def done(self, name: str, seconds: float, attributes: Attributes) -> None:
        """Something that lasted so long and ends now, within the span of this thread; nothing outside of one."""
        ...

    def ids(self) -> Mapping[str, object]:
        """The ids for a line of the log that is said now."""
        ...

    def close(self) -> None:
        """Send what is left."""
        ...


class NoTraces:
    """Nothing is traced."""

    def request(self, name: str, correlation: str, traceparent: str | None) -> AbstractContextManager[None]:
        return nullcontext()

    def step(self, name: str, correlation: str, attributes: Attributes) -> AbstractContextManager[None]:
        return nullcontext()

    def done(self, name: str, seconds: float, attributes: Attributes) -> None:
        return None

    def ids(self) -> Mapping[str, object]:
        return {}

    def close(self) -> None:
        return None


NOT_TRACED = NoTraces()


@contextmanager
def traces_to(url: str | None, process: str) -> Iterator[Traces]:
    """Traces that go to a collector in batches, or nowhere without a URL; sends what is left at the end."""
    if url is None:
        yield NOT_TRACED
        return
    # Loading the SDK takes half a second and 20 MB, which only those pay who trace.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - see above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - see above

    traces = open_traces(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=5)), process)
    try:
        yield traces
    finally:
        traces.close()


def open_traces(processor: "SpanProcessor", process: str) -> Traces:
    """Traces whose finished spans a processor takes."""
    from telemetry.spans import Spans  # noqa: PLC0415 - loads the SDK

    return Spans(processor, process)


def story_ids(correlation: str) -> tuple[int, int]:
    """The trace id of a story and the id of its first span; never zero, which the standard forbids.

    Source: W3C Trace Context §3.2.2.3 and §3.2.2.4.

    >>> trace, span = story_ids("3f0c")
    >>> (trace, span) == story_ids("3f0c"), trace.bit_length() <= 128, span.bit_length() <= 64
    (True, True, True)
    """
    digest = sha256(f"psa-ledger story {correlation}".encode()).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1
