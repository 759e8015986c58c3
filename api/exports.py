"""Exports over HTTP: `GET /exports/facts.ndjson` with the proof, `GET /exports/facts.csv` for reading.

For tokens of auditors and admins, each for its own MSP; a token of all MSPs names one with `msp`. Any filter of the
history, under the names that GraphQL uses. The answer is streamed page by page; one that broke off goes on with the
same parameters, `upTo` as the first answer's `X-Export-Until` said, and `resumeAfter` the number of the last fact
that arrived whole.
"""

import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

import psycopg
from anyio import CancelScope, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from api.context import Asking, Parts, checked_id
from api.errors import Denied, Refused, Told, not_allowed
from api.fields import READERS
from api.gateway import asking_of, let_in, turned_away
from api.provider_keys import KeysUnavailable
from api.rates import RateLimited
from api.scalars import parse_instant
from api.tokens import BadToken
from domain.refusals import InvalidInput, Refusal
from domain.values import MspId
from journal.entry import Role
from projections import exports
from projections.export_tables import as_csv
from projections.exports import EVERYTHING, Bounds, CannotExport
from projections.reads.history import HistoryFilter

AT_ONCE = 4
"""How many exports one process serves at a time; each holds a connection of its own and no part of the pool."""
LARGEST_NUMBER = 2**63 - 1
_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
_NAMES = frozenset(
    {
        *("msp", "after", "upTo", "resumeAfter", "since", "until", "subject", "role", "factType"),
        *("organization", "agreement", "product", "run", "requestId"),
    }
)


Chunks = Generator[bytes, None, None]


class TooManyExports(Told):
    """This process serves as many exports as it may."""


@dataclass(frozen=True, slots=True)
class AskedExport:
    """What a request asks for. `msp` is as asked; the token decides."""

    form: str
    msp: str | None
    wanted: HistoryFilter
    after: int
    up_to: int | None
    resume_after: int | None


class Exports:
    """The endpoint, for one of the two forms each."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._free = threading.BoundedSemaphore(AT_ONCE)

    async def ndjson(self, request: Request) -> Response:
        return await self._answer(request, "ndjson")

    async def csv(self, request: Request) -> Response:
        return await self._answer(request, "csv")

    async def _answer(self, request: Request, form: str) -> Response:
        try:
            principal = await let_in(self._parts, request)
        except (BadToken, KeysUnavailable, RateLimited) as error:
            return turned_away(error)
        try:
            if principal.role not in READERS:
                raise not_allowed(principal.role.value)
            asked = _asked(request.query_params, form)
            msp = await _known(asking_of(self._parts, request, principal, request.scope["request_id"]), asked)
            bounds, first, rest = await self._parts.in_thread(self._begin, msp, asked)
        except TooManyExports as error:
            return _error(429, str(error), error.extensions, {"Retry-After": "10"})
        except Denied as error:
            status = 403 if error.extensions["code"] == "NotAllowed" else 404
            return _error(status, str(error), error.extensions)
        except Told as error:
            return _error(400, str(error), error.extensions)
        except Refusal as error:
            refused = Refused(error)
            return _error(400, str(refused), refused.extensions)
        return Streamed(
            first,
            rest,
            media_type=_TYPES[form],
            headers={
                "X-Export-Until": str(bounds.until),
                "Content-Disposition": f'attachment; filename="facts.{form}"',
            },
        )

    def _begin(self, msp: MspId, asked: AskedExport) -> tuple[Bounds, bytes, Chunks]:
        """Find the bounds and make the first chunk, so that what can be refused is refused before the answer begins.

        Raises: TooManyExports; Refused(InvalidInput) for a number to go on from that is none.
        """
        if not self._free.acquire(blocking=False):
            raise TooManyExports("too many exports are under way", {"code": "TooManyExports", "values": {}})
        with ExitStack() as opened:
            opened.callback(self._free.release)
            connection = opened.enter_context(self._connection())
            bounds = exports.bounds(
                connection, msp, asked.wanted, after=asked.after, up_to=asked.up_to, is_table=asked.form == "csv"
            )
            make = exports.ndjson if asked.form == "ndjson" else as_csv
            chunks = _held(opened.pop_all(), make(connection, bounds, asked.resume_after))
        try:
            first = next(chunks, b"")
        except CannotExport as error:
            raise Refused(InvalidInput("resumeAfter", str(error))) from error
        return bounds, first, chunks

    def _connection(self) -> psycopg.Connection[Any]:
        where = self._parts.views.pool.conninfo
        assert isinstance(where, str), "the pool is opened from a URL"
        return psycopg.connect(
            where,
            autocommit=True,
            connect_timeout=10,
            application_name="psa-ledger export",
            options="-c TimeZone=UTC",
        )


class Streamed(StreamingResponse):
    """An answer in chunks, which are closed in the end, also when the caller left before the first one was sent.

    Why: a generator that is merely dropped is closed some day, and until then holds its connection and its place.
    """

    def __init__(self, first: bytes, rest: Chunks, *, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(chain((first,), rest), media_type=media_type, headers=headers)
        self._rest = rest

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(self._rest.close)


def _held(opened: ExitStack, chunks: Iterator[bytes]) -> Chunks:
    """The chunks, once begun. Closing them closes what was opened for them."""
    with opened:
        yield from chunks


async def _known(asking: Asking, asked: AskedExport) -> MspId:
    return await asking.known_msp(asked.msp)


def _asked(given: Mapping[str, str], form: str) -> AskedExport:
    """Read the query parameters. Raises: Refused(InvalidInput), InvalidInput naming the parameter."""
    for name in given:
        if name not in _NAMES:
            raise Refused(InvalidInput(name, "no parameter of an export"))
    wanted = HistoryFilter(
        since=_instant(given, "since"),
        until=_instant(given, "until"),
        subject=_text(given, "subject"),
        role=_role(given),
        fact_type=_text(given, "factType"),
        organization=_text(given, "organization"),
        agreement=_number(given, "agreement"),
        product=_number(given, "product"),
        run=_text(given, "run"),
        request_id=_text(given, "requestId"),
    )
    return AskedExport(
        form=form,
        msp=_text(given, "msp"),
        wanted=EVERYTHING if wanted == EVERYTHING else wanted,
        after=_number(given, "after") or 0,
        up_to=_number(given, "upTo"),
        resume_after=_number(given, "resumeAfter"),
    )


def _instant(given: Mapping[str, str], name: str) -> datetime | None:
    if name not in given:
        return None
    try:
        return parse_instant(given[name])
    except Refused as error:
        raise Refused(InvalidInput(name, str(error))) from error


def _text(given: Mapping[str, str], name: str) -> str | None:
    return checked_id(name, given[name]) if name in given else None


def _role(given: Mapping[str, str]) -> str | None:
    if "role" not in given:
        return None
    if given["role"] not in {role.value for role in Role}:
        raise Refused(InvalidInput("role", f"one of {', '.join(Role)}"))
    return given["role"]


def _number(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_NUMBER):
        raise Refused(InvalidInput(name, "a whole number"))
    return int(text)


def _error(
    status: int, message: str, extensions: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = {"errors": [{"message": message, "extensions": dict(extensions)}]}
    return JSONResponse(body, status_code=status, headers=headers)
