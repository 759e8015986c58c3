"""Subscriptions: over server-sent events and over WebSocket, for callers with a valid token only.

The applications' streams are driven by hand, message by message, because the HTTP client for tests waits for the end.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from strawberry.http.streaming import SSETransport
from strawberry.types import ExecutionResult

from api.app import create_app
from api.gateway import Gateway
from api.paging import cursor
from api.schema import build_schema
from api.tokens import Principal, Remembering
from domain.run import RUN, finish_run
from domain.streams import run_stream
from domain.values import MspId, RunId
from journal.entry import Actor, Origin, Role
from tests.api.given import connected, new_organization, registered, with_products
from tests.api.harness import Api, Caller, SimulatedTenant
from tests.api.operations import CANCEL_RUN, SYNC_NOW

FACTS = "subscription ($a: String) { facts(after: $a) { cursor node { factType organization } } }"
PROGRESS = "subscription ($r: ID!) { runProgress(run: $r) { id status progress { state count } } }"
WITHIN_SECONDS = 120


EVENTS = {
    "accept": "text/event-stream",
    "accept-encoding": "gzip",  # which must not compress events: they are read as they come
    "content-type": "application/json",
}


def sse_scope(headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("api.test", 80), "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip


def told(
    caller: Caller,
    query: str,
    *,
    count: int | None = None,
    meanwhile: Callable[[], None] | None = None,
    **variables: Any,
) -> list[Any]:
    """What a subscription over server-sent events tells: so many events, or all of them until it ends."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"authorization": f"Bearer {caller.token}", **EVENTS}
    portal = caller.api.served.portal
    return portal.call(_told_over_sse, caller.api, headers, body, count, meanwhile)


async def _told_over_sse(
    api: Api, headers: Mapping[str, str], body: bytes, count: int | None, meanwhile: Callable[[], None] | None
) -> list[Any]:
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    sent: asyncio.Queue[Any] = asyncio.Queue()
    inbox.put_nowait({"type": "http.request", "body": body, "more_body": False})
    task = asyncio.create_task(api.served.app(sse_scope(headers), inbox.get, sent.put))
    events: list[Any] = []
    async with asyncio.timeout(WITHIN_SECONDS):
        assert (await sent.get())["status"] == 200
        if meanwhile is not None:
            await asyncio.to_thread(meanwhile)
        text = ""
        while count is None or len(events) < count:
            message = await sent.get()
            text += message.get("body", b"").decode()
            *whole, text = text.split("\r\n\r\n")
            events += [json.loads(one.split("data: ", 1)[1]) for one in whole if one.startswith("event: next")]
            if not message.get("more_body", False):
                break
        inbox.put_nowait({"type": "http.disconnect"})
        await task
    return events


def test_facts_are_told_from_a_cursor_on_and_as_they_come(api: Api) -> None:
    registered(api, new_organization("globex"))
    [first] = api.auditor().one("{ history { edges { cursor } } }")["edges"]

    events = told(
        api.auditor(),
        FACTS,
        a=first["cursor"],
        count=2,
        meanwhile=lambda: registered(api, new_organization("initech"), new_organization("hooli")),
    )

    assert [event["data"]["facts"]["node"]["organization"] for event in events] == ["initech", "hooli"]


def test_facts_of_another_msp_are_not_told(api: Api) -> None:
    other = Api(api.served, f"{api.msp}-other")
    registered(api, new_organization("globex"))
    [first] = api.auditor().one("{ history { edges { cursor } } }")["edges"]

    def both() -> None:
        registered(other, new_organization("secret"))
        registered(api, new_organization("initech"))

    events = told(api.auditor(), FACTS, a=first["cursor"], count=1, meanwhile=both)

    assert [event["data"]["facts"]["node"]["organization"] for event in events] == ["initech"]


def test_a_runs_progress_is_told_until_it_is_over(api: Api, tenant: SimulatedTenant) -> None:
    registered(api, new_organization("globex"))
    connected(api, tenant)
    with_products(api, tenant)
    run = api.admin().one(SYNC_NOW, input={})["run"]["id"]

    def cancelled_and_reported() -> None:
        api.admin().one(CANCEL_RUN, input={"run": run})
        worker = Origin(Actor("worker", Role.WORKER), "job-1", "story-1")
        stream = run_stream(MspId(api.msp), RunId(run))
        api.parts.journal.execute(RUN, stream, lambda state: finish_run(state, {"NOT_STARTED": 2}), worker)

    events = [
        event["data"]["runProgress"] for event in told(api.admin(), PROGRESS, r=run, meanwhile=cancelled_and_reported)
    ]

    assert events[-1]["status"] == "CANCELLED"
    assert events[-1]["progress"] == [{"state": "NOT_STARTED", "count": 2}]
    assert {event["status"] for event in events} <= {"REQUESTED", "CANCELLED"}


