"""What workers would record, made with the domain's own decisions, so that the API has pushes to show."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from domain.addition import (
    ADDITION,
    AdditionState,
    Contribution,
    DropGuard,
    PushKind,
    PushOrder,
    created,
    start_push,
    verify_push,
)
from domain.connection import CONNECTION, product_terms
from domain.organization import ORGANIZATION, close_month
from domain.streams import addition_stream, connection_stream, organization_stream
from domain.values import (
    BillingMonth,
    DriftPolicy,
    MspId,
    OrganizationId,
    PsaAdditionId,
    PsaAgreementId,
    PsaProductId,
    PushId,
)
from journal.entry import Actor, Origin, Role
from journal.reader import Change, Reader
from tests.api.harness import Api

RECORD = PsaAdditionId(77)
WORKER = Origin(Actor("worker", Role.WORKER), "job-1", "story-1")


def _record(api: Api, decide: Callable[[Reader], list[Change]]) -> None:
    entries = api.parts.journal.transact(decide, WORKER)
    if entries:
        api.served.portal.call(api.parts.freshness.wait_for, entries[-1].position, 120.0)


def push(
    api: Api,
    agreement: int,
    product: int,
    *,
    wanted: dict[str, Decimal],
    kind: PushKind = PushKind.INCREMENTAL,
    found: Decimal | None = None,
    month: BillingMonth | None = None,
    verify: bool = True,
) -> None:
    """Start a push of these contributions and, unless told otherwise, verify it."""
    number = PushId(str(uuid4()))

    def start(reader: Reader) -> list[Change]:
        connection = reader.state(CONNECTION, connection_stream(MspId(api.msp)))
        assert connection.state.live is not None
        stream = addition_stream(
            MspId(api.msp), connection.state.live.tenant, PsaAgreementId(agreement), PsaProductId(product)
        )
        state: AdditionState = reader.state(ADDITION, stream).state
        term = next(one for one in product_terms(connection.state) if one.product == product)
        order = PushOrder(
            kind=kind,
            month=month or BillingMonth.of(reader.now),
            run=None,
            connection_number=connection.state.number,
            wanted=sum(wanted.values(), Decimal("0.00")),
            drift_policy=DriftPolicy.OVERWRITE,
            guard=DropGuard(50, 10),
            rule=term.rule,
            minimum=term.minimum,
        )
        facts: list[Any] = [
            *start_push(
                state,
                order,
                push=number,
                record=state.record,
                found=found,
                deadline=reader.now + timedelta(minutes=1),
                connection_version=connection.version,
                contributions=tuple(
                    Contribution(OrganizationId(one), quantity, 1, 1) for one, quantity in wanted.items()
                ),
            )
        ]
        for fact in facts:
            state = ADDITION.evolve(state, fact)
        if verify and state.open is not None:
            after = state.open.target
            for fact in created(state, RECORD, reader.now):
                facts.append(fact)
                state = ADDITION.evolve(state, fact)
            facts.extend(verify_push(state, number, record=RECORD, after=after, written=True))
        return [Change(stream, tuple(facts))]

    _record(api, start)


def close(api: Api, organization: str, month: BillingMonth, agreement: int | None) -> None:
    """Close a past month of an organization, whatever the clock says it should."""

    def decide(reader: Reader) -> list[Change]:
        connection = reader.state(CONNECTION, connection_stream(MspId(api.msp)))
        stream = organization_stream(MspId(api.msp), OrganizationId(organization))
        facts = close_month(
            reader.state(ORGANIZATION, stream).state,
            month,
            terms=product_terms(connection.state),
            connection_number=connection.state.number,
            connection_version=connection.version,
            company_mapping_version=1,
            agreement=None if agreement is None else PsaAgreementId(agreement),
            now=reader.now,
        )
        return [Change(stream, facts)]

    _record(api, decide)
