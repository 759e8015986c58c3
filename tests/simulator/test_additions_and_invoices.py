"""The life of agreements and additions, and the money an invoice run makes of them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from simulator import invoices
from tests.simulator.conftest import Psa

MARCH = date(2026, 3, 1)
APRIL = date(2026, 4, 1)


def additions(agreement: dict[str, Any]) -> str:
    return f"/finance/agreements/{agreement['id']}/additions"


def billed(psa: Psa, month: date) -> list[tuple[Any, ...]]:
    """Per line of the month's invoices: addition, quantity, unit price, amount."""
    return [
        (line["additionId"], line["quantity"], line["unitPrice"], line["amount"])
        for invoice in invoices.make_invoices(psa.tenant, month)
        for line in invoice.lines
    ]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, "Active"),
        ({"starts": "2026-03-20"}, "Active"),
        ({"starts": "2026-03-21"}, "Inactive"),
        ({"endDate": "2026-03-19T00:00:00Z", "noEndingDateFlag": False}, "Expired"),
        ({"endDate": "2026-03-20T00:00:00Z", "noEndingDateFlag": False}, "Active"),
        ({"endDate": "2026-03-19T00:00:00Z", "noEndingDateFlag": True}, "Active"),
        ({"cancelledFlag": True, "dateCancelled": "2026-03-20T00:00:00Z"}, "Cancelled"),
        ({"cancelledFlag": True, "dateCancelled": "2026-03-21T00:00:00Z"}, "Active"),
        ({"cancelledFlag": True}, "Cancelled"),
    ],
)
def test_the_status_of_an_agreement_follows_from_its_dates(psa: Psa, more: dict[str, Any], status: str) -> None:
    of = psa.agreement(psa.company("Globex"), **more)

    assert psa.get(f"/finance/agreements/{of['id']}").json()["agreementStatus"] == status


def test_a_status_follows_the_tenants_clock(psa: Psa) -> None:
    of = psa.agreement(psa.company("Globex"), cancelledFlag=True, dateCancelled="2026-04-01T00:00:00Z")

    psa.time_is(datetime(2026, 4, 1, tzinfo=UTC))

    assert psa.get(f"/finance/agreements/{of['id']}").json()["agreementStatus"] == "Cancelled"


