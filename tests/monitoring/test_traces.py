"""One story, one trace: from the request to its push, over processes, and nothing where nothing is traced."""

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry.traces import NOT_TRACED, Traces, open_traces, story_ids, traces_to
from tests.inline_jobs import answered_by
from tests.monitoring.conftest import Watched
from tests.scenarios.acts import start
from tests.workers.system import System
from workers.actors import answers
from workers.dispatch import Dispatcher

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traces(exporter: InMemorySpanExporter) -> Iterator[Traces]:
    opened = open_traces(SimpleSpanProcessor(exporter), "test")
    yield opened
    opened.close()


def ids(span: ReadableSpan) -> tuple[int, int]:
    context = span.get_span_context()
    assert context is not None
    return context.trace_id, context.span_id


def test_a_push_is_a_span_below_the_request_that_made_it_due(
    watched: Watched, traces: Traces, exporter: InMemorySpanExporter
) -> None:
    system = traced(watched.system, traces)
    start(system)
    exporter.clear()

    [entry] = system.licenses("globex", delta=1)
    with traces.request("POST /graphql", entry.correlation_id, CALLER):
        pass
    system.settle()

    [request] = [span for span in exporter.get_finished_spans() if span.name == "POST /graphql"]
    [push] = [span for span in exporter.get_finished_spans() if span.name == "push"]
    assert push.parent is not None
    assert story_ids(entry.correlation_id) == ids(request) == (push.parent.trace_id, push.parent.span_id)
    assert [0x0AF7651916CD43DD8448EB211C80319C] == [link.context.trace_id for link in request.links]


def test_a_call_to_connectwise_is_a_span_below_the_push(traces: Traces, exporter: InMemorySpanExporter) -> None:
    with traces.step("push", "story-1", {}):
        traces.done("ConnectWise PATCH", 0.25, {"verdict": "ok"})

    call, push = exporter.get_finished_spans()
    assert call.parent is not None
    assert ids(push) == (call.parent.trace_id, call.parent.span_id)
    assert call.start_time is not None
    assert call.end_time is not None
    assert 250_000_000 == call.end_time - call.start_time


def test_lines_of_the_log_carry_the_ids_of_the_trace(traces: Traces) -> None:
    trace_id, span_id = story_ids("story-2")

    with traces.request("POST /graphql", "story-2", None):
        inside = traces.ids()

    assert {"trace_id": f"{trace_id:032x}", "span_id": f"{span_id:016x}"} == inside
    assert {} == traces.ids()


def test_an_error_is_told_by_its_type_alone(traces: Traces, exporter: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="hunter2"), traces.step("push", "story-3", {}):
        raise ValueError("the password is hunter2")

    [span] = exporter.get_finished_spans()
    assert "ValueError" == span.status.description
    assert "hunter2" not in span.to_json()


def test_a_call_outside_of_a_story_is_no_span(traces: Traces, exporter: InMemorySpanExporter) -> None:
    traces.done("ConnectWise GET", 0.1, {})

    assert () == exporter.get_finished_spans()


def test_spans_reach_a_collector_before_the_process_ends() -> None:
    with collector() as (url, received), traces_to(url, "test") as traces:
        with traces.step("push", "story-4", {"lane": "ACT"}):
            pass
        traces.close()

    spans = sent_spans(received)
    assert [(story_ids("story-4")[0], "push")] == [(int.from_bytes(span.trace_id), span.name) for span in spans]


def test_without_a_collector_the_sdk_is_not_even_loaded() -> None:
    asked = (
        "import sys, api.app, workers.main, projections.follower\n"
        "from telemetry.traces import NOT_TRACED, traces_to\n"
        "with traces_to(None, 'api') as traces: assert traces is NOT_TRACED\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()
    assert {} == NOT_TRACED.ids()


def traced(system: System, traces: Traces) -> System:
    """The same system, whose workers trace what they do."""
    tools = replace(system.tools, traces=traces)
    doing = answers(tools)
    numbers = iter(range(10_000))
    dispatcher = Dispatcher(
        tools.pool,
        answered_by(lambda job, *arguments: doing[job](*arguments)),
        timing=tools.timing,
        new_holder=lambda: f"traced-{next(numbers)}",
    )
    return replace(system, tools=tools, dispatcher=dispatcher)


def sent_spans(received: Sequence[ExportTraceServiceRequest]) -> list[Span]:
    return [
        span
        for request in received
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


@contextmanager
def collector() -> Iterator[tuple[str, Sequence[ExportTraceServiceRequest]]]:
    """Takes what an exporter sends, as a collector does."""
    received: list[ExportTraceServiceRequest] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/traces", received
        finally:
            server.shutdown()
            thread.join()
