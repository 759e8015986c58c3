"""The door: HTTP and WebSocket in front of the schema.

A request is let in with a valid bearer token only, as often as its caller may ask and when it is its MSP's turn. Its id
(`exchanges`) stands in every fact it records.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
from anyio import CancelScope
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLHTTPResponse
from strawberry.http.exceptions import NonJsonMessageReceived
from strawberry.http.streaming import AsyncTextStream, HTTPStreamTransport
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import SubscriptionExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UNSET, UnsetType
from typing_extensions import override

from api.compression import answer
from api.context import Asking, Parts
from api.errors import Refused
from api.exchanges import GOES_ON, tell
from api.loaders import Loaders
from api.provider_keys import KeysUnavailable
from api.rates import RateLimited
from api.schema import Schema
from api.texts import UNSTORABLE, all_storable, is_plain_json
from api.tokens import BadToken, Principal
from journal.entry import Actor, Role

MOST_SUBSCRIPTIONS = 20
LONGEST_USER_AGENT = 300
LONGEST_CLOSE_REASON = 123
"""Bytes. Source: RFC 6455, 5.5."""
CHALLENGE = 'Bearer realm="psa-ledger"'
LONGEST_WAIT_SECONDS = 150.0
"""For an answer to begin. Longer than any question to ConnectWise that somebody waits for (`app.INTERACTIVE`)."""


_BY_POST = OperationType.from_http("POST")
_NOTHING_ADDED = Response()
del _NOTHING_ADDED.headers["content-length"]


class NotARequest(Exception):
    """The request's body is not what GraphQL over HTTP sends."""


class UnstorableText(Exception):
    """The request's body holds a text that nothing behind us can hold."""


class Frames(ASGIWebSocketAdapter):
    """The messages of a WebSocket. What is none of graphql-transport-ws closes the socket and is no error of ours."""

    @override
    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """Raises: NonJsonMessageReceived, NonTextMessageReceived; the socket is closed with 4400."""
        try:
            async for message in super().iter_json(ignore_parsing_errors=ignore_parsing_errors):
                if not _is_a_message(message):
                    raise NonJsonMessageReceived
                yield message
        except (NotARequest, UnstorableText) as error:
            raise NonJsonMessageReceived from error

    @override
    async def close(self, code: int, reason: str) -> None:
        """Why the reason is cut: a control frame holds no more, and a reason may repeat what the client said."""
        await super().close(code, reason.encode()[:LONGEST_CLOSE_REASON].decode(errors="ignore"))


def _is_a_message(message: object) -> bool:
    """Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md"""
    match message:
        case {"type": "subscribe", "id": str(), "payload": {"query": str()} as asked}:
            variables, name = asked.get("variables"), asked.get("operationName")
            return isinstance(variables, dict | None) and isinstance(name, str | None)
        case {"type": "subscribe"}:
            return False
        case {"type": "complete", "id": kept}:
            return isinstance(kept, str)
        case {"type": str()}:
            return True
        case _:
            return False


