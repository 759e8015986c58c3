"""What the month-end report says of a month is what ConnectWise would put on the invoices."""

from decimal import Decimal
from typing import Any

from tests.api import given, operations
from tests.scenarios.acts import at
from tests.syncing.whole import Billing, Whole

MONTH_END = """
query ($m: BillingMonth!) { monthEnd(month: $m) { isClosed safeToInvoice sentence
  lines { agreement product closed target state } exceptions { problem kind month agreement product }
  leaks { organization product component quantity } excluded { organization quantity } } }
"""

PAUSE = "mutation ($input: ConnectionInput!) { pause(input: $input) { __typename } }"
RESUME = "mutation ($input: ConnectionInput!) { resume(input: $input) { __typename } }"


def report(ledger: Whole, month: str = "2026-11") -> dict[str, Any]:
    found: dict[str, Any] = ledger.admin.one(MONTH_END, m=month)
    return found


def moved(ledger: Whole, billing: Billing) -> int:
    """Globex moves to another agreement; the one that it leaves is to be set to 0."""
    other = next(one for one in ledger.agreements() if one["id"] != billing.agreement)
    ledger.map(given.map_item("globex", other["company"]["id"], other["id"], move=True, leftBehind="ZERO"))
    found: int = other["id"]
    return found


def test_a_month_is_not_safe_while_an_addition_that_was_left_still_bills_what_moved_elsewhere(november: Whole) -> None:
    billing = november.billing()
    november.ask(operations.CHANGE_SETTINGS, holdDays=3)
    november.time_is(at(12, 1, 0, 10))
    other = moved(november, billing)
    november.time_is(at(12, 1, 0, 31))

    billed_twice = report(november)
    [line] = [one for one in billed_twice["lines"] if one["agreement"] == billing.agreement]

    both = [november.holds(agreement, billing.licenses) for agreement in (billing.agreement, other)]
    assert [[Decimal(40)], [Decimal(40)]] == both
    assert not billed_twice["safeToInvoice"]
    assert "1 addition that was left is not set to 0 yet." == billed_twice["sentence"]
    assert (billing.licenses, "0.00", "40.00", "BEING_LEFT") == (
        line["product"],
        line["closed"],
        line["target"],
        line["state"],
    )

    november.time_is(at(12, 5, 1))

    assert [Decimal(0)] == november.holds(billing.agreement, billing.licenses)
    assert report(november)["safeToInvoice"]


def test_a_release_that_connectwise_refuses_after_the_month_ended_is_in_the_report_of_the_month(
    november: Whole,
) -> None:
    billing = november.billing()
    november.ask(PAUSE)
    moved(november, billing)
    november.time_is(at(12, 1, 0, 31))
    november.psa_action("right_withdrawn", function="Agreements", verb="edit")
    november.ask(RESUME)
    november.settle()

    refused = report(november)

    assert not refused["safeToInvoice"]
    assert ("RELEASE", billing.agreement) in {(one["kind"], one["agreement"]) for one in refused["exceptions"]}


def test_what_is_left_as_the_admin_chose_keeps_no_month_from_being_invoiced(november: Whole) -> None:
    billing = november.billing()
    other = next(one for one in november.agreements() if one["id"] != billing.agreement)
    november.ask(operations.CHANGE_SETTINGS, holdDays=3)
    november.time_is(at(12, 1, 0, 10))
    november.map(given.map_item("globex", other["company"]["id"], other["id"], move=True, leftBehind="UNTOUCHED"))

    november.time_is(at(12, 1, 0, 31))

    assert report(november)["safeToInvoice"]
