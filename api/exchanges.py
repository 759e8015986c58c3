"""What every HTTP exchange has, whatever it is about: an id, a line in the log, headers that tell browsers to be
careful, a bound on its body, and an answer also where our own code failed.

It stands outermost, around every route. A header that a route sets itself is left alone, so that a page may come with
a policy of its own. No header ever opens an answer to another origin: CORS stays closed, and there are no cookies to
forge a request with.
"""

import asyncio
import logging
import re
import secrets
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import log_bug, unavailable
from journal.application import UNAVAILABLE
from journal.logs import log_fields

LOG = logging.getLogger("psa_ledger.requests")

LARGEST_BODY = 2 * 1024 * 1024
BODY_SECONDS = 30.0
"""A body that takes longer to arrive comes from nobody who wants an answer."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Of every answer, unless its route sets them itself. Source: OWASP's HTTP headers and REST security cheat sheets."""
TRANSPORT_SECURITY = "max-age=31536000"
"""Only over TLS, as RFC 6797 §7.2 wants it; a proxy in front says so by `X-Forwarded-Proto`."""
GOES_ON = "goes_on"
"""Marks the scope of a request whose answer ends only when a side leaves: a server that ends waits for no such one."""
_REQUEST_ID = b"x-request-id"
_HEADERS = tuple((name.lower().encode(), value.encode()) for name, value in HEADERS.items())
_HEADERS_OVER_TLS = (*_HEADERS, (b"strict-transport-security", TRANSPORT_SECURITY.encode()))
QUIET = frozenset({"/health", "/ready", "/metrics"})
"""Asked by machines every few seconds; they stand in the log only when they fail."""
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class BodyTooLarge(Exception):
    """The request's body exceeds what any operation needs."""


class BodyTooSlow(Exception):
    """The request's body does not arrive."""


class Exchanges:
    """The ASGI middleware. Sets `scope["request_id"]`; what goes wrong below it is answered and logged here, once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = _request_id_of(scope)
        with log_fields(request_id=request_id, correlation_id=request_id):
            if scope["type"] == "websocket":
                await self._app(scope, receive, send)
            else:
                await self._exchange(scope, receive, send)

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*_with_ours(message["headers"], scope)]
            await send(message)

        try:
            await self._app(scope, _bounded(scope, receive), sending)
        except BodyTooLarge:
            if status:
                raise
            await _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large")(scope, receive, sending)
        except BodyTooSlow:
            if status:
                raise
            await _error(HTTPStatus.REQUEST_TIMEOUT, "the request's body did not arrive")(scope, receive, sending)
        except Exception as error:
            # Whatever it is, the caller gets an id and no values; an answer that has begun can only be cut off.
            answer = _answer_to(error, scope)
            if status:
                raise
            await answer(scope, receive, sending)
        finally:
            # Refusals of a flood are told once by whoever refuses (`rates`): a line each would be part of the flood.
            if status != HTTPStatus.TOO_MANY_REQUESTS and (status >= 400 or scope["path"] not in QUIET):
                told = {
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "ms": round((time.perf_counter() - began) * 1000, 1),
                    **scope.get("told", {}),
                }
                LOG.info("request", extra=told)


def _with_ours(given: Iterable[tuple[bytes, bytes]], scope: Scope) -> Iterator[tuple[bytes, bytes]]:
    """The headers of an answer, with those of every answer that its route did not set."""
    names: set[bytes] = set()
    for name, value in given:
        names.add(name)
        if name != _REQUEST_ID:
            yield name, value
    yield _REQUEST_ID, scope["request_id"].encode("ascii")
    for name, value in _HEADERS_OVER_TLS if scope["scheme"] == "https" else _HEADERS:
        if name not in names:
            yield name, value


def tell(scope: Scope, **fields: object) -> None:
    """Let the exchange's line in the log carry more: who asked, for example."""
    scope.setdefault("told", {}).update(fields)


def _request_id_of(scope: Scope) -> str:
    """The caller's own id for the request when it is sane, or a new one."""
    given = _header(scope, _REQUEST_ID).decode("latin-1")
    return given if _SANE_REQUEST_ID.fullmatch(given) else str(uuid.uuid4())


def _header(scope: Scope, wanted: bytes) -> bytes:
    """The first header of a name, empty when there is none."""
    return next((value for name, value in scope["headers"] if name == wanted), b"")


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Refuse a body that is announced or grows beyond the bound, before it is held in memory, or that does not come."""
    received = 0
    is_whole = False
    ends_at = asyncio.get_running_loop().time() + BODY_SECONDS
    announced = _header(scope, b"content-length")

    async def bounded() -> Message:
        nonlocal received, is_whole
        if announced.isdigit() and (len(announced) > 18 or int(announced) > LARGEST_BODY):
            raise BodyTooLarge
        if is_whole:
            return await receive()  # waits for the caller to leave
        try:
            async with asyncio.timeout_at(ends_at):
                message = await receive()
        except TimeoutError as error:
            raise BodyTooSlow from error
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise BodyTooLarge
        is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    return bounded


def _answer_to(error: Exception, scope: Scope) -> JSONResponse:
    error_id = secrets.token_hex(8)
    if isinstance(error, UNAVAILABLE):
        told = unavailable(error_id, error)
        return _error(HTTPStatus.SERVICE_UNAVAILABLE, str(told), told.extensions, {"Retry-After": "5"})
    log_bug(error_id, error, request_id=scope["request_id"], path=scope["path"])
    told_id = {"code": "InternalError", "errorId": error_id}
    message = f"something went wrong on our side; it is noted under {error_id}"
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, message, told_id)


def _error(
    status: HTTPStatus,
    message: str,
    extensions: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    error = {"message": message} if extensions is None else {"message": message, "extensions": extensions}
    return JSONResponse({"errors": [error]}, status_code=status, headers=headers)