class Gateway(GraphQL[Asking, None]):
    """GraphQL over POST, subscriptions over server-sent events or WebSocket; for callers with a valid token."""

    websocket_adapter_class = Frames

    def __init__(self, schema: Schema, parts: Parts) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=False,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            max_subscriptions_per_connection=MOST_SUBSCRIPTIONS,
            connection_init_wait_timeout=timedelta(seconds=10),
        )
        self._parts = parts

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        try:
            await self._answer(scope, receive, send)
        except (BadToken, KeysUnavailable, RateLimited) as error:
            await turned_away(error)(scope, receive, send)
        except NotARequest:
            answer = JSONResponse({"errors": [{"message": "the body is no GraphQL request in JSON"}]}, status_code=400)
            await answer(scope, receive, send)
        except ClientDisconnect:
            # Who asked went away before saying everything: there is nobody to answer, and nothing was asked.
            return
        except UnstorableText:
            told = {"message": str(UNSTORABLE), "extensions": Refused(UNSTORABLE).extensions}
            await JSONResponse({"errors": [told]}, status_code=400)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, and wait for its turn and its answer.

        Raises: BadToken, KeysUnavailable, RateLimited; NotARequest, UnstorableText for its body.
        """
        request = Request(scope)
        who = scope["principal"] = await let_in(self._parts, request)
        traced = self._parts.traces.request("POST /graphql", scope["request_id"], request.headers.get("traceparent"))
        async with self._parts.turns.turn(who) as turn:
            scope["turn"] = turn
            limit = asyncio.timeout(LONGEST_WAIT_SECONDS)

            async def sending(message: Message) -> None:
                # From here on the answer may be a stream: it waits for events and does no work meanwhile.
                limit.reschedule(None)
                turn.end()
                await send(message)

            try:
                async with limit:
                    with traced:
                        await self._respond(Request(scope, receive), sending)
            except TimeoutError:
                if not limit.expired():
                    raise
                await _took_too_long()(scope, receive, send)

    async def _respond(self, request: Request, send: Send) -> None:
        """One operation that is answered at once goes a shorter way than the library's; the answer is the same.

        Raises: NotARequest, UnstorableText.
        """
        scope, receive, headers = request.scope, request.receive, request.headers
        if (
            request.method == "POST"
            and headers.get("content-type") == "application/json"
            and "text/event-stream" not in headers.get("accept", "").lower()
        ):
            body = await request.body()
            receive = _heard_again(body, receive)
            response = await self._short_response(request, body)
            if response is not None:
                await response(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    async def _short_response(self, request: Request, body: bytes) -> Response | None:
        """None, and nothing done, unless it is the usual kind of request. Raises: NotARequest, UnstorableText."""
        try:
            asked = self.decode_json(body)
        except json.JSONDecodeError:
            return None
        if not isinstance(asked, dict) or "extensions" in asked:
            return None
        query, variables = asked.get("query"), asked.get("variables")
        if not isinstance(query, str) or not query or not isinstance(variables, dict | None):
            return None
        context = await self.get_context(request, _NOTHING_ADDED)
        try:
            result = await self.schema.execute(query, variables, context, None, asked.get("operationName"), _BY_POST)
        except CannotGetOperationTypeError as error:
            return PlainTextResponse(error.as_http_error_reason(), 400)
        except InvalidOperationTypeError as error:
            return PlainTextResponse(error.as_http_error_reason("POST"), 400)
        return self.create_response(await self.process_result(request, result), _NOTHING_ADDED)

    @override
    def encode_json(self, data: object) -> str:
        """A text, since bytes would turn the frames of a WebSocket binary; many clients do not read those."""
        return orjson.dumps(data).decode()

    @override
    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """What fields may add to the answer's headers: none of ours does."""
        return _NOTHING_ADDED

    @override
    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        return answer(orjson.dumps(response_data), "application/json")

    @override
    def decode_json(self, data: str | bytes) -> object:
        try:
            decoded = super().decode_json(data)
        except (UnicodeDecodeError, RecursionError) as error:
            raise NotARequest from error
        except json.JSONDecodeError:
            raise
        except ValueError as error:  # a whole number of more digits than Python reads
            raise NotARequest from error
        if not isinstance(decoded, dict | list):
            raise NotARequest
        if not is_plain_json(data) and not all_storable(decoded):
            raise UnstorableText
        return decoded

    @override
    def _stream_result(
        self, request: Request, result: SubscriptionExecutionResult, transport: HTTPStreamTransport
    ) -> AsyncTextStream:
        """Also closes what it reads from. Why: the library leaves it half read; a loop that ends stumbles over it."""
        told = super()._stream_result(request, result, transport)

        async def stream() -> AsyncGenerator[str, None]:
            try:
                async with aclosing(told()) as texts:
                    async for text in texts:
                        yield text
            finally:
                if isinstance(result, AsyncGenerator):
                    await result.aclose()

        return stream

    @override
    async def create_streaming_response(
        self,
        request: Request | WebSocket,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        return Events(stream(), sub_response.status_code or 200, {**sub_response.headers, **headers})

    @override
    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Asking:
        principal = request.scope.get("principal", _nobody())
        return asking_of(self._parts, request, principal, request.scope["request_id"])

    @override
    async def on_ws_connect(self, context: Asking) -> UnsetType | dict[str, object] | None:
        """A WebSocket client can not send headers from a browser: its token comes with `connection_init`.

        Raises: ConnectionRejectionError; the socket is closed with 4403.
        """
        told = (context.connection_params or {}).get("Authorization")
        try:
            context.principal = await verified(self._parts, bearer_in(told if isinstance(told, str) else ""))
        except (BadToken, KeysUnavailable) as error:
            raise ConnectionRejectionError from error
        who = context.principal
        context.actor = replace(context.actor, subject=who.subject, role=who.role)
        without_payload: UnsetType = UNSET
        return without_payload


def _heard_again(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, and then whatever else comes."""
    messages: Iterator[Message] = iter(({"type": "http.request", "body": body, "more_body": False},))

    async def hear() -> Message:
        return next(messages, None) or await receive()

    return hear


class Events(StreamingResponse):
    """An answer of events, which nobody waits for any more once it has ended.

    Why: who leaves while an event is on its way to them lets the library's generator go half way. What it had begun,
    the subscription and a heartbeat, went on until the garbage collector came by and logged errors about it.
    """

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[GOES_ON] = True
        try:
            await super().__call__(scope, receive, send)
        finally:
            if isinstance(self.body_iterator, AsyncGenerator):
                with CancelScope(shield=True):
                    await self.body_iterator.aclose()


def asking_of(parts: Parts, request: HTTPConnection, principal: Principal, request_id: str) -> Asking:
    agent = request.headers.get("user-agent", "")
    if not agent.isprintable():
        agent = "".join(each for each in agent if each.isprintable())
    address = request.client.host if request.client is not None else None
    actor = Actor(principal.subject, principal.role, address, agent[:LONGEST_USER_AGENT] or None)
    return Asking(parts, principal, actor, request_id, Loaders(parts.views), request.scope)


def bearer_of(request: HTTPConnection) -> str:
    """Raises: BadToken when there is none."""
    return bearer_in(request.headers.get("authorization", ""))


def bearer_in(header: str) -> str:
    """Raises: BadToken when there is none."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise BadToken("a bearer token is needed")
    return token.strip()


async def verified(parts: Parts, token: str) -> Principal:
    """Raises: BadToken, KeysUnavailable."""
    known = parts.tokens.known(token, datetime.now(UTC))
    return known if known is not None else await parts.in_thread(parts.tokens.verify, token)


async def let_in(parts: Parts, request: HTTPConnection) -> Principal:
    """Whose request it is, once it is known to be within what the caller may ask.

    Raises: BadToken, KeysUnavailable, RateLimited.
    """
    who = await verified(parts, bearer_of(request))
    tell(request.scope, subject=who.subject, role=who.role.value, msp=who.msp)
    try:
        await parts.rates.charge(who)
    except RateLimited:
        await parts.rates.hold_back()
        raise
    return who


def turned_away(error: BadToken | KeysUnavailable | RateLimited) -> JSONResponse:
    match error:
        case BadToken():
            return _turned_away(401, error, {"code": "Unauthenticated"}, {"WWW-Authenticate": CHALLENGE})
        case KeysUnavailable():
            return _turned_away(503, error, {"code": "Unavailable", "values": {}}, {"Retry-After": "10"})
        case RateLimited():
            return _turned_away(429, error, error.extensions, {"Retry-After": str(error.seconds)})


def _turned_away(
    status: int, error: Exception, extensions: Mapping[str, object], headers: Mapping[str, str]
) -> JSONResponse:
    return JSONResponse({"errors": [{"message": str(error), "extensions": extensions}]}, status, headers)


def _took_too_long() -> JSONResponse:
    message = "this took too long; what it changes may still be done: ask again with the same idempotencyKey"
    told = {"message": message, "extensions": {"code": "TookTooLong", "values": {}}}
    return JSONResponse({"errors": [told]}, 503)


def _nobody() -> Principal:
    """Who a WebSocket client is before its token was seen: in a role that no field lets in."""
    return Principal("", Role.WORKER, None, datetime.now(UTC))
