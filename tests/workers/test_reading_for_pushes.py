"""What a push reads of the PSA: as little as proves its number, and the whole wherever that proves nothing."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectwise.agreements import AgreementRead, NotRead
from domain.addition import AdditionLost
from domain.values import BillingMonth, Component, PsaAdditionId, PsaProductId, Rule
from tests.workers.system import System

LIST = "/finance/agreements/{parentId}/additions"
COUNT = f"{LIST}/count"
LINE = f"{LIST}/{{id}}"
AGREEMENT = "/finance/agreements/{id}"


@pytest.fixture
def billing(system: System) -> System:
    """Two remembered additions of one agreement."""
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.licenses("globex", quantity=2, component=Component.SERVER)
    system.map_company("globex")
    system.settle()
    return system


def requests(system: System) -> dict[str, int]:
    """What was asked of the PSA since the last time, by verb and endpoint."""
    path = f"{system.psa.url}/_simulator/tenants/{system.psa.company_id}/traffic"
    found: dict[str, int] = system.psa.get("traffic")["requests"]
    system.psa.http.delete(path).raise_for_status()
    return found


def test_a_change_of_a_remembered_addition_takes_one_read_and_one_write(billing: System) -> None:
    requests(billing)

    billing.licenses("globex", delta=3)
    billing.settle()

    assert {f"GET {LIST}": 1, f"PATCH {LINE}": 1} == requests(billing)
    assert [Decimal(15)] == billing.held(billing.license_product)


def test_one_read_serves_all_remembered_additions_of_an_agreement(billing: System) -> None:
    requests(billing)

    billing.licenses("globex", delta=3)
    billing.licenses("globex", delta=1, component=Component.SERVER)
    billing.settle()

    assert {f"GET {LIST}": 1, f"PATCH {LINE}": 2} == requests(billing)
    assert [Decimal(15)] == billing.held(billing.license_product)
    assert [Decimal(3)] == billing.held(billing.server_product)


def test_an_addition_without_a_record_is_created_from_the_agreement_and_its_counted_list(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    requests(system)

    system.map_company("globex")
    system.settle()

    assert {f"GET {AGREEMENT}": 1, f"GET {COUNT}": 1, f"GET {LIST}": 1, f"POST {LIST}": 2} == requests(system)


def test_a_record_that_does_not_come_is_lost_only_after_the_counted_list_says_so(billing: System) -> None:
    record = billing.addition(billing.license_product).record
    assert record is not None
    billing.psa.post("actions", action="addition_deleted", addition=record)
    requests(billing)

    billing.licenses("globex", delta=1)
    billing.settle()

    assert {f"GET {LIST}": 2, f"GET {AGREEMENT}": 1, f"GET {COUNT}": 1} == requests(billing)
    assert AdditionLost(record) in billing.facts(billing.license_product)


def test_a_site_that_refuses_to_look_for_ids_is_read_whole(billing: System) -> None:
    billing.psa.fault("error", status=400, method="GET", endpoint=LIST, count=1)

    billing.licenses("globex", delta=1)
    billing.settle()

    assert [Decimal(13)] == billing.held(billing.license_product)


def test_an_agreement_that_ended_is_named_although_only_its_lines_were_asked_for(billing: System) -> None:
    billing.psa.post("actions", action="agreement_cancelled", agreement=billing.agreement)
    writes = billing.psa.writes()

    billing.licenses("globex", delta=1)
    billing.settle()

    exceptional = billing.addition(billing.license_product).exceptional
    assert exceptional is not None
    assert ("AGREEMENT_ENDED", writes) == (exceptional.problem.value, billing.psa.writes())


def test_a_rule_that_depends_on_the_agreement_reads_it(billing: System) -> None:
    billing.set_rule(billing.license_product, Rule.AVERAGE)
    billing.settle()
    requests(billing)

    billing.licenses("globex", delta=300)
    billing.settle()

    assert 1 == requests(billing)[f"GET {AGREEMENT}"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda seen: seen.record(PsaAdditionId(71)),
        lambda seen: seen.standing_record(PsaAdditionId(71)),
        lambda seen: seen.running(PsaProductId(1), BillingMonth(2026, 11)),
        lambda seen: seen.running_records(PsaProductId(1), BillingMonth(2026, 11)),
        lambda seen: seen.standing(PsaProductId(1)),
        lambda seen: seen.effective_on(BillingMonth(2026, 11)),
        lambda seen: seen.proration_problem(Rule.AVERAGE, Decimal(1)),
    ],
)
def test_what_some_lines_can_not_tell_is_never_concluded_from_them(ask: Any) -> None:
    lines = AgreementRead(None, (), datetime(2026, 11, 10, tzinfo=UTC), is_whole=False)

    with pytest.raises(NotRead):
        ask(lines)
