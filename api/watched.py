"""How the API is watched: what it counts of each request, and the pages for machines that look after it.

`/health` says that the process lives, `/ready` whether the ledger does what it is for; neither names an MSP or says how
much there is. `/metrics` is for tokens that reach all MSPs: even totals are the vendor's own business. Prometheus
without a token reads the same numbers at an address of its own (`PSA_LEDGER_METRICS_LISTEN`).
"""

import time
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.compression import answer
from api.context import Parts
from api.gateway import let_in, turned_away
from api.provider_keys import KeysUnavailable
from api.rates import RateLimited
from api.tokens import BadToken
from telemetry.listener import readiness
from telemetry.numbers import CONTENT_TYPE, Numbers

ROUTES = frozenset({"/graphql", "/exports/facts.ndjson", "/exports/facts.csv", "/health", "/ready", "/metrics"})
"""What a request is counted under; everything else is `other`, or paths made up by callers would fill the memory."""


class Counted:
    """The application, each of whose HTTP requests is counted when its last byte was sent."""

    def __init__(self, app: ASGIApp, numbers: Numbers) -> None:
        self._app = app
        self._numbers = numbers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = scope["path"] if scope["path"] in ROUTES else "other"
            self._numbers.answered(route, status, time.perf_counter() - began)


def watching_routes(parts: Parts) -> Sequence[BaseRoute]:
    async def health(_: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def ready(request: Request) -> JSONResponse:
        questions = await parts.in_thread(parts.standing.questions)
        status, told = readiness(questions, request.query_params.get("ask"), is_public=True)
        return JSONResponse(told, status_code=status)

    async def metrics(request: Request) -> Response:
        try:
            who = await let_in(parts, request)
        except (BadToken, KeysUnavailable, RateLimited) as error:
            return turned_away(error)
        if who.msp is not None:
            told = {"message": "this is for tokens that reach all MSPs", "extensions": {"code": "NotAllowed"}}
            return JSONResponse({"errors": [told]}, status_code=403)
        text = await parts.in_thread(parts.numbers.text)
        return answer(text, CONTENT_TYPE)

    return [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)]
