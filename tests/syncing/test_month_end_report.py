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
RESTORE = "mutation ($input: RestoreMappingsInput!) { restoreMappings(input: $input) { __typename } }"
CHANGE_MANAGEMENT = "mutation ($input: ChangeManagementInput!) { changeManagement(input: $input) { __typename } }"
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


def test_a_month_that_ended_while_not_connected_is_named_and_its_usage_leaks_also_after_a_restore(
    november: Whole,
) -> None:
    november.billing()
    november.licenses("initech", 7)
    november.ask(operations.EXCLUDE, items=[{"organization": "initech", "reason": "billed by hand"}])
    november.time_is(at(11, 29))
    november.ask(operations.DISCONNECT)
    november.time_is(at(12, 2))
    disconnected = report(november)
    given.connected(november.api, november.tenant)
    november.ask(RESTORE)
    november.settle()

    restored = report(november)

    for found in (disconnected, restored):
        assert (False, False) == (found["isClosed"], found["safeToInvoice"])
        assert (
            "2026-11 ended while ConnectWise was not connected, so it is not closed and billed nowhere."
            == found["sentence"]
        )
        leak = {"organization": "globex", "product": None, "component": "LICENSE", "quantity": "40.00"}
        assert [leak] == found["leaks"]
        assert [{"organization": "initech", "quantity": "7.00"}] == found["excluded"]


def test_a_month_that_is_still_to_be_closed_says_so(november: Whole) -> None:
    november.billing()
    november.set_clock(at(12, 1, 0, 10))

    found = report(november)

    assert ("2026-11 is not closed yet.", []) == (found["sentence"], found["leaks"])


def test_an_organization_that_came_under_management_later_is_missing_in_no_earlier_month(november: Whole) -> None:
    november.billing()
    given.registered(
        november.api, given.new_organization("hooli", effectiveAt="2026-11-01T00:00:00Z", management="SELF")
    )
    november.time_is(at(12, 1, 0, 31))
    change = {"msp": november.msp, "changeId": "managed", "organization": "hooli", "management": "MSP"}
    changed = november.api.platform().one(CHANGE_MANAGEMENT, input=change)
    assert "OrganizationChanged" == changed["__typename"]

    assert report(november)["safeToInvoice"]
