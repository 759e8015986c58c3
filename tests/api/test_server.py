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

from api.exchanges import GOES_ON
from api.server import LARGEST_HEAD, MOST_AHEAD, BoundedProtocol

ASK = b"GET /names HTTP/1.1\r\nHost: x\r\n\r\n"
PIECE = 16 * 1024


class Wire(asyncio.Transport):
    """The client's end of a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.said = b""
        self.is_closed = False
        self.is_read = True
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
        """Who tells the server something here may go on telling all the same."""
        self.is_read = False

    @override
    def resume_reading(self) -> None:
        self.is_read = True

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
    """One connection to an application of a few routes; `let` lets the slow one answer."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.broken_off: list[str] = []
        routes = [
            Route("/names", self._names, methods=["GET", "POST"]),
            Route("/slow", self._slow, methods=["POST"]),
            Route("/tail", self._tail),
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

    async def _tail(self, request: Request) -> Response:
        """Goes on until whoever asked has left."""
        if "endless" in request.query_params:
            request.scope[GOES_ON] = True
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.broken_off.append(request.url.path)
        return PlainTextResponse()

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
@pytest.mark.parametrize("header", [b"X-A: %s\r\n", b"a:\r\n"])
def test_a_head_is_bounded_also_when_it_comes_all_at_once(header: bytes, size: int) -> None:
    async def story(served: Served) -> None:
        headers = header % (b"a" * size) if b"%" in header else header * (size // len(header))
        served.hears(b"GET /names HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")
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


@pytest.mark.parametrize(
    "ask", [ASK, b"POST /names HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"], ids=["no body", "a body"]
)
def test_nothing_is_read_while_requests_wait(ask: bytes) -> None:
    async def story(served: Served) -> None:
        left = MOST_AHEAD
        while left:
            if served.wire.is_read:
                served.hears(ask * 5)
                left -= 1
            await asyncio.sleep(0)
            assert len(served.protocol.pipeline) < 5
        await served.settled()

        assert served.wire.statuses == [200] * (5 * MOST_AHEAD)
        assert served.wire.is_read

    told(story)


def test_who_is_at_work_on_an_answer_is_told_when_the_client_leaves_also_with_requests_ahead() -> None:
    async def story(served: Served) -> None:
        served.hears(b"GET /tail HTTP/1.1\r\nHost: x\r\n\r\n", ASK)
        await served.settled()
        served.protocol.connection_lost(None)
        await served.settled()

        assert served.broken_off == ["/tail"]

    told(story)


@pytest.mark.parametrize("ahead", [b"", ASK], ids=["alone", "with a request ahead"])
@pytest.mark.parametrize("goes_on", [True, False])
def test_a_server_that_ends_waits_for_answers_but_for_none_that_goes_on(goes_on: bool, ahead: bytes) -> None:
    async def story(served: Served) -> None:
        served.hears(b"GET /tail%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"?endless" if goes_on else b"") + ahead)
        await served.settled()
        served.protocol.shutdown()
        await served.settled()

        assert served.wire.is_closed is goes_on
        assert served.broken_off == (["/tail"] if goes_on else [])

    told(story)


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
"""As Java's client makes it with the first thing it asks, and curl when it is told to prefer HTTP/2."""
OFFERING = {
    "no body": (ASK.replace(b"\r\n\r\n", b"\r\n" + OFFER + b"\r\n"), b""),
    "a length": (b"POST /names HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" + OFFER + b"\r\nhi", b"hi"),
    "chunks": (
        b"POST /names HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + OFFER + b"\r\n2\r\nhi\r\n0\r\n\r\n",
        b"hi",
    ),
}


@pytest.mark.parametrize("cut", [1, 1_000])
@pytest.mark.parametrize(("offering", "body"), OFFERING.values(), ids=OFFERING)
def test_a_request_that_offers_another_protocol_is_answered_in_this_one(offering: bytes, body: bytes, cut: int) -> None:
    async def story(served: Served) -> None:
        sent = ASK + offering + offering + ASK
        served.hears(*(sent[start : start + cut] for start in range(0, len(sent), cut)))
        await served.settled()

        assert served.wire.statuses == [200] * 4
        assert [each.partition(b"|")[2] for each in served.wire.bodies] == [b"", body, body, b""]
        assert not served.wire.is_closed

    told(story)


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_request_that_offers_another_protocol_and_ends_the_connection_is_answered(version: bytes) -> None:
    async def story(served: Served) -> None:
        offering = OFFERING["a length"][0].replace(b"Upgrade, HTTP2", b"close, Upgrade, HTTP2")
        served.hears(offering.replace(b"HTTP/1.1", b"HTTP/" + version))
        await served.settled()

        assert served.wire.statuses == [200]
        assert served.wire.bodies[0].endswith(b"|hi")
        assert served.wire.is_closed

    told(story)


def test_what_is_no_http_behind_an_offer_is_refused_without_a_bug() -> None:
    async def story(served: Served) -> None:
        offering = OFFERING["chunks"][0].replace(b"/names", b"/missing").replace(b"0\r\n\r\n", b"none\r\n")
        served.hears(offering)
        await served.settled()

        assert served.wire.statuses == [400]
        assert served.wire.is_closed

    told(story)


def test_nobody_is_connected_through_us_to_elsewhere() -> None:
    async def story(served: Served) -> None:
        served.hears(b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: x\r\n\r\n" + ASK)
        await served.settled()

        assert served.wire.statuses == [400]

    told(story)


SOCKET = (
    b"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def test_a_websocket_begins_on_a_connection_of_its_own() -> None:
    async def story(served: Served) -> None:
        served.hears(ASK)
        await served.settled()
        served.hears(SOCKET)
        await served.settled()

        assert served.wire.protocol in served.state.connections
        served.wire.protocol.connection_lost(None)

    told(story)


def test_no_websocket_begins_for_a_client_that_does_not_read_what_it_was_answered() -> None:
    """Nobody would tell it to wait: it would write into the memory whatever there is to be told."""

    async def story(served: Served) -> None:
        served.hears(ASK)
        await served.settled()
        served.protocol.pause_writing()
        served.hears(SOCKET)
        await served.settled()

        assert served.wire.protocol is None
        assert served.wire.statuses == [200, 400]

    told(story)
