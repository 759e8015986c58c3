"""What is billed for which period, and that nothing is billed twice or lost, whatever the cycle and the order of runs.

Agreements begin in January 2019, where the vendor's users worked their example of proration.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from simulator import invoices
from simulator.shapes import Record
from tests.simulator.conftest import Psa

CYCLES = {"Monthly": 1, "Quarterly": 2, "Yearly": 3, "None": 6}
Sign = Callable[..., Record]


@pytest.fixture
def sign(psa: Psa) -> Sign:
    """Signs an agreement from January 2019 on through the API."""
    company = psa.company("Globex")

    def made(name: str = "Services", *, cycle: str = "Monthly", **more: Any) -> Record:
        body = {
            "name": name,
            "type": {"id": 1},
            "company": {"id": company["id"]},
            "contact": {"id": 1},
            "startDate": "2019-01-01T00:00:00Z",
            "billingCycle": {"id": CYCLES[cycle]},
            **more,
        }
        answer = psa.call("POST", "/finance/agreements", role="admin", json=body)
        assert answer.status_code == 201, answer.text
        record: Record = answer.json()
        return record

    return made


def added(psa: Psa, of: Record, day: str, price: float = 22.0, quantity: float = 1, **more: Any) -> int:
    """The status of a POST of an addition from a day on."""
    found = psa.tenant.tables["catalogItem"].by_text("identifier", "SEAT") or psa.product("SEAT")
    body = {
        "product": {"id": found["id"]},
        "billCustomer": "Billable",
        "quantity": quantity,
        "unitPrice": price,
        "effectiveDate": f"{day}T00:00:00Z",
        **more,
    }
    return psa.call("POST", f"/finance/agreements/{of['id']}/additions", json=body).status_code


def totals(psa: Psa, year: int, *months: int) -> list[list[str]]:
    """The totals of the invoices of each month."""
    return [[each.total for each in invoices.make_invoices(psa.tenant, date(year, month, 1))] for month in months]


def next_invoice(psa: Psa, of: Record) -> str:
    shown: str = psa.get(f"/finance/agreements/{of['id']}").json()["nextInvoiceDate"]
    return shown[:10]


@pytest.mark.parametrize(
    ("cycle", "billed_in"), [("Monthly", range(1, 13)), ("Quarterly", (1, 4, 7, 10)), ("Yearly", (1,))]
)
@pytest.mark.parametrize("prorates", [True, False])
def test_a_cycle_is_billed_once_at_its_price(
    psa: Psa, sign: Sign, cycle: str, billed_in: tuple[int, ...], prorates: bool
) -> None:
    added(psa, sign(cycle=cycle, prorateFlag=prorates), "2019-01-01")

    of_2019, of_2020 = totals(psa, 2019, *range(1, 13)), totals(psa, 2020, *range(1, 13))

    expected = [["22.00"] if month in billed_in else [] for month in range(1, 13)]
    assert (of_2019, of_2020) == (expected, expected)


def test_a_unit_added_within_an_invoiced_quarter_is_caught_up_with_its_part_of_the_quarter_once(
    psa: Psa, sign: Sign
) -> None:
    of = sign(cycle="Quarterly", prorateFlag=True)
    first = totals(psa, 2019, 1)
    added(psa, of, "2019-02-15")

    assert first + totals(psa, 2019, *range(2, 11)) == [[], [], [], ["33.00"], [], [], ["22.00"], [], [], ["22.00"]]
    assert psa.rows(f"/finance/agreements/{of['id']}/additions")[0]["proratePrice"] == 11.0


def test_a_unit_added_before_its_quarter_is_invoiced_bills_its_part_then_whole_quarters(psa: Psa, sign: Sign) -> None:
    added(psa, sign(cycle="Quarterly", prorateFlag=True), "2019-02-15")

    assert totals(psa, 2019, 1, 4, 7) == [["11.00"], ["22.00"], ["22.00"]]


@pytest.mark.parametrize(
    ("units", "price", "shown"),
    [
        ((1000, 0), 0.004, ("0.004", "4.00")),
        ((1000, 0), 0.125, ("0.125", "125.00")),
        ((1.5, 0), 0.335, ("0.335", "0.50")),
        ((3, 0), 1.115, ("1.115", "3.35")),
        ((0.3, 0.1), 10, ("10.00", "2.00")),
        ((1000, 0), 0.00001, ("0.00001", "0.01")),
    ],
)
def test_an_amount_is_rounded_once_at_its_end(
    psa: Psa, sign: Sign, units: tuple[float, float], price: float, shown: tuple[str, str]
) -> None:
    quantity, included = units
    added(psa, sign(), "2019-01-01", price, quantity, lessIncluded=included)

    line = invoices.make_invoices(psa.tenant, date(2019, 1, 1))[0].lines[0]

    assert (line["unitPrice"], line["amount"]) == shown


def test_whole_periods_caught_up_do_not_round_the_unit_price(psa: Psa, sign: Sign) -> None:
    added(psa, sign(prorateFlag=True), "2019-01-01", 0.004, 1000)

    assert totals(psa, 2019, 2) == [["8.00"]]


def test_a_second_run_of_a_month_moves_no_date_of_an_agreement_without_a_line(psa: Psa, sign: Sign) -> None:
    of = sign()
    totals(psa, 2019, 1)
    once = next_invoice(psa, of)

    totals(psa, 2019, 1, 1)

    assert (once, next_invoice(psa, of)) == ("2019-02-01", "2019-02-01")
    assert added(psa, of, "2019-02-01") == 201


def test_a_run_taken_back_restores_what_several_runs_of_the_month_moved(psa: Psa, sign: Sign) -> None:
    plain, billed = sign("Plain"), sign("Billed")
    added(psa, billed, "2019-01-01")
    totals(psa, 2019, 1, 1)

    taken = psa.admin("DELETE", "/invoices", {"month": "2019-01"})

    assert taken == {"taken_back": 1}
    assert [next_invoice(psa, each) for each in (plain, billed)] == ["2019-01-01", "2019-01-01"]
    assert totals(psa, 2019, 1) == [["22.00"]]


def test_a_run_without_any_invoice_still_bars_taking_back_an_earlier_one(psa: Psa, sign: Sign) -> None:
    sign()
    totals(psa, 2019, 1, 2)

    with pytest.raises(ValueError, match="after 2019-01"):
        invoices.take_back(psa.tenant, date(2019, 1, 1))


def test_an_invoiced_month_is_closed_although_the_months_before_were_not_run(psa: Psa, sign: Sign) -> None:
    of = sign()
    totals(psa, 2019, 3)

    assert next_invoice(psa, of) == "2019-04-01"
    assert (added(psa, of, "2019-03-15"), added(psa, of, "2019-04-01")) == (400, 201)


def test_a_period_that_counts_as_invoiced_is_not_invoiced_by_a_late_run(psa: Psa, sign: Sign) -> None:
    of = sign(billAmount=100)
    later = totals(psa, 2019, 3)

    assert (later, totals(psa, 2019, 2)) == ([["100.00"]], [[]])
    assert next_invoice(psa, of) == "2019-04-01"


def test_the_next_invoice_date_is_taken_as_sent(psa: Psa, sign: Sign) -> None:
    of = sign(nextInvoiceDate="2019-03-01T00:00:00Z")
    posted = next_invoice(psa, of)

    psa.call(
        "PATCH",
        f"/finance/agreements/{of['id']}",
        role="admin",
        json=[{"op": "replace", "path": "nextInvoiceDate", "value": "2019-05-01T00:00:00Z"}],
    )

    assert (posted, next_invoice(psa, of)) == ("2019-03-01", "2019-05-01")
    assert (added(psa, of, "2019-04-30"), added(psa, of, "2019-05-01")) == (400, 201)


def test_replacing_an_agreement_does_not_open_invoiced_periods(psa: Psa, sign: Sign) -> None:
    of = sign()
    totals(psa, 2019, 1)
    body = {name: of[name] for name in ("name", "type", "company", "contact", "startDate", "billingCycle")}

    answer = psa.call("PUT", f"/finance/agreements/{of['id']}", role="admin", json=body)

    assert (answer.status_code, next_invoice(psa, of)) == (200, "2019-02-01")


@pytest.mark.parametrize("period_type", ["Current", "Future", "Both", "Undefined"])
def test_the_next_invoice_date_is_the_first_day_that_no_invoice_covers(psa: Psa, sign: Sign, period_type: str) -> None:
    of = sign(periodType=period_type)
    before = next_invoice(psa, of), added(psa, of, "2019-01-01")

    totals(psa, 2019, 1, 2, 3)

    assert before == ("2019-01-01", 201)
    assert next_invoice(psa, of) == "2019-04-01"
    assert (added(psa, of, "2019-03-31"), added(psa, of, "2019-04-20")) == (400, 201)


@pytest.mark.parametrize("period_type", ["Current", "Future"])
def test_an_addition_moved_to_the_next_invoice_date_bills_from_the_very_next_month(
    psa: Psa, sign: Sign, period_type: str
) -> None:
    of = sign(periodType=period_type)
    totals(psa, 2019, 1)
    refused = added(psa, of, "2019-01-15")

    assert (refused, added(psa, of, next_invoice(psa, of))) == (400, 201)
    assert totals(psa, 2019, 2, 3) == [["22.00"], ["22.00"]]


def test_the_dates_of_a_quarterly_agreement_follow_the_quarter(psa: Psa, sign: Sign) -> None:
    of = sign(cycle="Quarterly")
    dates = [next_invoice(psa, of)]

    for month in (1, 2, 3, 4):
        totals(psa, 2019, month)
        dates.append(next_invoice(psa, of))

    assert dates == ["2019-01-01", "2019-04-01", "2019-04-01", "2019-04-01", "2019-07-01"]


def test_without_proration_an_addition_of_the_running_quarter_is_on_its_invoice_in_full(psa: Psa, sign: Sign) -> None:
    added(psa, sign(cycle="Quarterly"), "2019-02-15")

    assert totals(psa, 2019, 1, 4) == [["22.00"], ["22.00"]]


def below(parent: Record) -> dict[str, Any]:
    return {"parentAgreement": {"id": parent["id"]}}


def test_grandchildren_stand_on_the_invoice_of_the_topmost_agreement(psa: Psa, sign: Sign) -> None:
    top = sign("Top", billAmount=100)
    child = sign("Child", billAmount=10, **below(top))
    added(psa, sign("Grandchild", **below(child)), "2019-01-01")

    made = invoices.make_invoices(psa.tenant, date(2019, 1, 1))

    assert [(each.agreement_id, each.total) for each in made] == [(top["id"], "132.00")]
    assert [line["amount"] for line in made[0].lines] == ["100.00", "10.00", "22.00"]


def test_a_child_bills_by_its_own_cycle_under_a_parent_that_never_bills(psa: Psa, sign: Sign) -> None:
    top = sign("Frame", cycle="None", billAmount=100)
    child = sign("Child", billAmount=10, **below(top))
    added(psa, child, "2019-01-01")

    made = invoices.make_invoices(psa.tenant, date(2019, 1, 1))

    assert [(each.agreement_id, each.total) for each in made] == [(top["id"], "32.00")]
    assert totals(psa, 2019, 2) == [["32.00"]]


def test_agreements_can_not_be_parents_of_each_other(psa: Psa, sign: Sign) -> None:
    top = sign("Top")
    child = sign("Child", **below(top))
    path = f"/finance/agreements/{top['id']}"

    for parent in (top, child):
        operations = [{"op": "replace", "path": "parentAgreement", "value": {"id": parent["id"]}}]
        answer = psa.call("PATCH", path, role="admin", json=operations)

        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "parentAgreement")
    assert "parentAgreement" not in psa.get(path).json()


@pytest.mark.parametrize(
    ("ending", "total"),
    [
        ({"endDate": "2019-01-15T00:00:00Z", "noEndingDateFlag": False}, "15.00"),
        ({"cancelledFlag": True, "dateCancelled": "2019-01-15T00:00:00Z"}, "14.00"),
        ({"endDate": "2019-01-15T00:00:00Z", "noEndingDateFlag": False, "prorateFlag": False}, "31.00"),
        ({"endDate": "2019-01-01T00:00:00Z", "noEndingDateFlag": False}, "1.00"),
    ],
)
def test_the_last_month_of_a_prorating_agreement_bills_its_days(
    psa: Psa, sign: Sign, ending: dict[str, Any], total: str
) -> None:
    added(psa, sign(**{"prorateFlag": True, **ending}), "2019-01-01", 31.0)

    assert totals(psa, 2019, 1, 2) == [[total], []]


def test_what_was_not_billed_by_choice_is_not_caught_up_later(psa: Psa, sign: Sign) -> None:
    of = sign(prorateFlag=True)
    added(psa, of, "2019-01-01", billCustomer="DoNotBill")
    first = totals(psa, 2019, 1)

    line = psa.rows(f"/finance/agreements/{of['id']}/additions")[0]
    psa.patch(f"/finance/agreements/{of['id']}/additions/{line['id']}", billCustomer="Billable")

    assert first + totals(psa, 2019, 2) == [[], ["22.00"]]


def test_a_part_billed_at_once_ends_with_its_addition_and_is_not_billed_again(psa: Psa, sign: Sign) -> None:
    of = sign(prorateFlag=True, invoiceProratedAdditionsFlag=True, nextInvoiceDate="2019-03-01T00:00:00Z")
    added(psa, of, "2019-01-30", 31.0, cancelledDate="2019-02-15T00:00:00Z")

    at_once = [(each.id, each.total) for each in psa.tenant.invoices]

    assert at_once == [(1, "17.50")]
    assert totals(psa, 2019, 3) == [[]]