async def _left_over_by_one_who_reads_nothing_and_leaves(api: Api, token: str) -> set["asyncio.Task[Any]"]:
    """The tasks that are still there when the application has done with somebody who left in the middle of an event."""
    is_stuck, inbox = asyncio.Event(), asyncio.Queue[Any]()

    async def never_taken(message: Any) -> None:
        if message["type"] == "http.response.body":
            is_stuck.set()
            await asyncio.Event().wait()

    asked = {"query": FACTS, "variables": {"a": cursor((0,))}}
    inbox.put_nowait({"type": "http.request", "body": json.dumps(asked).encode(), "more_body": False})
    before = asyncio.all_tasks()
    async with asyncio.timeout(WITHIN_SECONDS):
        headers = {"authorization": f"Bearer {token}", **EVENTS}
        task = asyncio.create_task(api.served.app(sse_scope(headers), inbox.get, never_taken))
        await is_stuck.wait()
        inbox.put_nowait({"type": "http.disconnect"})
        await task
    left = asyncio.all_tasks() - before
    # The loop ends generators that nobody holds any more in tasks of their own, which are over in a moment.
    return (await asyncio.wait(left, timeout=5))[1] if left else left


def test_whoever_leaves_in_the_middle_of_an_event_leaves_nothing_behind(api: Api) -> None:
    registered(api, *map(new_organization, ("globex", "initech", "hooli")))

    left = api.served.portal.call(_left_over_by_one_who_reads_nothing_and_leaves, api, api.auditor().token)

    assert set() == left


@pytest.mark.parametrize(("role", "code"), [("platform", "NotAllowed"), ("admin", "UnknownRun")])
def test_what_can_not_be_told_is_refused_by_name(api: Api, role: str, code: str) -> None:
    caller = api.platform() if role == "platform" else api.admin()

    [event] = told(caller, PROGRESS, r="nothing")

    assert event["errors"][0]["extensions"]["code"] == code


class Socket:
    """A WebSocket client of the application, as a server would drive it."""

    def __init__(self, api: Api, app: Starlette | None = None) -> None:
        scope = {
            "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws", "path": "/graphql",
            "raw_path": b"/graphql", "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
            "server": ("api.test", 80), "headers": [(b"host", b"api.test")], "subprotocols": ["graphql-transport-ws"],
        }  # fmt: skip
        self._inbox: asyncio.Queue[Any] = asyncio.Queue()
        self._sent: asyncio.Queue[Any] = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task((app or api.served.app)(scope, self._inbox.get, self._sent.put))

    async def next(self) -> Any:
        message = await self._sent.get()
        return json.loads(message["text"]) if message["type"] == "websocket.send" else message

    def send(self, message: object) -> None:
        self.send_text(json.dumps(message))

    def send_text(self, text: str) -> None:
        self._inbox.put_nowait({"type": "websocket.receive", "text": text})

    async def close(self) -> None:
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self._task


async def _over_websocket(api: Api, init: object, query: str, app: Starlette | None = None) -> list[Any]:
    """The answers to a connection_init and to one subscription."""
    async with asyncio.timeout(WITHIN_SECONDS):
        socket = Socket(api, app)
        assert (await socket.next())["type"] == "websocket.accept"
        socket.send({"type": "connection_init", "payload": init})
        answers = [await socket.next()]
        if answers[0]["type"] == "connection_ack":
            socket.send({"id": "1", "type": "subscribe", "payload": {"query": query}})
            answers.append(await socket.next())
        await socket.close()
        return answers


def test_a_websocket_client_brings_its_token_with_the_first_message(api: Api) -> None:
    answers = api.served.portal.call(
        _over_websocket, api, {"Authorization": f"Bearer {api.admin().token}"}, "{ viewer { role msp } }"
    )

    assert answers[0] == {"type": "connection_ack"}
    assert answers[1]["payload"]["data"]["viewer"] == {"role": "ADMIN", "msp": api.msp}


@pytest.mark.parametrize("init", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": 7}])
def test_a_websocket_client_without_a_valid_token_is_closed(api: Api, init: object) -> None:
    [answer] = api.served.portal.call(_over_websocket, api, init, "{ viewer { role } }")

    assert (answer["type"], answer["code"]) == ("websocket.close", 4403)


async def _after(api: Api, first: Sequence[object], text: str) -> Any:
    """What follows one message, after some others that are answered with one message each."""
    async with asyncio.timeout(WITHIN_SECONDS):
        socket = Socket(api)
        await socket.next()
        for message in first:
            socket.send(message)
            await socket.next()
        socket.send_text(text)
        answer = await socket.next()
        await socket.close()
        return answer


NO_MESSAGES = {
    "a number": "7",
    "a list": "[1]",
    "nothing": "null",
    "brackets without end": "[" * 100_000,
    "half a letter": '{"type": "\\ud800"}',
    "a number of too many digits": "9" * 5_000,
    "a type that is a list": '{"type": ["ping"]}',
    "the end of a list": '{"type": "complete", "id": []}',
    "a subscription to a number": '{"type": "subscribe", "id": "1", "payload": 7}',
    "a subscription under a list": '{"type": "subscribe", "id": [], "payload": {"query": "{ viewer { role } }"}}',
    "a query that is a number": '{"type": "subscribe", "id": "1", "payload": {"query": 7}}',
    "variables that are a number": (
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { role } }", "variables": 7}}'
    ),
    "an operation named by a number": (
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { role } }", "operationName": 7}}'
    ),
}


