"""What the month-end report says of a month is what ConnectWise would put on the invoices."""

from decimal import Decimal
from typing import Any

import pytest

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
CLOSE_ORGANIZATION = "mutation ($input: CloseOrganizationInput!) { closeOrganization(input: $input) { __typename } }"
USAGE = """
query ($m: BillingMonth!) { usage(month: $m, organization: "globex") { nodes { lines { product state } } } }
"""
EXPLAIN = """
query ($a: Int!, $p: Int!, $m: BillingMonth!) { explainQuantity(agreement: $a, product: $p, month: $m) {
  wanted closingBase isSumRight isWaiting pushes { kind } } }
"""
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


def test_an_addition_that_nobody_has_any_more_is_in_the_report_until_its_final_has_brought_it_to_0(
    november: Whole,
) -> None:
    billing = november.billing()
    november.ask(operations.SET_PRODUCT_RULE, product=billing.licenses, rule="PEAK", minimum=0)
    closing = {"msp": november.msp, "changeId": "closed", "organization": "globex"}
    november.api.platform().one(CLOSE_ORGANIZATION, input=closing)
    november.time_is(at(12, 1, 0, 31))
    november.ask(PAUSE)
    november.time_is(at(1, 1, 0, 31, year=2027))

    waiting = report(november, "2026-12")
    november.ask(RESUME)
    november.settle()
    written = report(november, "2026-12")

    line = {"agreement": billing.agreement, "product": billing.licenses, "closed": "0.00"}
    assert [{**line, "target": None, "state": "WAITING"}] == waiting["lines"]
    assert (False, "1 addition waits for its final.") == (waiting["safeToInvoice"], waiting["sentence"])
    assert [{**line, "target": "0.00", "state": "VERIFIED"}] == written["lines"]
    assert (True, [Decimal(0)]) == (written["safeToInvoice"], november.holds(billing.agreement, billing.licenses))


def test_usage_of_a_month_stays_verified_when_newer_months_are_written(november: Whole) -> None:
    billing = november.billing()
    november.time_is(at(12, 1, 0, 31))
    november.time_is(at(1, 1, 0, 31, year=2027))

    for month in ("2026-11", "2026-12"):
        [usage] = november.admin.one(USAGE, m=month)["nodes"]
        assert {billing.licenses: "VERIFIED", billing.servers: "VERIFIED"} == {
            line["product"]: line["state"] for line in usage["lines"]
        }


@pytest.mark.parametrize("is_paused", [False, True], ids=["released", "still to be released"])
def test_a_line_left_between_the_end_of_a_month_and_its_close_is_explained(november: Whole, is_paused: bool) -> None:
    """By its product, so that the organization stays on the agreement and closes there without the product."""
    billing = november.billing()
    spare = november.tenant.product(5)["id"]
    november.time_is(at(12, 1, 0, 10))
    remapped = {"plan": "network-core", "component": "LICENSE", "product": spare, "leftBehind": "ZERO"}
    november.ask(operations.MAP_PRODUCT, **remapped)
    if is_paused:
        november.ask(PAUSE)
    november.time_is(at(12, 1, 0, 31))

    told = november.admin.one(EXPLAIN, a=billing.agreement, p=billing.licenses, m="2026-11")

    assert (not is_paused, is_paused) == (told["isSumRight"], told["isWaiting"])
    assert ["INITIAL", "RELEASE"][: 1 if is_paused else 2] == [push["kind"] for push in told["pushes"]]
    assert ("0.00", "40.00" if is_paused else "0.00") == (told["wanted"], told["closingBase"])
