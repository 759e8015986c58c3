"""The HTTP server as we run it: uvicorn over llhttp, with the bounds and the manners that llhttp leaves to its user."""

from typing import Any

import uvicorn
from httptools import HttpParserError, HttpParserUpgrade
from starlette.applications import Starlette
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.exchanges import LARGEST_BODY

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


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it over llhttp.

    Three things are added. What comes beside bodies is bounded, and so is what is asked ahead: one caller could fill
    the memory with a header that does not end. Trailers are left out: they come after the request was let in by its
    headers, and would join them. And what is no HTTP any more takes nobody's answer: whoever asked before on the same
    connection gets it, and only then the connection ends.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._is_in_head = False
        self._is_refused = False
        """Whatever else comes is not looked at."""
        self._beside_bodies = 0
        """Bytes since the last piece of a body, or since the head began."""

    @override
    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        self._unset_keepalive_if_required()
        self._beside_bodies += len(data)
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as offer:
            self._hand_over(data[offer.args[0] :])
        except HttpParserError:
            self._refuse()
        else:
            if self._beside_bodies > LARGEST_HEAD:
                self._refuse()

    def _hand_over(self, rest: bytes) -> None:
        """Let h11 serve a connection on which another protocol is asked for: WebSocket, or HTTP/2, which we refuse.

        Why: clients that would rather speak HTTP/2 say so with whatever they ask first, which may have a body. llhttp
        takes all that follows for the other protocol. Source: https://github.com/Kludex/uvicorn/issues/2722
        """
        if not self._is_idle:
            self._refuse()
            return
        self.connections.discard(self)
        scope = self.scope
        head = [f"{scope['method']} ".encode(), self.url, f" HTTP/{scope['http_version']}\r\n".encode()]
        for name, value in self.headers:
            head += [name, b": ", value, b"\r\n"]
        protocol = H11Protocol(self.config, self.server_state, self.app_state)
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        protocol.data_received(b"".join([*head, b"\r\n", rest]))

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
        """Raises: HeadTooLarge, TooManyAhead; the parser then gives up."""
        self._is_in_head = False
        self._beside_bodies = 0
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > LARGEST_HEAD:
            raise HeadTooLarge
        if len(self.pipeline) >= MOST_AHEAD:
            raise TooManyAhead
        if self.parser.should_upgrade():
            self.scope["method"] = self.parser.get_method().decode("ascii")
            self.scope["http_version"] = self.parser.get_http_version()
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
