"""A run is followed while it goes on, over server-sent events and WebSocket, by good and by bad clients."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from threading import Condition
from typing import Any

import pytest

from domain.addition import ADDITION
from domain.connection import CONNECTION
from domain.run import RUN
from domain.streams import addition_stream, connection_stream, run_stream
from domain.values import RunId
from tests.api.harness import Served
from tests.syncing.many import Many, many_organizations
from tests.syncing.whole import SYNC_NOW

PROGRESS = """subscription ($r: ID!) { runProgress(run: $r) { status lineCount progress { state count } } }"""
WITHIN_SECONDS = 300
PUSH = "addition.push"
SOME, THOUSAND = 15, pytest.param(1_000, marks=pytest.mark.long)

Event = dict[str, Any]
Follow = Callable[[Many, str], "AsyncIterator[Event]"]


@pytest.fixture
def many(served: Served, simulator_url: str, request: pytest.FixtureRequest) -> Iterator[Many]:
    with many_organizations(served, simulator_url, getattr(request, "param", SOME)) as ready:
        yield ready


async def over_sse(many: Many, run: str) -> AsyncIterator[Event]:
    """What a client of server-sent events is told, until the stream ends or the client leaves."""
    async with streaming(many, run) as sent:
        text = ""
        while True:
            message = await sent.get()
            text += message.get("body", b"").decode()
            *whole, text = text.split("\r\n\r\n")
            for one in whole:
                if one.startswith("event: next"):
                    yield json.loads(one.split("data: ", 1)[1])["data"]["runProgress"]
            if not message.get("more_body", False) and message["type"] == "http.response.body":
                return


@asynccontextmanager
async def streaming(
    many: Many, run: str, send: Callable[[Any], Coroutine[Any, Any, None]] | None = None
) -> AsyncIterator["asyncio.Queue[Any]"]:
    """A request for server-sent events, driven by hand; what is sent arrives in the queue, or at `send`."""
    headers = {
        "authorization": f"Bearer {many.ledger.admin.token}",
        "accept": "text/event-stream",
        "content-type": "application/json",
    }
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("api.test", 80), "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    sent: asyncio.Queue[Any] = asyncio.Queue()
    body = json.dumps({"query": PROGRESS, "variables": {"r": run}}).encode()
    inbox.put_nowait({"type": "http.request", "body": body, "more_body": False})
    task = asyncio.create_task(many.ledger.api.served.app(scope, inbox.get, send or sent.put))
    try:
        yield sent
    finally:
        inbox.put_nowait({"type": "http.disconnect"})
        task.cancel()
        await asyncio.wait([task])


async def over_websocket(many: Many, run: str) -> AsyncIterator[Event]:
    """What a client of graphql-transport-ws is told, until the subscription is complete or the client leaves."""
    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws", "path": "/graphql",
        "raw_path": b"/graphql", "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("api.test", 80), "headers": [(b"host", b"api.test")], "subprotocols": ["graphql-transport-ws"],
    }  # fmt: skip
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    sent: asyncio.Queue[Any] = asyncio.Queue()

    def say(message: Event) -> None:
        inbox.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    inbox.put_nowait({"type": "websocket.connect"})
    task = asyncio.create_task(many.ledger.api.served.app(scope, inbox.get, sent.put))
    try:
        assert (await sent.get())["type"] == "websocket.accept"
        say({"type": "connection_init", "payload": {"Authorization": f"Bearer {many.ledger.admin.token}"}})
        assert json.loads((await sent.get())["text"])["type"] == "connection_ack"
        say({"id": "1", "type": "subscribe", "payload": {"query": PROGRESS, "variables": {"r": run}}})
        while (message := json.loads((await sent.get())["text"]))["type"] == "next":
            yield message["payload"]["data"]["runProgress"]
        assert message["type"] == "complete"
    finally:
        inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait([task])


def done(event: Event) -> int:
    """How many lines have an outcome. Before the plan there are none; of a finished run all have one."""
    return sum(one["count"] for one in event["progress"] if one["state"] != "WAITING")


def outcomes_by_facts(many: Many, run: str) -> dict[str, int]:
    """What the additions' own streams say became of the run's lines."""
    ledger = many.ledger
    journal = ledger.tools.journal
    live = journal.state(CONNECTION, connection_stream(ledger.msp)).state.live
    planned = journal.state(RUN, run_stream(ledger.msp, RunId(run))).state.planned
    assert live is not None
    assert planned is not None
    streams = [addition_stream(ledger.msp, live.tenant, line.agreement, line.product) for line in planned.lines]
    states = journal.states(ADDITION, streams)
    return dict(Counter(one.state.outcomes[RunId(run)].value for one in states.values()))


class Together:
    """Workers that wait for those who follow: before the first push, and again after a third of all pushes.

    Else a run is over before anybody has seen its middle, on a machine that is slow to serve and quick to push.
    """

    def __init__(self, lines: int) -> None:
        self._lines = lines
        self._pushes = 0
        self._told: dict[str, int] = {}
        self._moved = Condition()

    def follower(self, name: str) -> Callable[[Event], None]:
        """Somebody the workers wait for; to be called with each event that he is told."""
        self._told[name] = -1

        def told(event: Event) -> None:
            with self._moved:
                self._told[name] = done(event)
                self._moved.notify_all()

        return told

    def before_job(self, job: str) -> None:
        if job != PUSH:
            return
        if self._pushes == 0:
            self._wait_until_told(0)
        if self._pushes == self._lines // 3:
            self._wait_until_told(1)
        self._pushes += 1

    def _wait_until_told(self, least: int) -> None:
        with self._moved:
            assert self._moved.wait_for(lambda: min(self._told.values()) >= least, WITHIN_SECONDS), self._told


async def all_of(events: AsyncIterator[Event], told: Callable[[Event], None]) -> list[Event]:
    seen = []
    async for event in events:
        seen.append(event)
        told(event)
    return seen


async def followed(many: Many, together: Together, *followers: Coroutine[Any, Any, Any]) -> list[Any]:
    """Let the run be carried out in a thread while clients follow it."""
    many.ledger.before_job = together.before_job
    async with asyncio.timeout(WITHIN_SECONDS):
        clients = [asyncio.create_task(follower) for follower in followers]
        await asyncio.to_thread(many.settle)
        return list(await asyncio.gather(*clients))


@pytest.mark.parametrize("many", [SOME, THOUSAND], indirect=True)
def test_progress_never_goes_back_and_ends_with_what_the_facts_say(many: Many) -> None:
    run = many.ledger.run_of(SYNC_NOW)
    together = Together(many.lines)
    clients = [
        all_of(over_sse(many, run), together.follower("events")),
        all_of(over_websocket(many, run), together.follower("websocket")),
    ]

    told = many.ledger.api.served.portal.call(followed, many, together, *clients)

    facts = outcomes_by_facts(many, run)
    for events in told:
        progress = [done(event) for event in events]
        assert sorted(progress) == progress
        assert len(set(progress)) > 2
        assert ("FINISHED", many.lines) == (events[-1]["status"], events[-1]["lineCount"])
        assert facts == {one["state"]: one["count"] for one in events[-1]["progress"]}
    assert {"UNCHANGED": many.lines} == facts


@pytest.mark.parametrize("follow", [over_sse, over_websocket])
def test_a_client_that_comes_back_in_the_middle_misses_nothing(many: Many, follow: Follow) -> None:
    run = many.ledger.run_of(SYNC_NOW)
    together = Together(many.lines)
    told = together.follower("client")

    async def leave_and_come_back() -> tuple[list[Event], list[Event]]:
        before = []
        events = follow(many, run)
        async for event in events:
            before.append(event)
            told(event)
            if done(event) > 0:
                break
        await events.aclose()  # type: ignore[attr-defined]  # it is a generator
        return before, await all_of(follow(many, run), told)

    [(before, after)] = many.ledger.api.served.portal.call(followed, many, together, leave_and_come_back())

    progress = [done(event) for event in (*before, *after)]
    assert sorted(progress) == progress
    assert 0 < done(before[-1]) < many.lines
    assert ("FINISHED", {"UNCHANGED": many.lines}) == (
        after[-1]["status"],
        {one["state"]: one["count"] for one in after[-1]["progress"]},
    )


def test_clients_that_never_read_keep_neither_the_run_nor_others_waiting(many: Many) -> None:
    run = many.ledger.run_of(SYNC_NOW)
    stuck = asyncio.Semaphore(0)

    async def never_reads(message: Any) -> None:
        if message["type"] == "http.response.body":
            stuck.release()
            await asyncio.Event().wait()

    async def with_stuck_clients() -> list[Event]:
        async with (
            streaming(many, run, never_reads),
            streaming(many, run, never_reads),
            streaming(many, run, never_reads),
        ):
            # The run does not begin before all three have been sent something, which they never read.
            async with asyncio.timeout(WITHIN_SECONDS):
                for _ in range(3):
                    await stuck.acquire()
            together = Together(many.lines)
            reader = all_of(over_sse(many, run), together.follower("reader"))
            [told] = await followed(many, together, reader)
            events: list[Event] = told
            return events

    events = many.ledger.api.served.portal.call(with_stuck_clients)

    assert stuck.locked(), "each was sent one message and no other"
    assert ("FINISHED", many.lines) == (events[-1]["status"], done(events[-1]))
