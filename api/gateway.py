"""The door: HTTP and WebSocket in front of the schema.

A request is let in with a valid bearer token and of bounded size only. It gets an id, its own if that is sane, which
stands in every fact it records and in the answer's headers.
"""

import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET, UnsetType
from typing_extensions import override

from api.context import Asking, Parts
from api.errors import Refused
from api.loaders import new_loaders
from api.schema import Schema
from api.texts import UNSTORABLE, all_storable
from api.tokens import BadToken, Principal
from journal.entry import Actor, Role
from journal.logs import log_fields

MOST_SUBSCRIPTIONS = 20
LARGEST_BODY = 2 * 1024 * 1024
LONGEST_USER_AGENT = 300
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class BodyTooLarge(Exception):
    """The request's body exceeds what any operation needs."""


class NotARequest(Exception):
    """The request's body is not what GraphQL over HTTP sends."""


class UnstorableText(Exception):
    """The request's body holds a text that nothing behind us can hold."""


class Gateway(GraphQL[Asking, None]):
    """GraphQL over POST, subscriptions over server-sent events or WebSocket; for callers with a valid token."""

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
        request = Request(scope)
        try:
            scope["principal"] = await verified(self._parts, bearer_of(request))
        except BadToken as error:
            await _unauthorized(str(error))(scope, receive, send)
            return
        request_id = scope["request_id"] = request_id_of(request)
        try:
            with log_fields(request_id=request_id, correlation_id=request_id):
                await super().__call__(scope, _bounded(receive), _naming(send, request_id))
        except BodyTooLarge:
            answer = JSONResponse({"errors": [{"message": "the request is too large"}]}, status_code=413)
            await answer(scope, receive, send)
        except NotARequest:
            answer = JSONResponse({"errors": [{"message": "the body is no GraphQL request in JSON"}]}, status_code=400)
            await answer(scope, receive, send)
        except UnstorableText:
            told = {"message": str(UNSTORABLE), "extensions": Refused(UNSTORABLE).extensions}
            await JSONResponse({"errors": [told]}, status_code=400)(scope, receive, send)

    @override
    def decode_json(self, data: str | bytes) -> object:
        try:
            decoded = super().decode_json(data)
        except UnicodeDecodeError as error:
            raise NotARequest from error
        if not isinstance(decoded, dict | list):
            raise NotARequest
        if not all_storable(decoded):
            raise UnstorableText
        return decoded

    @override
    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Asking:
        principal = request.scope.get("principal", _nobody())
        return asking_of(self._parts, request, principal, request.scope.get("request_id", str(uuid.uuid4())))

    @override
    async def on_ws_connect(self, context: Asking) -> UnsetType | dict[str, object] | None:
        """A WebSocket client can not send headers from a browser: its token comes with `connection_init`.

        Raises: ConnectionRejectionError; the socket is closed with 4403.
        """
        told = (context.connection_params or {}).get("Authorization")
        try:
            context.principal = await verified(self._parts, bearer_in(told if isinstance(told, str) else ""))
        except BadToken as error:
            raise ConnectionRejectionError from error
        who = context.principal
        context.actor = replace(context.actor, subject=who.subject, role=who.role)
        without_payload: UnsetType = UNSET
        return without_payload


def asking_of(parts: Parts, request: HTTPConnection, principal: Principal, request_id: str) -> Asking:
    agent = "".join(each for each in request.headers.get("user-agent", "") if each.isprintable())
    address = request.client.host if request.client is not None else None
    actor = Actor(principal.subject, principal.role, address, agent[:LONGEST_USER_AGENT] or None)
    return Asking(parts, principal, actor, request_id, new_loaders(parts.views))


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
    """Raises: BadToken."""
    return await parts.in_thread(parts.tokens.verify, token)


def request_id_of(request: HTTPConnection) -> str:
    """The caller's own id for the request when it is sane, or a new one."""
    given = request.headers.get("x-request-id", "")
    return given if _SANE_REQUEST_ID.fullmatch(given) else str(uuid.uuid4())


def _nobody() -> Principal:
    """Who a WebSocket client is before its token was seen: in a role that no field lets in."""
    return Principal("", Role.WORKER, None, datetime.now(UTC))


def _unauthorized(reason: str) -> JSONResponse:
    body = {"errors": [{"message": reason, "extensions": {"code": "Unauthenticated"}}]}
    return JSONResponse(body, status_code=401, headers={"WWW-Authenticate": 'Bearer realm="psa-ledger"'})


def _bounded(receive: Receive) -> Receive:
    """Refuse a body that grows beyond the bound, before it is held in memory."""
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise BodyTooLarge
        return message

    return bounded


def _naming(send: Send, request_id: str) -> Send:
    async def naming(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: list[Any] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            message = {**message, "headers": headers}
        await send(message)

    return naming
