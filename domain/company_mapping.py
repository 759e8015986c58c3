"""Which ConnectWise company and agreement an organization bills to, one at a time, within one connection.

A mapping made under an older connection number is void: record ids of one ConnectWise mean nothing in another, and a
reconnected tenant starts without mappings until they are restored.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from domain.refusals import (
    AlreadyMapped,
    InvalidInput,
    NotMapped,
    OrganizationIsExcluded,
    OrganizationIsSelfManaged,
)
from domain.streams import Aggregate, StreamKind
from domain.values import LeftBehind, OrganizationId, PsaAgreementId, PsaCompanyId

# --- facts -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CompanyMapped:
    """By an admin. Mapped elsewhere before, `left_behind` says what becomes of the additions it was the last on.

    The names are those shown to the admin.
    """

    connection_number: int
    company: PsaCompanyId
    company_name: str
    agreement: PsaAgreementId
    agreement_name: str
    organization_name: str
    left_behind: LeftBehind
    mapped_at: datetime


@dataclass(frozen=True, slots=True)
class CompanyUnmapped:
    """By an admin. `left_behind` says what becomes of the additions it was the last on."""

    left_behind: LeftBehind


@dataclass(frozen=True, slots=True)
class OrganizationExcluded:
    """By an admin: deliberately not billed through the PSA."""

    reason: str


@dataclass(frozen=True, slots=True)
class OrganizationIncluded:
    """By an admin: no longer excluded."""


CompanyMappingFact = CompanyMapped | CompanyUnmapped | OrganizationExcluded | OrganizationIncluded


# --- state -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CompanyMappingState:
    version: int = 0
    mapped: CompanyMapped | None = None
    """The latest mapping; it counts only under its own connection number (`current_mapping`)."""
    first_number: int = 0
    first_mapped_at: datetime | None = None
    """When it was first mapped under connection `first_number`, the newest that mapped it."""
    excluded_because: str | None = None


def current_mapping(state: CompanyMappingState, connection_number: int) -> CompanyMapped | None:
    """The mapping that counts under a connection number."""
    mapped = state.mapped
    return mapped if mapped is not None and mapped.connection_number == connection_number else None


# --- decisions -------------------------------------------------------------------------------------------------


def map_company(
    state: CompanyMappingState,
    organization: OrganizationId,
    *,
    mapping: CompanyMapped,
    is_managed: bool,
    is_move: bool,
) -> tuple[CompanyMappingFact, ...]:
    """Map an organization, or move it when `is_move` says that the admin knows it is mapped.

    Raises: OrganizationIsSelfManaged, OrganizationIsExcluded, AlreadyMapped.
    """
    if not is_managed:
        raise OrganizationIsSelfManaged(organization)
    if state.excluded_because is not None:
        raise OrganizationIsExcluded(organization, state.excluded_because)
    current = current_mapping(state, mapping.connection_number)
    if current is not None and (not is_move or current.agreement == mapping.agreement):
        raise AlreadyMapped(organization, current.company, current.agreement)
    return (mapping,)


def unmap_company(
    state: CompanyMappingState, organization: OrganizationId, *, connection_number: int, left_behind: LeftBehind
) -> tuple[CompanyMappingFact, ...]:
    """Raises: NotMapped."""
    if current_mapping(state, connection_number) is None:
        raise NotMapped(organization)
    return (CompanyUnmapped(left_behind),)


def exclude_organization(
    state: CompanyMappingState, organization: OrganizationId, *, connection_number: int, reason: str
) -> tuple[CompanyMappingFact, ...]:
    """Raises: AlreadyMapped, InvalidInput (reason)."""
    current = current_mapping(state, connection_number)
    if current is not None:
        raise AlreadyMapped(organization, current.company, current.agreement)
    reason = reason.strip()
    if not 1 <= len(reason) <= 500:
        raise InvalidInput("reason", "1 to 500 characters are needed")
    return () if state.excluded_because == reason else (OrganizationExcluded(reason),)


def include_organization(state: CompanyMappingState) -> tuple[CompanyMappingFact, ...]:
    return () if state.excluded_because is None else (OrganizationIncluded(),)


# --- evolve ----------------------------------------------------------------------------------------------------


def evolve(state: CompanyMappingState, fact: CompanyMappingFact) -> CompanyMappingState:
    state = replace(state, version=state.version + 1)
    match fact:
        case CompanyMapped():
            if state.first_number == fact.connection_number:
                return replace(state, mapped=fact)
            return replace(state, mapped=fact, first_number=fact.connection_number, first_mapped_at=fact.mapped_at)
        case CompanyUnmapped():
            return replace(state, mapped=None)
        case OrganizationExcluded():
            return replace(state, excluded_because=fact.reason)
        case OrganizationIncluded():
            return replace(state, excluded_because=None)
        case _:
            assert_never(fact)


COMPANY_MAPPING: Aggregate[CompanyMappingState, CompanyMappingFact] = Aggregate(
    StreamKind.COMPANY_MAPPING, CompanyMappingState(), evolve
)
