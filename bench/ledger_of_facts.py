"""A ledger of many facts, written straight into its table: what a bench about reading them begins with.

Organizations by the thousand, each mapped, with licence changes and the pushes that they led to, told in turns. Every
organization has about a hundred facts, however large the ledger: a larger one has more MSPs.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import psycopg

from domain.addition import AdditionAdopted, Contribution, PushKind, PushStarted, UsagePushed
from domain.company_mapping import CompanyMapped
from domain.connection import Connected, ProductMapped, ProductMappingConfirmed
from domain.organization import Given, LicensesChanged, OrganizationCreated
from domain.streams import (
    Stream,
    addition_stream,
    company_mapping_stream,
    connection_stream,
    organization_stream,
)
from domain.values import (
    BillingMonth,
    ChangeId,
    Component,
    LeftBehind,
    LicenseType,
    LineId,
    Management,
    MspId,
    OrganizationId,
    PlanComponent,
    PlanId,
    PsaAdditionId,
    PsaAgreementId,
    PsaCompanyId,
    PsaProductId,
    PushId,
    Rule,
    Tenant,
)
from journal.entry import Actor, Origin, Role, new_entry_id
from journal.envelope import store_fact
from journal.registry import CODEC

FACTS_OF_AN_ORGANIZATION, ORGANIZATIONS_OF_AN_MSP = 100, 25
PLAN, PRODUCT = PlanId("network-core"), PsaProductId(1)
DAYS = timedelta(days=FACTS_OF_AN_ORGANIZATION / 3)
"""A licence change a day."""
BEGIN = datetime(2026, 11, 2, tzinfo=UTC)
ADMIN = Actor("ada@acme.example", Role.ADMIN, "192.0.2.1", "bench")
PLATFORM = Actor("platform", Role.PLATFORM, "192.0.2.2", "bench")
WORKER = Actor("worker", Role.WORKER)
Told = tuple[Stream, Any, Actor]


def msp_of(number: int) -> MspId:
    return MspId(f"msp-{number}")


def tenant_of(number: int) -> Tenant:
    return Tenant("psa.example", f"tenant-{number}")


def tell_facts(url: str, count: int, already: int = 0) -> None:
    """Write facts number `already` + 1 to `count` of a ledger that is to hold so many; it holds no others."""
    versions: dict[Stream, int] = {}
    with (
        psycopg.connect(url) as connection,
        connection.cursor().copy(
            "COPY facts (originator_id, originator_version, topic, state, notification_id, entry_id, msp, kind,"
            " recorded_at) FROM STDIN (FORMAT binary)"
        ) as copy,
    ):
        copy.set_types(["uuid", "int8", "text", "bytea", "int8", "uuid", "text", "text", "timestamptz"])
        for number, (stream, fact, actor) in enumerate(islice(_facts(count), count), start=1):
            version = versions[stream] = versions.get(stream, 0) + 1
            if number <= already:
                continue
            origin = Origin(actor, f"request-{number}", f"story-{number // 3}")
            stored = store_fact(CODEC, stream, version, fact, entry_id=new_entry_id(), origin=origin)
            copy.write_row(
                (
                    stored.originator_id,
                    version,
                    stored.topic,
                    stored.state,
                    number,
                    stored.entry_id,
                    stream.msp,
                    stream.kind.value,
                    BEGIN + number / count * DAYS,
                )
            )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE facts")


def _facts(count: int) -> Iterator[Told]:
    organizations = max(count // FACTS_OF_AN_ORGANIZATION, 1)
    msps = -(-organizations // ORGANIZATIONS_OF_AN_MSP)
    for number in range(msps):
        yield from _connected(number)
    for number in range(organizations):
        yield from _begun(number)
    change = 0
    while True:
        change += 1
        for number in range(organizations):
            yield from _changed(number, change)


def _connected(number: int) -> Iterator[Told]:
    stream = connection_stream(msp_of(number))
    yield stream, Connected(1, tenant_of(number), "https://psa.example", f"MSP {number}", "0001", BEGIN), ADMIN
    for component in Component:
        mapped = ProductMapped(
            PlanComponent(PLAN, component), PRODUCT, "NET-CORE", "Network Core", LeftBehind.UNTOUCHED, BEGIN
        )
        yield stream, mapped, ADMIN
    yield stream, ProductMappingConfirmed(), ADMIN


def organization_of(number: int) -> tuple[MspId, OrganizationId]:
    return msp_of(number // ORGANIZATIONS_OF_AN_MSP), OrganizationId(f"organization-{number}")


def addition_of(number: int) -> Stream:
    msp, _ = organization_of(number)
    return addition_stream(msp, tenant_of(number // ORGANIZATIONS_OF_AN_MSP), PsaAgreementId(number + 1), PRODUCT)


def _begun(number: int) -> Iterator[Told]:
    msp, organization = organization_of(number)
    created = OrganizationCreated(
        ChangeId(f"made-{number}"),
        BEGIN,
        f"Organization {number}",
        LineId("network"),
        PLAN,
        tuple(Component),
        LicenseType.PAID,
        Management.MSP,
    )
    mapped = CompanyMapped(
        1,
        PsaCompanyId(number + 1),
        f"Company {number}",
        PsaAgreementId(number + 1),
        "Managed Services",
        f"Organization {number}",
        LeftBehind.UNTOUCHED,
        BEGIN,
    )
    yield organization_stream(msp, organization), created, PLATFORM
    yield company_mapping_stream(msp, organization), mapped, ADMIN


def _changed(number: int, change: int) -> Iterator[Told]:
    """A licence changed, and the push that it led to."""
    msp, organization = organization_of(number)
    quantity, wrote, record = Decimal(change), Decimal(change - 1), PsaAdditionId(number + 1)
    push = PushId(f"push-{number}-{change}")
    at = BEGIN + timedelta(days=change - 1)
    yield (
        organization_stream(msp, organization),
        LicensesChanged(ChangeId(f"change-{number}-{change}"), Component.LICENSE, Given.DELTA, 1, change, at),
        PLATFORM,
    )
    stream = addition_of(number)
    if change == 1:
        yield stream, AdditionAdopted(record), WORKER
    started = PushStarted(
        push=push,
        kind=PushKind.INITIAL if change == 1 else PushKind.INCREMENTAL,
        month=BillingMonth.of(at),
        run=None,
        connection_number=1,
        record=record,
        base=wrote,
        wrote=wrote if change > 1 else None,
        found=wrote,
        wanted=quantity,
        target=quantity,
        drift_policy=None,
        approval=None,
        rule=Rule.CURRENT,
        minimum=0,
        deadline=at + timedelta(seconds=75),
        connection_version=4,
        contributions=(Contribution(organization, quantity, change + 1, 1),),
    )
    yield stream, started, WORKER
    yield stream, UsagePushed(push, record, wrote, quantity, True), WORKER