@pytest.mark.parametrize("what", NO_MESSAGES)
@pytest.mark.parametrize("is_let_in", [False, True])
def test_what_is_no_message_closes_the_socket_and_is_no_error_of_ours(
    api: Api, caplog: pytest.LogCaptureFixture, what: str, is_let_in: bool
) -> None:
    init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {api.admin().token}"}}

    answer = api.served.portal.call(_after, api, [init] if is_let_in else [], NO_MESSAGES[what])

    assert (answer["type"], answer["code"]) == ("websocket.close", 4400)
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


def test_the_reason_for_which_a_socket_is_closed_fits_into_its_frame(api: Api) -> None:
    answer = api.served.portal.call(_after, api, [], json.dumps({"type": "€" * 200}))

    assert (answer["type"], answer["code"]) == ("websocket.close", 4400)
    assert len(answer["reason"].encode()) <= 123


@pytest.mark.parametrize("asked", [{"query": "{ viewer { role } }", "operationName": "Other"}, {"query": ""}])
def test_a_message_without_an_operation_is_told_so(
    api: Api, caplog: pytest.LogCaptureFixture, asked: Mapping[str, str]
) -> None:
    init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {api.admin().token}"}}

    answer = api.served.portal.call(_after, api, [init], json.dumps({"type": "subscribe", "id": "1", "payload": asked}))

    assert answer["type"] == "error"
    assert [error["extensions"]["code"] for error in answer["payload"]] == ["NoOperation"]
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


@dataclass(frozen=True)
class Over:
    """Believes any token, as one of an admin that expired a minute ago: like a socket that is open for too long."""

    msp: str

    def verify(self, _: str) -> Principal:
        return Principal("me", Role.ADMIN, MspId(self.msp), datetime.now(UTC) - timedelta(minutes=1))


def over(api: Api) -> Starlette:
    return create_app(replace(api.parts, tokens=Remembering(Over(api.msp))))


@pytest.mark.parametrize("query", ["{ viewer { role } }", "subscription { facts { cursor } }"])
def test_nothing_is_asked_over_a_socket_whose_token_has_expired(api: Api, query: str) -> None:
    answers = api.served.portal.call(_over_websocket, api, {"Authorization": "Bearer any"}, query, over(api))

    assert answers[0] == {"type": "connection_ack"}
    told_so = answers[1]["payload"]
    errors = told_so["errors"] if isinstance(told_so, dict) else told_so
    assert [error["extensions"]["code"] for error in errors] == ["Unauthenticated"]


def test_a_tail_with_much_to_tell_ends_with_its_token_too(api: Api) -> None:
    registered(api, *[new_organization(f"organization-{number}") for number in range(250)])
    late = replace(api, served=replace(api.served, app=over(api)))

    events = told(Caller(late, "any"), FACTS, a=cursor((0,)))

    assert len(events) == 100


WRONG = {
    "no document": ("{ viewer", ""),
    "a document too deep": ("{ viewer " * 20 + "}" * 20, "DocumentTooLarge"),
    "a document too deep to be read": ("{" + "a {" * 2_000, ""),
    "a number of too many digits": ("{ history(first: " + "1" * 200 + ") { totalCount } }", "DocumentTooLarge"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_document_is_told_over_server_sent_events_too(
    api: Api, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    document, code = WRONG[what]

    [event] = told(api.admin(), document)

    assert [code] == [error.get("extensions", {}).get("code", "") for error in event["errors"]]
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_document_is_told_over_a_websocket_too(
    api: Api, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    document, code = WRONG[what]
    init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {api.admin().token}"}}

    answer = api.served.portal.call(
        _after, api, [init], json.dumps({"type": "subscribe", "id": "1", "payload": {"query": document}})
    )

    if code:
        assert [code] == [error["extensions"]["code"] for error in answer["payload"]]
    else:
        assert ("websocket.close", 4400) == (answer["type"], answer["code"])
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


def test_a_follower_who_leaves_leaves_nothing_half_read(api: Api) -> None:
    """Or a loop that ends while others leave would close one thing twice, and log errors about it."""
    is_closed = False

    async def results() -> AsyncGenerator[ExecutionResult, None]:
        nonlocal is_closed
        try:
            while True:
                yield ExecutionResult(data={"facts": 1}, errors=None)
        finally:
            is_closed = True

    async def follow() -> str:
        gateway = Gateway(build_schema(introspection=True), api.parts)
        read: Any = results()
        texts = gateway._stream_result(Request({"type": "http"}), read, SSETransport())()
        while "facts" not in (text := await anext(texts)):
            pass
        await texts.aclose()
        assert is_closed
        return text

    assert '{"facts":1}' in asyncio.run(follow())
