"""What ConnectWise works out for agreements and additions: their status, their money, the part of a month they bill.

Statuses follow from dates and from the tenant's clock, so they are never stored. Amounts are shown as JSON
numbers rounded to cents; the invoice run (`invoices`) calculates with Decimal.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from simulator.clock import day_of, month_after
from simulator.conditions import Read
from simulator.errors import Finding, finding
from simulator.shapes import Record
from simulator.store import Tables

MONTHS = {"Monthly": 1, "BiMonthly": 2, "Quarterly": 3, "SemiAnnual": 6, "Yearly": 12}
"""Months between invoices, by the billing cycle's option. Cycles of weeks and NotRecurring are not run by month."""
INVOICED_PERIOD = (
    "Since this period has already been invoiced there will not be an invoice generated for additional products "
    "for this period. Please prorate the agreement or update the start date to on or after the Next Invoice Date."
)
BEFORE_BILLING_START = "effectiveDate cannot be less than the agreement billing start date"


def agreement_status(agreement: Record, today: date) -> str:
    """Cancelled once the day of cancelling has come, Expired after the last day, Inactive before the first."""
    cancelled = agreement.get("dateCancelled")
    if agreement.get("cancelledFlag") and (cancelled is None or day_of(cancelled) <= today):
        return "Cancelled"
    ends = agreement.get("endDate")
    if ends is not None and not agreement.get("noEndingDateFlag") and day_of(ends) < today:
        return "Expired"
    starts = agreement.get("startDate")
    if starts is not None and day_of(starts) > today:
        return "Inactive"
    return "Active"


def addition_status(addition: Record, agreement: Record | None, today: date) -> str:
    """An addition's own end comes first, then its agreement's state, then its own start."""
    cancelled = addition.get("cancelledDate")
    if cancelled is not None and day_of(cancelled) <= today:
        return "Cancelled"
    of_agreement = "Active" if agreement is None else agreement_status(agreement, today)
    if of_agreement != "Active":
        return of_agreement
    starts = addition.get("effectiveDate")
    return "Inactive" if starts is not None and day_of(starts) > today else "Active"


def exact(record: Record, field: str) -> Decimal:
    """A stored number as it was written, 0 when there is none."""
    return Decimal(str(record.get(field) or 0))


def billed_quantity(addition: Record) -> Decimal:
    """Only the excess over what the base price includes is billed, never less than nothing."""
    return max(Decimal(0), exact(addition, "quantity") - exact(addition, "lessIncluded"))


