"""HTTP as our server speaks it: what one connection can make it hold, and who gets which answer on it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from typing_extensions import override
from uvicorn.server import ServerState

from api.server import LARGEST_HEAD, MOST_AHEAD, BoundedProtocol

ASK = b"GET /names HTTP/1.1\r\nHost: x\r\n\r\n"
PIECE = 16 * 1024


class Wire(asyncio.Transport):
    """The client's end of a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.said = b""
        self.is_closed = False
        self.protocol: asyncio.BaseProtocol | None = None

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.is_closed:
            self.said += bytes(data)

    @override
    def close(self) -> None:
        self.is_closed = True

    @override
    def is_closing(self) -> bool:
        return self.is_closed

    @override
    def pause_reading(self) -> None:
        """Whoever tells the server something here goes on telling."""

    @override
    def resume_reading(self) -> None:
        """As above."""

    @override
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    @property
    def statuses(self) -> list[int]:
        return [int(part[:3]) for part in self.said.split(b"HTTP/1.1 ")[1:]]

    @property
    def bodies(self) -> list[bytes]:
        return [part.partition(b"\r\n\r\n")[2] for part in self.said.split(b"HTTP/1.1 ")[1:]]


class Served:
    """One connection to an application of three routes; `let` lets the slow one answer."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.broken_off: list[str] = []
        routes = [
            Route("/names", self._names, methods=["GET", "POST"]),
            Route("/slow", self._slow, methods=["POST"]),
        ]
        config = uvicorn.Config(Starlette(routes=routes), http=BoundedProtocol, lifespan="off", log_config=None)
        config.load()
        self.state = ServerState()
        self.protocol = BoundedProtocol(config, self.state, {})
        self.wire = Wire()
        self.protocol.connection_made(self.wire)

    async def _names(self, request: Request) -> Response:
        """The names of the request's headers, and what its body was."""
        body = await request.body()
        return PlainTextResponse(",".join(request.headers) + "|" + body.decode())

    async def _slow(self, request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            self.broken_off.append(request.url.path)
            raise
        await self.let.wait()
        return PlainTextResponse(body)

    def hears(self, *pieces: bytes) -> int:
        """How many bytes the server took before it closed the connection."""
        taken = 0
        for piece in pieces:
            if self.wire.is_closed:
                break
            self.protocol.data_received(piece)
            taken += len(piece)
        if self.wire.is_closed:
            self.protocol.connection_lost(None)
        return taken

    async def settled(self) -> None:
        """Whatever can be answered is."""
        for _ in range(1_000):
            await asyncio.sleep(0)


Story = Callable[[Served], Awaitable[None]]


def told(story: Story) -> None:
    async def tell() -> None:
        served = Served()
        await story(served)
        served.let.set()
        await served.settled()
        served.protocol.connection_lost(None)
        await served.settled()
        assert not served.state.tasks

    asyncio.run(tell())


def endless(head: bytes) -> Iterator[bytes]:
    yield head
    for _ in range(100):
        yield b"a" * PIECE


BESIDE_BODIES = {
    "a path": b"GET /",
    "a header's name": b"GET / HTTP/1.1\r\nX-",
    "a header's value": b"GET / HTTP/1.1\r\nX-A: ",
    "a trailer": b"POST /names HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: ",
    "a chunk's extension": b"POST /names HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=",
}


@pytest.mark.parametrize("head", BESIDE_BODIES.values(), ids=BESIDE_BODIES)
def test_what_does_not_end_is_refused_before_it_fills_the_memory(head: bytes) -> None:
    async def story(served: Served) -> None:
        taken = served.hears(*endless(head))

        assert taken <= LARGEST_HEAD + 2 * PIECE
        assert served.wire.statuses == [400]
        assert served.wire.is_closed

    told(story)


def test_a_trailer_that_does_not_end_after_an_early_answer_is_refused_as_well() -> None:
    async def story(served: Served) -> None:
        served.hears(b"POST /missing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        await served.settled()
        taken = served.hears(*endless(b"0\r\nX-A: "))

        assert taken <= LARGEST_HEAD + 2 * PIECE
        assert served.wire.statuses == [404, 400]

    told(story)


@pytest.mark.parametrize("size", [LARGEST_HEAD // 2, LARGEST_HEAD * 2])
def test_a_head_is_bounded_also_when_it_comes_all_at_once(size: int) -> None:
    async def story(served: Served) -> None:
        served.hears(b"GET /names HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * size + b"\r\n\r\n")
        await served.settled()

        assert served.wire.statuses == [200 if size < LARGEST_HEAD else 400]

    told(story)


def test_a_large_body_beside_small_heads_is_taken_however_it_is_cut() -> None:
    async def story(served: Served) -> None:
        body = b"b" * (4 * LARGEST_HEAD)
        sent = b"POST /names HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        for cut in (7, 1_000, len(sent)):
            for start in range(0, len(sent) * 2, cut):
                served.hears((sent * 2)[start : start + cut])
                if start % 7_000 == 0:
                    await asyncio.sleep(0)
            await served.settled()

        assert served.wire.statuses == [200] * 6
        assert all(each.endswith(body) for each in served.wire.bodies)

    told(story)


def test_trailers_do_not_become_headers_of_this_request_or_the_next() -> None:
    async def story(served: Served) -> None:
        chunked = b"POST /names HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
        served.hears(chunked + b"Authorization: Bearer y\r\nX-Forwarded-Proto: https\r\n\r\n" + ASK)
        await served.settled()

        assert served.wire.bodies == [b"host,transfer-encoding|hi", b"host|"]

    told(story)


def test_who_asked_before_the_garbage_gets_the_answer_and_then_the_connection_ends() -> None:
    async def story(served: Served) -> None:
        served.hears(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok", b"}garbage\x00\r\n\r\n")
        await served.settled()
        assert not served.wire.is_closed

        taken = served.hears(*endless(b"more"), ASK)
        served.let.set()
        await served.settled()

        assert taken > LARGEST_HEAD  # which was read and thrown away
        assert served.wire.bodies == [b"ok"]
        assert b"connection: close" in served.wire.said
        assert served.wire.is_closed

    told(story)


def test_a_body_that_stops_being_http_is_refused_and_the_application_told() -> None:
    async def story(served: Served) -> None:
        served.hears(b"POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
        await served.settled()
        served.hears(b"not a chunk\r\n")
        await served.settled()

        assert served.wire.statuses == [400]
        assert served.wire.is_closed
        assert served.broken_off == ["/slow"]

    told(story)


def test_garbage_in_the_body_of_a_request_ahead_answers_nobody_in_the_wrong_order() -> None:
    async def story(served: Served) -> None:
        first = b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"
        served.hears(first + b"POST /names HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n")
        await served.settled()

        assert served.wire.said == b""
        assert served.wire.is_closed

    told(story)


def test_requests_ahead_are_answered_in_order_and_not_without_end() -> None:
    async def story(served: Served) -> None:
        slow = b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nfirst"
        served.hears(slow + ASK * (MOST_AHEAD + 50))
        await served.settled()
        served.let.set()
        await served.settled()

        assert served.wire.bodies == [b"first"] + [b"host|"] * MOST_AHEAD
        assert served.wire.is_closed

    told(story)


def test_a_request_that_offers_another_protocol_is_answered_in_this_one() -> None:
    """As curl does when it is told to prefer HTTP/2."""

    async def story(served: Served) -> None:
        offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
        served.hears(b"POST /names HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" + offer + b"\r\nhi")
        await served.settled()

        assert served.wire.statuses == [200]
        assert served.wire.bodies[0].endswith(b"|hi")

    told(story)
