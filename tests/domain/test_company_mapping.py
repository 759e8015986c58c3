"""Which company and agreement an organization bills to, within one connection."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.company_mapping import (
    COMPANY_MAPPING,
    CompanyMapped,
    CompanyUnmapped,
    OrganizationExcluded,
    OrganizationIncluded,
    current_mapping,
    exclude_organization,
    include_organization,
    map_company,
    unmap_company,
)
from domain.refusals import (
    AlreadyMapped,
    InvalidInput,
    NotMapped,
    OrganizationIsExcluded,
    OrganizationIsSelfManaged,
)
from domain.values import LeftBehind, OrganizationId, PsaAgreementId, PsaCompanyId
from tests.domain.story import given

GLOBEX = OrganizationId("globex")
NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)


def mapped(agreement: int, connection_number: int = 1, at: datetime = NOW) -> CompanyMapped:
    return CompanyMapped(
        connection_number,
        PsaCompanyId(3),
        "Globex Inc",
        PsaAgreementId(agreement),
        "Monthly",
        "Globex",
        LeftBehind.ZERO,
        at,
    )


def test_an_organization_is_mapped_to_one_agreement() -> None:
    state = (
        given(COMPANY_MAPPING)
        .when(map_company, GLOBEX, mapping=mapped(7), is_managed=True, is_move=False)
        .then(mapped(7))
    )

    assert mapped(7) == current_mapping(state, 1)


def test_a_self_managed_organization_can_not_be_mapped() -> None:
    given(COMPANY_MAPPING).when(map_company, GLOBEX, mapping=mapped(7), is_managed=False, is_move=False).then(
        OrganizationIsSelfManaged(GLOBEX)
    )


def test_an_excluded_organization_can_not_be_mapped_until_it_is_included() -> None:
    given(COMPANY_MAPPING, OrganizationExcluded("internal use")).when(
        map_company, GLOBEX, mapping=mapped(7), is_managed=True, is_move=False
    ).then(OrganizationIsExcluded(GLOBEX, "internal use"))
    given(COMPANY_MAPPING, OrganizationExcluded("internal use"), OrganizationIncluded()).when(
        map_company, GLOBEX, mapping=mapped(7), is_managed=True, is_move=False
    ).then(mapped(7))


def test_a_mapped_organization_moves_only_knowingly() -> None:
    there = given(COMPANY_MAPPING, mapped(7))

    there.when(map_company, GLOBEX, mapping=mapped(8), is_managed=True, is_move=False).then(
        AlreadyMapped(GLOBEX, PsaCompanyId(3), PsaAgreementId(7))
    )
    state = there.when(map_company, GLOBEX, mapping=mapped(8), is_managed=True, is_move=True).then(mapped(8))

    assert mapped(8) == current_mapping(state, 1)


def test_a_move_to_where_it_is_mapped_already_is_refused() -> None:
    given(COMPANY_MAPPING, mapped(7)).when(map_company, GLOBEX, mapping=mapped(7), is_managed=True, is_move=True).then(
        AlreadyMapped(GLOBEX, PsaCompanyId(3), PsaAgreementId(7))
    )


def test_a_mapping_of_an_older_connection_is_void() -> None:
    old = given(COMPANY_MAPPING, mapped(7, connection_number=1))

    assert current_mapping(old.state, 2) is None
    old.when(unmap_company, GLOBEX, connection_number=2, left_behind=LeftBehind.ZERO).then(NotMapped(GLOBEX))
    old.when(exclude_organization, GLOBEX, connection_number=2, reason="internal use").then(
        OrganizationExcluded("internal use")
    )
    old.when(map_company, GLOBEX, mapping=mapped(7, 2), is_managed=True, is_move=False).then(mapped(7, 2))


def test_unmapping_says_what_becomes_of_what_is_left_behind() -> None:
    state = (
        given(COMPANY_MAPPING, mapped(7))
        .when(unmap_company, GLOBEX, connection_number=1, left_behind=LeftBehind.UNTOUCHED)
        .then(CompanyUnmapped(LeftBehind.UNTOUCHED))
    )

    assert current_mapping(state, 1) is None


def test_what_is_not_mapped_can_not_be_unmapped() -> None:
    given(COMPANY_MAPPING, mapped(7), CompanyUnmapped(LeftBehind.ZERO)).when(
        unmap_company, GLOBEX, connection_number=1, left_behind=LeftBehind.ZERO
    ).then(NotMapped(GLOBEX))


def test_the_first_mapping_of_a_connection_is_remembered_through_moves() -> None:
    later = NOW + timedelta(days=40)
    moved = given(COMPANY_MAPPING, mapped(7), CompanyUnmapped(LeftBehind.ZERO), mapped(8, at=later)).state
    reconnected = given(COMPANY_MAPPING, mapped(7), mapped(7, connection_number=2, at=later)).state

    assert (moved.first_number, moved.first_mapped_at) == (1, NOW)
    assert (2, later) == (reconnected.first_number, reconnected.first_mapped_at)


def test_excluding_keeps_the_trimmed_reason_and_happens_once() -> None:
    state = (
        given(COMPANY_MAPPING)
        .when(exclude_organization, GLOBEX, connection_number=1, reason="  internal use ")
        .then(OrganizationExcluded("internal use"))
    )

    assert state.excluded_because == "internal use"
    excluded = given(COMPANY_MAPPING, OrganizationExcluded("internal use"))
    excluded.when(exclude_organization, GLOBEX, connection_number=1, reason="internal use").then()
    excluded.when(exclude_organization, GLOBEX, connection_number=1, reason="barter").then(
        OrganizationExcluded("barter")
    )


def test_a_mapped_organization_can_not_be_excluded() -> None:
    given(COMPANY_MAPPING, mapped(7)).when(
        exclude_organization, GLOBEX, connection_number=1, reason="internal use"
    ).then(AlreadyMapped(GLOBEX, PsaCompanyId(3), PsaAgreementId(7)))


@pytest.mark.parametrize("reason", ["", " \t", "x" * 501])
def test_a_reason_is_needed_to_exclude(reason: str) -> None:
    given(COMPANY_MAPPING).when(exclude_organization, GLOBEX, connection_number=1, reason=reason).then(
        InvalidInput("reason", "1 to 500 characters are needed")
    )


def test_including_what_is_not_excluded_changes_nothing() -> None:
    given(COMPANY_MAPPING, OrganizationExcluded("internal use")).when(include_organization).then(OrganizationIncluded())
    given(COMPANY_MAPPING).when(include_organization).then()
