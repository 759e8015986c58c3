"""What auditors hold our word against: signed checkpoints, the keys they are signed with, and where an id leads."""

from base64 import b64encode
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import strawberry

from api import paging
from api.changes import CHANGE_KEYS
from api.context import Info, checked_id
from api.errors import not_allowed
from api.fields import READERS, query
from api.history import HistoryEntry, shown
from api.paging import Paged
from domain.values import MspId
from journal.proof import fields_of
from projections.reads import audit as rows
from projections.reads import history as history_rows
from projections.reads.audit import SignedRow
from projections.reads.history import HistoryFilter, HistoryRow

LARGEST_RECORD_ID = 2**63 - 1


@strawberry.type(
    description="How far an MSP's chain of facts had come, signed: up to its fact number `count`. `body` are the signed"
    " bytes, `signature` is Ed25519 in base64; `previous` is the SHA-256 of the body of the checkpoint before."
)
class AuditCheckpoint:
    number: int
    count: int
    chain: str
    at: datetime
    key: strawberry.ID
    previous: str | None
    body: str
    signature: str


@strawberry.type(
    description="How far everything was sealed, signed. `digest` covers the newest checkpoint of every MSP."
)
class AuditHead:
    number: int
    position: int
    msps: int
    digest: str
    at: datetime
    key: strawberry.ID
    previous: str | None
    body: str
    signature: str


@strawberry.type(
    description="A key that checkpoints are signed with. Trust it when you were given it on another way than this."
    " `firstUsedAt` is told to tokens of all MSPs only: it is about whoever recorded something first."
)
class AuditKey:
    id: strawberry.ID
    public_key: str
    first_used_at: datetime | None


@strawberry.enum(description="What an id is the id of.")
class FoundKind(StrEnum):
    FACT = "FACT"
    CHANGE = "CHANGE"
    ORGANIZATION = "ORGANIZATION"
    RUN = "RUN"
    PUSH = "PUSH"
    REQUEST = "REQUEST"
    AGREEMENT = "AGREEMENT"
    PRODUCT = "PRODUCT"


@strawberry.type(description="Something with the id asked for, and the newest fact about it.")
class Found:
    kind: FoundKind
    id: strawberry.ID
    entry: HistoryEntry


@strawberry.type
class AuditQueries:
    @query(READERS, "Signed checkpoints of an MSP's facts, newest first. Keep one: it pins everything before it.")
    async def audit_checkpoints(
        self,
        info: Info,
        *,
        first: int = paging.DEFAULT_PAGE,
        after: str | None = None,
        msp: strawberry.ID | None = None,
    ) -> Paged[AuditCheckpoint]:
        views = info.context.views
        known = await info.context.known_msp(msp)
        asked = paging.page(first, after, (int,))
        cut = paging.cut(await rows.checkpoints(views, known, asked.limit, _number(asked)), asked)
        edges, page_info = paging.edges_of(cut, lambda row: (row.number,), _checkpoint)
        return Paged(edges=edges, page_info=page_info, count=lambda: rows.count_checkpoints(views, known))

    @query(READERS, "Signed heads over all MSPs, newest first; for a token of all MSPs only.")
    async def audit_heads(
        self, info: Info, *, first: int = paging.DEFAULT_PAGE, after: str | None = None
    ) -> Paged[AuditHead]:
        principal, views = info.context.principal, info.context.views
        if principal.msp is not None:
            raise not_allowed(principal.role.value)
        asked = paging.page(first, after, (int,))
        cut = paging.cut(await rows.heads(views, asked.limit, _number(asked)), asked)
        edges, page_info = paging.edges_of(cut, lambda row: (row.number,), _head)
        return Paged(edges=edges, page_info=page_info, count=lambda: rows.count_heads(views))

    @query(READERS, "The public keys that checkpoints were signed with.")
    async def audit_keys(self, info: Info) -> list[AuditKey]:
        is_told = info.context.principal.msp is None
        return [
            AuditKey(
                id=strawberry.ID(row.id),
                public_key=b64encode(row.public_key).decode(),
                first_used_at=row.first_used_at if is_told else None,
            )
            for row in await rows.keys(info.context.views)
        ]

    @query(
        READERS, "Everything of an MSP that has this id: a fact, a change, an organization, a run, a push, a request, …"
    )
    async def find(self, info: Info, id: strawberry.ID, *, msp: strawberry.ID | None = None) -> list[Found]:
        known = await info.context.known_msp(msp)
        wanted = checked_id("id", id)
        found: list[tuple[FoundKind, HistoryRow | None]] = [
            (FoundKind.FACT, await _fact(info, known, wanted)),
            (FoundKind.CHANGE, await _change(info, known, wanted)),
            (FoundKind.ORGANIZATION, await _newest(info, known, HistoryFilter(organization=wanted))),
            (FoundKind.RUN, await _newest(info, known, HistoryFilter(run=wanted))),
            (FoundKind.PUSH, await _push(info, known, wanted)),
            (FoundKind.REQUEST, await _newest(info, known, HistoryFilter(request_id=wanted))),
        ]
        if wanted.isascii() and wanted.isdigit() and int(wanted) <= LARGEST_RECORD_ID:
            number = int(wanted)
            found += [
                (FoundKind.AGREEMENT, await _newest(info, known, HistoryFilter(agreement=number))),
                (FoundKind.PRODUCT, await _newest(info, known, HistoryFilter(product=number))),
            ]
        return [Found(kind=kind, id=id, entry=shown(row)) for kind, row in found if row is not None]


def _number(asked: paging.Page) -> int | None:
    return int(asked.after[0] or 0) if asked.after else None


def _checkpoint(row: SignedRow) -> AuditCheckpoint:
    told = fields_of(row.body)
    return AuditCheckpoint(
        number=row.number,
        count=told["count"],
        chain=told["chain"],
        at=row.at,
        key=strawberry.ID(row.key),
        previous=told["previous"],
        body=row.body.decode(),
        signature=b64encode(row.signature).decode(),
    )


def _head(row: SignedRow) -> AuditHead:
    told = fields_of(row.body)
    return AuditHead(
        number=row.number,
        position=row.position,
        msps=told["msps"],
        digest=told["digest"],
        at=row.at,
        key=strawberry.ID(row.key),
        previous=told["previous"],
        body=row.body.decode(),
        signature=b64encode(row.signature).decode(),
    )


async def _newest(info: Info, msp: MspId, wanted: HistoryFilter) -> HistoryRow | None:
    found = await history_rows.history(info.context.views, msp, wanted, newest_first=True, limit=1, after=None)
    return found[0] if found else None


async def _fact(info: Info, msp: MspId, wanted: str) -> HistoryRow | None:
    try:
        entry_id = UUID(wanted)
    except ValueError:
        return None
    return await history_rows.of_entry(info.context.views, msp, entry_id)


async def _change(info: Info, msp: MspId, wanted: str) -> HistoryRow | None:
    taken = await info.context.in_thread(info.context.journal.taken_keys, msp, CHANGE_KEYS, [wanted])
    return await history_rows.at(info.context.views, msp, taken[wanted].position) if wanted in taken else None


async def _push(info: Info, msp: MspId, wanted: str) -> HistoryRow | None:
    position = await rows.push_started_at(info.context.views, msp, wanted)
    return None if position is None else await history_rows.at(info.context.views, msp, position)
