"""The nightly watch: everything in ConnectWise that a person has to see to becomes an exception with a cure."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from projections.exceptions import cure_of
from tests.workers.system import System

THREE_AT_NIGHT = datetime(2026, 11, 11, 3, tzinfo=UTC)


@pytest.fixture
def billing(system: System) -> System:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")
    system.settle()
    return system


def night(system: System, at: datetime = THREE_AT_NIGHT) -> None:
    system.move_clock(at)
    system.settle()
    system.fold()


def exceptions(system: System) -> dict[str, str]:
    """Detail by problem, of the licence product."""
    with system.tools.pool.connection() as connection:
        rows: list[Any] = connection.execute(
            "SELECT problem, detail FROM exceptions WHERE product = %s", (system.license_product,)
        ).fetchall()
    return dict(rows)


def test_a_quiet_night_finds_nothing_and_writes_nothing(billing: System) -> None:
    writes, head = billing.psa.writes(), billing.journal.head()

    night(billing)

    assert {} == exceptions(billing)
    assert (writes, head) == (billing.psa.writes(), billing.journal.head())


def test_a_quantity_changed_by_hand_is_seen_and_left_alone(billing: System) -> None:
    billing.psa.hand_edit(billing.agreement, billing.license_product, 13)

    night(billing)

    assert {"DRIFT": "we wrote 12.00, ConnectWise holds 13.0"} == exceptions(billing)
    assert [Decimal(13)] == billing.held(billing.license_product)


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        ({"action": "agreement_cancelled", "agreement": "agreement"}, "AGREEMENT_ENDED"),
        ({"action": "addition_duplicated", "addition": "record"}, "TWO_RUNNING"),
        ({"action": "addition_deleted", "addition": "record"}, "ADDITION_LOST"),
        (
            {"action": "record_changed", "table": "catalogItem", "id": "product", "changes": {"inactiveFlag": True}},
            "PRODUCT_INACTIVE",
        ),
        ({"action": "company_deleted", "company": 1}, "COMPANY_DELETED"),
    ],
)
def test_what_happened_in_connectwise_is_an_exception_with_a_cure(
    billing: System, action: dict[str, Any], problem: str
) -> None:
    ids = {
        "agreement": billing.agreement,
        "record": billing.addition(billing.license_product).record,
        "product": billing.license_product,
    }
    billing.psa.post(
        "actions",
        **{name: ids.get(value, value) if isinstance(value, str) else value for name, value in action.items()},
    )

    night(billing)

    assert problem in exceptions(billing)
    assert cure_of(problem)


def test_what_a_push_named_already_is_not_named_a_second_time_by_the_watch(billing: System) -> None:
    billing.psa.post("actions", action="record_deleted", table="agreement", id=billing.agreement)
    billing.licenses("globex", delta=1)
    billing.settle()

    night(billing)

    with billing.tools.pool.connection() as connection:
        shown = connection.execute("SELECT problem FROM exceptions WHERE product = %s", (billing.license_product,))
        assert [("AGREEMENT_GONE",)] == shown.fetchall()


def test_what_is_in_order_again_is_taken_back(billing: System) -> None:
    billing.psa.post("actions", action="company_deleted", company=1)
    night(billing)
    assert "COMPANY_DELETED" in exceptions(billing)
    billing.psa.post("actions", action="company_restored", company=1)

    night(billing, THREE_AT_NIGHT.replace(day=12))

    assert {} == exceptions(billing)


def test_what_was_seen_of_an_addition_ends_when_everybody_left_it(billing: System) -> None:
    """No night looks at it again, so that nothing could take it back."""
    changes = {"inactiveFlag": True}
    product = billing.license_product
    billing.psa.post("actions", action="record_changed", table="catalogItem", id=product, changes=changes)
    night(billing)
    assert "PRODUCT_INACTIVE" in exceptions(billing)

    billing.unmap_company("globex")
    billing.settle()

    assert {} == exceptions(billing)


def test_a_night_happens_once(billing: System) -> None:
    night(billing)
    reads = billing.psa.get("traffic")["requests"]

    billing.forget_patience()
    billing.settle()

    assert reads == billing.psa.get("traffic")["requests"]
