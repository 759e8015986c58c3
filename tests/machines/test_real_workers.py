"""A whole ledger over each broker, with real workers: the broker is killed and comes back empty; traces are sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from telemetry.traces import story_ids
from tests.databases import Template
from tests.monitoring.test_traces import collector, sent_spans
from tests.torture.test_real_processes import Workers, introduce, is_held, real_workers
from tests.workers.broker_servers import BrokerServer, RabbitServer, RedisServer

pytestmark = pytest.mark.long


@contextmanager
def workers_over(server: BrokerServer, template: Template, directory: Path) -> Iterator[Workers]:
    with real_workers(template, directory, BROKER_URL=server.url) as workers:
        yield workers


@pytest.mark.parametrize("kind", [RedisServer, RabbitServer])
def test_a_broker_that_is_killed_and_comes_back_empty_loses_nothing(
    kind: type[BrokerServer], template: Template, tmp_path: Path
) -> None:
    with kind.running(tmp_path) as server, workers_over(server, template, tmp_path) as workers:
        workers.start()
        workers.start()
        introduce(workers.system)
        workers.until("the addition is created", lambda: is_held(workers.system, 12))

        server.stop()
        workers.system.licenses("globex", delta=3)
        workers.until("both find out", lambda: workers.said().count("the broker takes no messages") >= 1)
        server.start()
        workers.until("it is pushed", lambda: is_held(workers.system, 15))
        workers.system.licenses("globex", delta=1)
        workers.until("the next one too", lambda: is_held(workers.system, 16))

        assert [None, None] == [worker.poll() for worker in workers.running]


def test_a_real_worker_traces_its_pushes_and_their_calls(template: Template, tmp_path: Path) -> None:
    with collector() as (url, received), real_workers(template, tmp_path, TRACES_URL=url) as workers:
        worker = workers.start()
        introduce(workers.system)
        workers.until("the addition is created", lambda: is_held(workers.system, 12))
        worker.terminate()
        worker.wait(120)

    spans = {span.span_id: span for span in sent_spans(received)}
    calls = [span for span in spans.values() if span.name == "ConnectWise POST" and texts_of(span)["verdict"] == "ok"]
    call = calls[0]
    push = spans[call.parent_span_id]
    assert ("push", call.trace_id) == (push.name, push.trace_id)
    assert story_ids(texts_of(push)["psa_ledger.correlation"]) == (
        int.from_bytes(push.trace_id),
        int.from_bytes(push.parent_span_id),
    )


def texts_of(span: Span) -> dict[str, str]:
    """A span's attributes that are texts."""
    return {each.key: each.value.string_value for each in span.attributes}
