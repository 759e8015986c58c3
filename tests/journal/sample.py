"""Two aggregates small enough to see through: a jar one puts marbles in, and a log of the jars one has seen.

They borrow the kinds and natural keys of organizations and connections; the journal does not care what facts mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar, NewType, assert_never
from uuid import UUID

from domain.streams import Aggregate, Stream, StreamKind, connection_stream, organization_stream
from domain.values import BillingMonth, Component, MspId, OrganizationId, Tenant
from journal.codec import Codec
from journal.entry import Actor, Origin, Role

ACME = MspId("acme")
OTHER = MspId("other")
Label = NewType("Label", str)


@dataclass(frozen=True, slots=True)
class MarblesAdded:
    count: int


@dataclass(frozen=True, slots=True)
class MarblesTaken:
    SCHEMA: ClassVar[int] = 2
    count: int
    reason: str


JarFact = MarblesAdded | MarblesTaken


@dataclass(frozen=True, slots=True)
class Jar:
    marbles: int = 0


def evolve_jar(jar: Jar, fact: JarFact) -> Jar:
    match fact:
        case MarblesAdded(count):
            return Jar(jar.marbles + count)
        case MarblesTaken(count):
            return Jar(jar.marbles - count)
        case _:
            assert_never(fact)


JAR: Aggregate[Jar, JarFact] = Aggregate(StreamKind.ORGANIZATION, Jar(), evolve_jar)


@dataclass(frozen=True, slots=True)
class Detail:
    label: Label
    weight: Decimal
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JarSeen:
    """Has a field of every kind that can be stored."""

    seen_at: datetime
    on: date
    by: UUID
    month: BillingMonth
    tenant: Tenant
    component: Component
    is_full: bool
    details: tuple[Detail, ...]
    pair: tuple[int, Decimal]
    note: str | None
    weights: Mapping[str, Decimal]
    counts: Mapping[Component, int]
    first: Detail | None = None


@dataclass(frozen=True, slots=True)
class NoteMade:
    text: str


LogFact = JarSeen | NoteMade


def evolve_log(notes: tuple[str, ...], fact: LogFact) -> tuple[str, ...]:
    match fact:
        case NoteMade(text):
            return (*notes, text)
        case JarSeen(note=note):
            return (*notes, note or "")
        case _:
            assert_never(fact)


LOG: Aggregate[tuple[str, ...], LogFact] = Aggregate(StreamKind.CONNECTION, (), evolve_log)


def _reason_was_unknown(data: dict[str, object]) -> dict[str, object]:
    return data | {"reason": "unknown"}


CODEC = Codec(
    {StreamKind.ORGANIZATION: JarFact, StreamKind.CONNECTION: LogFact},
    MappingProxyType({("organization.marbles-taken", 1): _reason_was_unknown}),
)

ORIGIN = Origin(Actor("ann@acme.example", Role.ADMIN, "192.0.2.7", "test"), "request-1", "story-1")


def jar(name: str, msp: MspId = ACME) -> Stream:
    return organization_stream(msp, OrganizationId(name))


def log(msp: MspId = ACME) -> Stream:
    return connection_stream(msp)


def add(count: int) -> tuple[MarblesAdded, ...]:
    return (MarblesAdded(count),)
