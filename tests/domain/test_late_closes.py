"""An organization that is reported only after its month was closed for all others."""

from datetime import UTC, datetime
from decimal import Decimal

from domain.company_mapping import CompanyMappingState
from domain.connection import Connected, ConnectionFact, ConnectionState, ProductMapped
from domain.connection import evolve as evolve_connection
from domain.month_close import ClosedUnder, close_late, months_to_close
from domain.organization import MonthClosed, OrganizationState, evolve
from domain.values import BillingMonth, LeftBehind, PsaProductId, Tenant
from tests.domain.organizations import CORE_LICENSE, bought, created, on

OCTOBER = BillingMonth(2026, 10)


def connected(at: datetime) -> ConnectionState:
    facts: tuple[ConnectionFact, ...] = (
        Connected(1, Tenant("na.psa.example", "acme"), "https://na.psa.example", "Acme", "0000", at),
        ProductMapped(CORE_LICENSE, PsaProductId(10), "P", "P", LeftBehind.ZERO, at),
    )
    state = ConnectionState()
    for fact in facts:
        state = evolve_connection(state, fact)
    return state


def organization(*facts: object) -> OrganizationState:
    state = OrganizationState()
    for fact in facts:
        state = evolve(state, fact)  # type: ignore[arg-type]  # the builders give facts of organizations
    return state


def test_every_month_that_was_over_while_connected_is_closed_with_the_report() -> None:
    under = ClosedUnder(connected(datetime(2026, 9, 20, tzinfo=UTC)), 2, CompanyMappingState(), 0)
    state = organization(created(), bought(7, on(10, 5)))

    facts = close_late(state, under, datetime(2026, 11, 5, tzinfo=UTC))

    assert [OCTOBER] == [fact.month for fact in facts if isinstance(fact, MonthClosed)]
    (closed,) = facts
    assert isinstance(closed, MonthClosed)
    assert closed.agreement is None
    assert [Decimal("7.00")] == [usage.quantity for usage in closed.products]


def test_nothing_is_closed_twice_nor_before_its_time() -> None:
    under = ClosedUnder(connected(datetime(2026, 9, 20, tzinfo=UTC)), 2, CompanyMappingState(), 0)
    state = organization(created(), bought(7, on(10, 5)))
    closed = close_late(state, under, datetime(2026, 11, 5, tzinfo=UTC))

    assert () == close_late(
        organization(created(), bought(7, on(10, 5)), *closed), under, datetime(2026, 11, 9, tzinfo=UTC)
    )
    assert () == close_late(state, under, datetime(2026, 11, 1, 0, 29, tzinfo=UTC))


def test_months_that_ended_while_not_connected_are_not_closed() -> None:
    state = connected(datetime(2026, 11, 3, tzinfo=UTC))

    assert [] == list(months_to_close(state, datetime(2026, 11, 20, tzinfo=UTC)))
    assert [BillingMonth(2026, 11)] == list(months_to_close(state, datetime(2026, 12, 1, 0, 30, tzinfo=UTC)))