def cents(value: Decimal) -> float:
    return float(value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


Period = tuple[date, date]
"""One billing cycle of an agreement: its first day, and the first day after it."""


def period_of(tables: Tables, agreement: Record, day: date) -> Period:
    """The period that a day lies in.

    Periods are whole calendar months, counted from the month in which billing starts; months where nothing recurs.
    """
    months = billing_months(agreement, tables["billingCycle"].rows) or 1
    starts = billing_start(agreement)
    since = (day.year - starts.year) * 12 + day.month - starts.month
    begins = month_after(day, -(since % months))
    return begins, month_after(begins, months)


def billing_start(agreement: Record) -> date:
    return day_of(agreement.get("billStartDate") or agreement["startDate"])


def part_of(period: Period, first: date, last: date | None) -> Decimal:
    """Which part of a period lies from `first` (counted) to `last` (not counted; None: no end).

    Units: 0 to 1, in whole days. Worked example of the vendor's users: of March, from 15 March it is 17/31.
    """
    begins, ends = period
    from_day = max(first, begins)
    to_day = ends if last is None else min(last, ends)
    return Decimal(max(0, (to_day - from_day).days)) / (ends - begins).days


def addition_fields(tables: Tables, today: date, *, with_status_field: bool) -> dict[str, Read]:
    """How the computed fields of an addition are read."""
    agreements = tables["agreement"].rows
    products = tables["catalogItem"].rows

    def status(addition: Record) -> str:
        return addition_status(addition, agreements.get(addition["agreementId"]), today)

    def first_part(addition: Record) -> Decimal | None:
        agreement = agreements.get(addition["agreementId"])
        starts = addition.get("effectiveDate")
        if agreement is None or starts is None or not agreement.get("prorateFlag"):
            return None
        first = day_of(starts)
        return part_of(period_of(tables, agreement, first), first, None)

    def prorated(field: str, *, extended: bool) -> Read:
        def read(addition: Record) -> float | None:
            part = first_part(addition)
            if part is None:
                return None
            return cents(exact(addition, field) * part * (billed_quantity(addition) if extended else 1))

        return read

    def unit(addition: Record) -> str | None:
        product = products.get(addition["product"]["id"])
        name = None if product is None else product.get("unitOfMeasure", {}).get("name")
        return None if name is None else str(name)

    def extended(addition: Record, field: str) -> Decimal:
        return exact(addition, "quantity") * exact(addition, field)

    computed: dict[str, Read] = {
        "billedQuantity": lambda addition: float(billed_quantity(addition)),
        "uom": unit,
        "extPrice": lambda addition: cents(extended(addition, "unitPrice")),
        "extCost": lambda addition: cents(extended(addition, "unitCost")),
        "margin": lambda addition: cents(extended(addition, "unitPrice") - extended(addition, "unitCost")),
        "proratePrice": prorated("unitPrice", extended=False),
        "prorateCost": prorated("unitCost", extended=False),
        "extendedProratePrice": prorated("unitPrice", extended=True),
        "extendedProrateCost": prorated("unitCost", extended=True),
        "agreementStatus": status,
    }
    if with_status_field:
        computed["additionStatus"] = status
    return computed


def open_from(agreement: Record) -> date | None:
    """The first day that no invoice covers yet, None when the agreement does not say.

    It is the next invoice date, whatever the `periodType`: in advance or in arrears, an addition that begins on that
    date is on the next invoice in full, as the PSA's own advice in `INVOICED_PERIOD` promises.
    """
    following = agreement.get("nextInvoiceDate")
    return None if following is None else day_of(following)


def addition_findings(addition: Record, agreement: Record, *, period_rule: bool) -> list[Finding]:
    """What the PSA holds against an addition's dates.

    `period_rule` is asked for new additions and new effective dates only: an addition that was already there when its
    period was invoiced stays valid.
    """
    found: list[Finding] = []
    starts = addition.get("effectiveDate")
    if starts is None:
        return found
    billing_starts = agreement.get("billStartDate")
    if billing_starts is not None and day_of(starts) < day_of(billing_starts):
        found.append(finding("InvalidField", BEFORE_BILLING_START, "addition", "effectiveDate"))
        period_rule = False
    opens = open_from(agreement)
    if period_rule and not agreement.get("prorateFlag") and opens is not None and day_of(starts) < opens:
        found.append(finding("InvalidField", INVOICED_PERIOD, "addition", "effectiveDate"))
    ends = addition.get("cancelledDate")
    if ends is not None and day_of(ends) < day_of(starts):
        message = "cancelledDate cannot be less than effectiveDate"
        found.append(finding("InvalidField", message, "addition", "cancelledDate"))
    return found


def parent_findings(tables: Tables, agreement: Record) -> list[Finding]:
    """An agreement can not be above itself."""
    above = agreement
    while (parent := parent_of(tables, above)) is not None:
        if parent["id"] == agreement["id"]:
            message = "An agreement cannot be a child of itself or of its own children."
            return [finding("InvalidField", message, "agreement", "parentAgreement")]
        above = parent
    return []


def parent_of(tables: Tables, agreement: Record) -> Record | None:
    return tables["agreement"].rows.get(agreement.get("parentAgreement", {}).get("id", 0))


def topmost(tables: Tables, agreement: Record) -> Record:
    """The agreement on whose invoice another one stands; its own when it has no parent."""
    while (parent := parent_of(tables, agreement)) is not None:
        agreement = parent
    return agreement


def product_defaults(product: Record) -> dict[str, Any]:
    """What an addition takes from its product when nothing else is said, and again when the product changes."""
    taken = {
        "unitPrice": product.get("price", 0),
        "unitCost": product.get("cost", 0),
        "description": product.get("description"),
        "invoiceDescription": product.get("customerDescription"),
        "taxableFlag": product.get("taxableFlag", False),
    }
    return {name: value for name, value in taken.items() if value is not None}


def billing_months(agreement: Record, cycles: Mapping[int, Record]) -> int | None:
    """Months between two invoices of an agreement, None when it does not recur by months."""
    cycle = cycles.get(agreement.get("billingCycle", {}).get("id", 0))
    return None if cycle is None else MONTHS.get(cycle["billingOptions"])


def agreement_amount(agreement: Record, additions: list[Record], today: date) -> Decimal:
    """The amount on the agreement's screen: billing amount plus billable additions active today, without children."""
    amount = exact(agreement, "billAmount")
    for addition in additions:
        if addition.get("billCustomer") == "Billable" and addition_status(addition, agreement, today) == "Active":
            amount += billed_quantity(addition) * exact(addition, "unitPrice")
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def day_before(day: date) -> date:
    return day - timedelta(days=1)
