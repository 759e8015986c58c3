"""The HTTP server as we run it: uvicorn over llhttp, with the bounds and the manners that llhttp leaves to its user."""

import asyncio
from collections.abc import Sized
from typing import Any

import uvicorn
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from starlette.applications import Starlette
from typing_extensions import override
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.exchanges import GOES_ON, LARGEST_BODY

LARGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers, and of whatever else comes between two pieces of bodies."""
MOST_AHEAD = 100
"""Requests on one connection that wait for the answer to the one before."""
REFUSED = "Invalid HTTP request received."


def server(app: Starlette) -> uvicorn.Server:
    """It opens the application's lifespan."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=BoundedProtocol,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            ws_max_size=LARGEST_BODY,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=10,
            lifespan="on",
        )
    )


class HeadTooLarge(Exception):
    """A request's line and headers exceed what any request needs."""


class TooManyAhead(Exception):
    """Requests are sent much faster than they are answered, all on one connection."""


class NoTunnels(Exception):
    """A proxy is asked for, with CONNECT."""


class Unhurried(FlowControl):
    """Reads nothing more while requests wait for the answers to others.

    Why: uvicorn reads on with every answer, and so holds a hundred requests of any size where a few came at once.
    """

    def __init__(self, transport: asyncio.Transport, ahead: Sized) -> None:
        super().__init__(transport)
        self._ahead = ahead

    @override
    def resume_reading(self) -> None:
        if not self._ahead:
            super().resume_reading()


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it over llhttp.

    Four things are added. What comes beside bodies is bounded, and so is what is asked ahead: one caller could fill
    the memory with a header that does not end. Trailers are left out: they come after the request was let in by its
    headers, and would join them. Who would rather speak another protocol is answered in this one. And what is no HTTP
    any more takes nobody's answer: whoever asked before on the same connection gets it, and only then it ends.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._is_in_head = False
        self._is_refused = False
        """Whatever else comes is not looked at."""
        self._beside_bodies = 0
        """Bytes since the last piece of a body, or since the head began."""
        self._answering: RequestResponseCycle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's: streams only
        super().connection_made(transport)
        self.flow = Unhurried(transport, self.pipeline)

    @override
    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        self._unset_keepalive_if_required()
        self._beside_bodies += len(data)
        try:
            while data:
                data = self._read_to_an_offer(data)
        except HttpParserError:
            self._refuse()
        else:
            if self._beside_bodies > LARGEST_HEAD:
                self._refuse()

    def _read_to_an_offer(self, data: bytes) -> bytes:
        """Read as far as to a request that asks for another protocol; what is to be read instead of the rest.

        A WebSocket begins, if nobody waits for anything on this connection. Whatever else is asked for, HTTP/2 that is,
        the request is read again as if it were not. Why: clients that would rather speak HTTP/2 say so with whatever
        they ask first, which may have a body, and llhttp takes all that follows for the other protocol.
        Source: https://github.com/Kludex/uvicorn/issues/2722

        Raises: HttpParserError.
        """
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as offer:
            if not self._should_upgrade():
                head = self._head_without_offer()
                self._begin_anew()
                return head + data[offer.args[0] :]
            if self._is_idle and not self.flow.write_paused:
                self.handle_websocket_upgrade()
            else:
                self._refuse()
        return b""

    def _head_without_offer(self) -> bytes:
        head = [self.parser.get_method(), b" ", self.url, f" HTTP/{self.parser.get_http_version()}\r\n".encode()]
        for name, value in self.headers:
            if name != b"upgrade":
                head += [name, b": ", value, b"\r\n"]
        return b"".join([*head, b"\r\n"])

    def _begin_anew(self) -> None:
        """Why: a parser that has read `Connection: close`, or HTTP/1.0, and an offer reads nothing any more."""
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever is at work on an answer. Why: uvicorn tells the last request, which may still wait its turn."""
        self._tell_of_the_end()
        super().connection_lost(exc)

    @override
    def shutdown(self) -> None:
        """Answers are waited for, but not those that would go on: who follows events asks again elsewhere."""
        if not self._is_idle and self._answering is not None and GOES_ON in self._answering.scope:
            self._tell_of_the_end()
            self.transport.close()
        else:
            super().shutdown()

    def _tell_of_the_end(self) -> None:
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True
        self._beside_bodies = 0

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_in_head:
            super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        """Raises: HeadTooLarge, TooManyAhead, NoTunnels; the parser then gives up."""
        self._is_in_head = False
        self._beside_bodies = 0
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > LARGEST_HEAD:
            raise HeadTooLarge
        if len(self.pipeline) >= MOST_AHEAD:
            raise TooManyAhead
        if self.parser.should_upgrade():
            self.scope["method"] = self.parser.get_method().decode("ascii")
            if self.scope["method"] == "CONNECT":
                raise NoTunnels
        else:
            super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._beside_bodies = 0

    @override
    def on_message_complete(self) -> None:
        self._beside_bodies = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    @property
    def _is_idle(self) -> bool:
        """Whether nobody on this connection waits for an answer."""
        asked: RequestResponseCycle | None = self.cycle
        return asked is None or asked.response_complete

    def _refuse(self) -> None:
        """Answer at once, unless an answer to a whole request is still to come: that one is then the last."""
        self._is_refused = True
        self.logger.warning(REFUSED)
        if not self._is_idle and not self.cycle.more_body:
            self.cycle.keep_alive = False
        elif self._is_idle or not (self.cycle.response_started or self.pipeline):
            self.send_400_response(REFUSED)
        else:
            self.transport.close()
