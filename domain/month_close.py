"""Closing a month for one organization: where the connection, the mapping and the organization come together.

The clock closes every organization at 00:30 UTC of day 1. One that is reported only afterwards, with effect in a month
that was closed meanwhile, is closed with its report, so that no usage stays outside the books.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.company_mapping import CompanyMappingState, current_mapping
from domain.connection import ConnectionState, closes, product_terms
from domain.organization import OrganizationFact, OrganizationState, close_month, evolve
from domain.values import CLOSE_DELAY, BillingMonth, PsaAgreementId


@dataclass(frozen=True, slots=True)
class ClosedUnder:
    """The states, with their versions, that a close is recorded under."""

    connection: ConnectionState
    connection_version: int
    mapping: CompanyMappingState
    mapping_version: int


def months_to_close(connection: ConnectionState, now: datetime) -> Iterator[BillingMonth]:
    """The months of a live connection that are over and are to be closed, oldest first, closed or not."""
    if connection.live is None:
        return
    month = BillingMonth.of(connection.live.connected_at)
    while month.ends_at + CLOSE_DELAY <= now:
        if closes(connection, month):
            yield month
        month = month.next()


def agreement_at_close(
    mapping: CompanyMappingState, connection_number: int, month: BillingMonth
) -> PsaAgreementId | None:
    """Where a month's final goes: the mapping at the close, from the month of the first mapping on."""
    mapped = current_mapping(mapping, connection_number)
    if mapped is None or mapping.first_mapped_at is None or mapping.first_mapped_at >= month.ends_at:
        return None
    return mapped.agreement


def close_organization_month(
    state: OrganizationState, month: BillingMonth, under: ClosedUnder, now: datetime
) -> tuple[OrganizationFact, ...]:
    """Nothing when the month is not to be closed for the MSP, or is closed for this organization already."""
    live = under.connection.live
    if live is None or not closes(under.connection, month):
        return ()
    return close_month(
        state,
        month,
        terms=product_terms(under.connection),
        connection_number=live.number,
        connection_version=under.connection_version,
        company_mapping_version=under.mapping_version,
        agreement=agreement_at_close(under.mapping, live.number, month),
        now=now,
    )


def close_late(state: OrganizationState, under: ClosedUnder, now: datetime) -> tuple[OrganizationFact, ...]:
    """Close what should have been closed with the others, had the organization been reported in time."""
    facts: list[OrganizationFact] = []
    for month in months_to_close(under.connection, now):
        for fact in close_organization_month(state, month, under, now):
            facts.append(fact)
            state = evolve(state, fact)
    return tuple(facts)