def test_an_addition_takes_what_it_is_not_told_from_its_product(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT", price=9.5, cost=6.25)

    made = psa.call(
        "POST", additions(of), json={"product": {"id": item["id"]}, "billCustomer": "Billable", "quantity": 12}
    ).json()

    assert {name: made[name] for name in ("unitPrice", "unitCost", "description", "invoiceDescription", "uom")} == {
        "unitPrice": 9.5,
        "unitCost": 6.25,
        "description": "SEAT, per user",
        "invoiceDescription": "SEAT, per user",
        "uom": "User",
    }
    assert made["product"].keys() == {"id", "identifier", "serializedFlag", "_info"}
    assert (made["effectiveDate"], made["agreementStatus"]) == ("2026-03-20T00:00:00Z", "Active")
    assert (made["extPrice"], made["extCost"], made["margin"]) == (114.0, 75.0, 39.0)
    assert "cancelledDate" not in made


def test_only_the_quantity_above_what_is_included_is_billed(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT")
    over = psa.addition(of, item, 12, lessIncluded=10)
    under = psa.addition(of, item, 7, lessIncluded=10)

    assert [row["billedQuantity"] for row in psa.rows(additions(of))] == [2.0, 0.0]
    assert [line[:2] for line in billed(psa, MARCH)] == [(over["id"], "2"), (under["id"], "0")]


def test_another_product_brings_its_price_and_texts_unless_they_are_sent_again(psa: Psa) -> None:
    of, item, other = psa.agreement(psa.company("Globex")), psa.product("SEAT"), psa.product("GOLD", price=20, cost=10)
    line = psa.addition(of, item, unitPrice=7.5, invoiceDescription="Seats as agreed")
    path = f"{additions(of)}/{line['id']}"

    reset = psa.patch(path, product={"id": other["id"]}).json()
    kept = psa.patch(path, product={"identifier": "SEAT"}, unitPrice=7.5, invoiceDescription="Seats as agreed").json()

    assert (reset["unitPrice"], reset["unitCost"], reset["invoiceDescription"]) == (20.0, 10.0, "GOLD, per user")
    assert (kept["unitPrice"], kept["unitCost"], kept["invoiceDescription"]) == (7.5, 6.0, "Seats as agreed")


def test_a_new_price_of_the_product_does_not_reach_an_addition(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT", price=9)
    line = psa.addition(of, item)

    psa.happens("record_changed", table="catalogItem", id=item["id"], changes={"price": 11})

    assert psa.patch(f"{additions(of)}/{line['id']}", quantity=3).json()["unitPrice"] == 9.0


def test_a_bundle_can_not_be_an_addition(psa: Psa) -> None:
    of, bundle = psa.agreement(psa.company("Globex")), psa.product("KIT", productClass="Bundle")

    answer = psa.call("POST", additions(of), json={"product": {"id": bundle["id"]}, "billCustomer": "Billable"})

    assert answer.json()["errors"][0]["field"] == "product"
    assert psa.rows(additions(of)) == []


def test_product_and_bill_customer_are_required(psa: Psa) -> None:
    of = psa.agreement(psa.company("Globex"))

    answer = psa.call("POST", additions(of), json={"quantity": 1}).json()

    assert answer["message"] == "addition object is invalid"
    assert [error["field"] for error in answer["errors"]] == ["product", "billCustomer"]


def test_an_addition_can_not_begin_before_its_agreement_is_billed(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex"), starts="2026-03-10"), psa.product("SEAT")
    body = {"product": {"id": item["id"]}, "billCustomer": "Billable"}

    early = psa.call("POST", additions(of), json={**body, "effectiveDate": "2026-03-01T00:00:00Z"})
    on_time = psa.call("POST", additions(of), json={**body, "effectiveDate": "2026-03-10T00:00:00Z"})

    assert early.json()["message"] == "addition object is invalid"
    assert [error["message"] for error in early.json()["errors"]] == [
        "effectiveDate cannot be less than the agreement billing start date"
    ]
    assert on_time.status_code == 201


def test_an_invoiced_period_takes_no_new_addition_unless_the_agreement_prorates(psa: Psa) -> None:
    company, item = psa.company("Globex"), psa.product("SEAT")
    in_advance = {"periodType": "Future", "nextInvoiceDate": "2026-04-01T00:00:00Z"}
    plain = psa.agreement(company, "Plain", **in_advance)
    prorated = psa.agreement(company, "Prorated", prorateFlag=True, **in_advance)
    body = {"product": {"id": item["id"]}, "billCustomer": "Billable", "effectiveDate": "2026-03-15T00:00:00Z"}

    refused = psa.call("POST", additions(plain), json=body)
    next_period = psa.call("POST", additions(plain), json={**body, "effectiveDate": "2026-04-01T00:00:00Z"})
    taken = psa.call("POST", additions(prorated), json=body)

    message = (
        "Since this period has already been invoiced there will not be an invoice generated for additional products "
        "for this period. Please prorate the agreement or update the start date to on or after the Next Invoice Date."
    )
    assert [error["message"] for error in refused.json()["errors"]] == [message]
    assert (next_period.status_code, taken.status_code) == (201, 201)


def test_the_month_that_runs_is_open_and_closed_once_invoiced(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT")
    body = {"product": {"id": item["id"]}, "billCustomer": "Billable", "effectiveDate": "2026-03-01T00:00:00Z"}

    before = psa.call("POST", additions(of), json=body).status_code
    invoices.make_invoices(psa.tenant, MARCH)
    after = psa.call("POST", additions(of), json=body).status_code

    assert (before, after) == (201, 400)


def test_nothing_stops_two_running_additions_of_one_product_and_both_bill(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT", price=9)
    first, second = psa.addition(of, item, 10), psa.addition(of, item, 3)

    assert billed(psa, MARCH) == [(first["id"], "10", "9.00", "90.00"), (second["id"], "3", "9.00", "27.00")]


def test_cancelled_additions_are_listed_and_one_cancelled_later_still_bills(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex"), nextInvoiceDate="2026-01-01T00:00:00Z"), psa.product("SEAT")
    ended = psa.addition(of, item, effectiveDate="2026-01-01", cancelledDate="2026-03-01T00:00:00Z")
    ending = psa.addition(of, item, effectiveDate="2026-01-01", cancelledDate="2026-03-25T00:00:00Z")

    rows = {row["id"]: row["agreementStatus"] for row in psa.rows(additions(of))}

    assert rows == {ended["id"]: "Cancelled", ending["id"]: "Active"}
    assert psa.ids(additions(of), conditions="cancelledDate=null") == []
    assert [line[0] for line in billed(psa, MARCH)] == [ending["id"]]
    psa.switch(additions_list="active_only")
    assert psa.ids(additions(of)) == [ending["id"]]


def test_no_charge_is_shown_at_nothing_and_do_not_bill_is_not_on_the_invoice(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT", price=9)
    free = psa.addition(of, item, 5, billCustomer="NoCharge")
    psa.addition(of, item, 5, billCustomer="DoNotBill")

    assert billed(psa, MARCH) == [(free["id"], "5", "0.00", "0.00")]


def test_the_quantity_that_stands_when_the_invoice_is_made_is_billed(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT", price=9)
    line = psa.addition(of, item, 10)
    psa.patch(f"{additions(of)}/{line['id']}", quantity=12)

    march = billed(psa, MARCH)
    psa.patch(f"{additions(of)}/{line['id']}", quantity=15)

    assert march == [(line["id"], "12", "9.00", "108.00")]
    assert billed(psa, MARCH) == march
    assert billed(psa, APRIL) == [(line["id"], "15", "9.00", "135.00")]


def test_the_worked_example_of_proration_comes_out_to_the_cent(psa: Psa) -> None:
    of = psa.agreement(
        psa.company("Globex"), prorateFlag=True, periodType="Future", nextInvoiceDate="2026-04-01T00:00:00Z"
    )
    line = psa.addition(of, psa.product("SEAT", price=22), 2, effectiveDate="2026-03-15")

    made = invoices.make_invoices(psa.tenant, APRIL)

    assert [(each["unitPrice"], each["amount"]) for each in made[0].lines] == [("34.06", "68.12")]
    assert made[0].lines[0]["note"] == "This item has been prorated with a start date of: 3/15/2026"
    assert billed(psa, date(2026, 5, 1)) == [(line["id"], "2", "22.00", "44.00")]
    assert psa.get(f"{additions(of)}/{line['id']}").json()["proratePrice"] == 12.06


def test_without_proration_a_month_begun_is_a_month_billed(psa: Psa) -> None:
    of = psa.agreement(psa.company("Globex"))
    line = psa.addition(of, psa.product("SEAT", price=22), 2, effectiveDate="2026-03-15")

    assert billed(psa, MARCH) == [(line["id"], "2", "22.00", "44.00")]


def test_prorated_additions_can_be_invoiced_the_moment_they_are_added(psa: Psa) -> None:
    of = psa.agreement(
        psa.company("Globex"),
        prorateFlag=True,
        invoiceProratedAdditionsFlag=True,
        periodType="Future",
        nextInvoiceDate="2026-04-01T00:00:00Z",
    )
    line = psa.addition(of, psa.product("SEAT", price=22), 2, effectiveDate="2026-03-15")

    at_once = [(invoice.month, invoice.at_once, invoice.total) for invoice in psa.tenant.invoices]

    assert at_once == [("2026-03", True, "24.12")]
    assert billed(psa, APRIL) == [(line["id"], "2", "22.00", "44.00")]


def test_an_addition_that_starts_and_ends_in_one_month_is_charged_once(psa: Psa) -> None:
    of = psa.agreement(psa.company("Globex"), prorateFlag=True)
    dates = {"effectiveDate": "2026-03-05", "cancelledDate": "2026-03-06"}
    line = psa.addition(of, psa.product("FEE", price=100), 1, **dates)

    assert billed(psa, MARCH) == [(line["id"], "1", "100.00", "100.00")]
    assert billed(psa, APRIL) == []


def test_a_child_agreement_is_invoiced_with_its_parent(psa: Psa) -> None:
    company, item = psa.company("Globex"), psa.product("SEAT", price=9)
    parent = psa.agreement(company)
    child = psa.agreement(company, "Branch", parentAgreement={"id": parent["id"], "name": parent["name"]})
    psa.addition(child, item, 4)

    made = invoices.make_invoices(psa.tenant, MARCH)

    assert [(invoice.agreement_id, invoice.total) for invoice in made] == [(parent["id"], "36.00")]
    assert psa.get(f"/finance/agreements/{child['id']}").json()["nextInvoiceDate"] == "2026-04-01T00:00:00Z"


def test_agreements_that_do_not_recur_or_whose_turn_has_not_come_are_not_invoiced(psa: Psa) -> None:
    company, item = psa.company("Globex"), psa.product("SEAT", price=9)
    never = {"id": 6, "name": "None"}
    quarterly = {"id": 2, "name": "Quarterly"}
    for name, cycle, starts in (
        ("Never", never, "2025-01-01"),
        ("This month", quarterly, "2025-12-01"),
        ("Next month", quarterly, "2026-01-01"),
    ):
        psa.addition(psa.agreement(company, name, starts=starts, billingCycle=cycle), item, 1)

    assert [invoice.agreement_id for invoice in invoices.make_invoices(psa.tenant, MARCH)] == [2]


def test_a_flat_amount_stands_on_the_invoice_before_the_additions(psa: Psa) -> None:
    of = psa.agreement(psa.company("Globex"), billAmount=450.0)
    psa.addition(of, psa.product("SEAT", price=9), 1)

    made = invoices.make_invoices(psa.tenant, MARCH)

    assert [line["amount"] for line in made[0].lines] == ["450.00", "9.00"]
    assert Decimal(made[0].total) == Decimal("459.00")


def test_an_invoice_run_can_be_taken_back_and_made_again(psa: Psa) -> None:
    of = psa.agreement(psa.company("Globex"), prorateFlag=True)
    psa.addition(of, psa.product("SEAT", price=31), 1, effectiveDate="2026-03-31")
    first = billed(psa, MARCH)

    psa.admin("DELETE", "/invoices", {"month": "2026-03"})
    again = billed(psa, MARCH)

    assert (first, again) == ([(1, "1", "1.00", "1.00")], first)
    assert psa.get(f"/finance/agreements/{of['id']}").json()["nextInvoiceDate"] == "2026-04-01T00:00:00Z"


def test_the_recap_tells_of_the_last_and_the_next_invoice(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex"), billAmount=100.0), psa.product("SEAT", price=9)
    psa.addition(of, item, 12, lessIncluded=10)
    psa.addition(of, item, 5, billCustomer="NoCharge")
    invoices.make_invoices(psa.tenant, MARCH)

    recap = psa.get(f"/finance/agreementrecap/{of['id']}").json()

    assert (recap["lastInvoiceAmount"], recap["nextInvoiceAmount"]) == ("118.00", 118.0)
    assert recap["nextInvoiceDate"] == "2026-04-01T00:00:00Z"
    assert [row["id"] for row in psa.rows("/finance/agreementrecap/")] == [of["id"]]


def test_an_ended_agreement_takes_or_refuses_additions_as_switched(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT")
    psa.happens("agreement_cancelled", agreement=of["id"])
    body = {"product": {"id": item["id"]}, "billCustomer": "Billable"}

    taken = psa.call("POST", additions(of), json=body)
    psa.switch(post_to_ended_agreement="refuse")
    refused = psa.call("POST", additions(of), json=body)

    assert (taken.status_code, taken.json()["agreementStatus"], refused.status_code) == (201, "Cancelled", 400)


def test_the_status_field_of_the_user_interface_can_be_had(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT")
    line = psa.addition(of, item)
    psa.switch(addition_status_field=True)

    path = f"{additions(of)}/{line['id']}"
    row = psa.call("GET", path, headers={"x-unjudged": "not in the vendor's document"}).json()

    assert (row["additionStatus"], row["agreementStatus"]) == ("Active", "Active")


def test_a_new_addition_can_appear_in_lists_later(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT")
    psa.switch(new_records_listed_after_seconds=3600)
    line = psa.call("POST", additions(of), json={"product": {"id": item["id"]}, "billCustomer": "Billable"}).json()

    assert psa.rows(additions(of)) == []
    assert psa.get(f"{additions(of)}/{line['id']}").status_code == 200
    psa.tenant.listed_from.clear()
    assert psa.ids(additions(of)) == [line["id"]]
