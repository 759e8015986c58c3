"""Months, quantities and the identities of streams."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.streams import (
    Stream,
    addition_stream,
    company_mapping_stream,
    connection_stream,
    organization_stream,
    run_stream,
)
from domain.values import (
    BillingMonth,
    MspId,
    OrganizationId,
    PsaAgreementId,
    PsaProductId,
    RunId,
    Tenant,
    round_quantity,
    same_quantity,
)

MONTHS = st.builds(BillingMonth, st.integers(2000, 9997), st.integers(1, 12))


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-13", "2026-00", "2026-1", "26-11", "1999-12", "9999-01", "2026-11-01", "2026-11\n", "٢٠٢٦-١١"],
)
def test_a_malformed_month_is_not_a_month(text: str) -> None:
    with pytest.raises(ValueError, match="billing month"):
        BillingMonth.parse(text)


@given(MONTHS)
def test_a_month_reads_as_it_is_written(month: BillingMonth) -> None:
    assert month == BillingMonth.parse(str(month))


@given(MONTHS)
def test_a_month_ends_where_the_next_begins(month: BillingMonth) -> None:
    assert month.next().begins_at == month.ends_at
    assert month == month.next().previous()
    assert month < month.next()


@given(MONTHS)
def test_a_month_holds_its_first_instant_and_not_its_end(month: BillingMonth) -> None:
    assert month == BillingMonth.of(month.begins_at)
    assert month == BillingMonth.of(month.ends_at - timedelta(microseconds=1))
    assert month.next() == BillingMonth.of(month.ends_at)


def test_a_month_is_found_in_utc_whatever_zone_an_instant_is_written_in() -> None:
    new_year_in_kiritimati = datetime(2027, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=14)))

    assert BillingMonth(2026, 12) == BillingMonth.of(new_year_in_kiritimati)


@pytest.mark.parametrize(("year", "days"), [(2024, 29), (2026, 28), (2000, 29), (2100, 28)])
def test_february_has_the_days_of_its_year(year: int, days: int) -> None:
    february = BillingMonth(year, 2)

    assert timedelta(days=days) == february.ends_at - february.begins_at


def test_a_year_ends_in_the_next_year() -> None:
    december = BillingMonth(2026, 12)

    assert datetime(2027, 1, 1, tzinfo=UTC) == december.ends_at
    assert BillingMonth(2025, 12) == BillingMonth(2026, 1).previous()
    assert BillingMonth(2026, 11) == december.previous()


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        ("0.005", "0.01"),
        ("0.0049", "0.00"),
        ("-0.005", "-0.01"),
        ("2.675", "2.68"),
        ("17", "17.00"),
        ("1E+3", "1000.00"),
    ],
)
def test_quantities_are_rounded_half_up_to_two_decimals(exact: str, rounded: str) -> None:
    assert rounded == str(round_quantity(Decimal(exact)))


@given(st.decimals(-10_000, 10_000, places=4), st.decimals(-10_000, 10_000, places=4))
@settings(max_examples=200)
def test_quantities_are_the_same_when_they_round_alike(left: Decimal, right: Decimal) -> None:
    assert (round_quantity(left) == round_quantity(right)) == same_quantity(left, right)


def test_a_tenant_is_written_as_its_site_and_company() -> None:
    assert str(Tenant("na.myconnectwise.net", "acme")) == "na.myconnectwise.net/acme"


def test_every_natural_key_has_a_stream_of_its_own() -> None:
    msp, organization = MspId("acme"), OrganizationId("7")
    tenant = Tenant("na.example", "acme")
    streams: list[Stream] = [
        connection_stream(msp),
        connection_stream(MspId("other")),
        organization_stream(msp, organization),
        company_mapping_stream(msp, organization),
        run_stream(msp, RunId("7")),
        addition_stream(msp, tenant, PsaAgreementId(1), PsaProductId(23)),
        addition_stream(msp, tenant, PsaAgreementId(12), PsaProductId(3)),
        addition_stream(msp, Tenant("na.example", "other"), PsaAgreementId(1), PsaProductId(23)),
        addition_stream(msp, Tenant("eu.example", "acme"), PsaAgreementId(1), PsaProductId(23)),
    ]

    assert len(streams) == len({stream.id for stream in streams})


def test_a_stream_keeps_its_id_for_ever() -> None:
    stream = addition_stream(MspId("Größe"), Tenant("na.example", "acme"), PsaAgreementId(1), PsaProductId(2))

    assert str(stream.id) == "e636b46c-a319-517a-a076-6a57bbf200b5"
