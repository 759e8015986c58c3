"""One line of the journal: a fact, where it stands, who recorded it and why.

`Origin` is what a caller gives with a command; the journal adds identity, position and time and hands back `Entry`.
Nothing here ever holds a secret: entries are exported and kept for ever.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar
from uuid import UUID

from domain.streams import Stream, StreamKind
from domain.values import MspId

F_co = TypeVar("F_co", covariant=True)


class Role(StrEnum):
    """In which role somebody acted (design §1)."""

    ADMIN = "ADMIN"
    AUDITOR = "AUDITOR"
    PLATFORM = "PLATFORM"
    WORKER = "WORKER"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: the subject of the token, or a worker's name, and where the request came from if one did."""

    subject: str
    role: Role
    address: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Who gives a command and why.

    `request_id` names the one request or job; `correlation_id` the whole story it belongs to, from the first request to
    the last push; `causation_id` the entry that this command reacts to, if it reacts to one.
    """

    actor: Actor
    request_id: str
    correlation_id: str
    causation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry(Generic[F_co]):
    """A recorded fact with its envelope.

    Shape: `position` is unique and without gaps over the whole journal; `version` counts from 1 within the stream.
    Units: `recorded_at` is aware, UTC, and never lower than that of an earlier position.
    `fact_type` is the stored name, for example `addition.usage-pushed`; `schema` the version it was stored with, which
    is older than the fact's class where an upcaster read it.
    """

    position: int
    entry_id: UUID
    stream: Stream
    version: int
    recorded_at: datetime
    msp: MspId
    actor: Actor
    request_id: str
    correlation_id: str
    causation_id: UUID | None
    fact: F_co
    fact_type: str
    schema: int


@dataclass(frozen=True, slots=True)
class RawEntry:
    """An entry as its row holds it, for exports and seals: `state` are the very bytes that were stored."""

    position: int
    stream_id: UUID
    version: int
    topic: str
    recorded_at: datetime
    msp: MspId
    kind: StreamKind
    entry_id: UUID
    state: bytes


def new_entry_id() -> UUID:
    """Give a fresh id that sorts by time (UUID version 7).

    Why: neighbouring ids keep the index on them in few pages, which random ids would spread over all of it.
    Source: RFC 9562 §5.7.
    """
    milliseconds = time.time_ns() // 1_000_000
    bits = (milliseconds << 80) | secrets.randbits(80)
    bits &= ~((0xF << 76) | (0b11 << 62))
    return UUID(int=bits | (0x7 << 76) | (0b10 << 62))
