"""What ConnectWise works out for agreements and additions: their status, their money, the part of a month they bill.

Statuses follow from dates and from the tenant's clock, so they are never stored. Amounts are shown as JSON
numbers rounded to cents; the invoice run (`invoices`) calculates with Decimal.
"""

from calendar import monthrange
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


def billed_quantity(addition: Record) -> float:
    """Only the excess over what the base price includes is billed, never less than nothing."""
    return max(0.0, (addition.get("quantity") or 0) - (addition.get("lessIncluded") or 0))


def cents(value: float) -> float:
    return float(Decimal(repr(value)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def part_of_month(first: date, last: date | None, month: date) -> Decimal:
    """Which part of a month lies from `first` (counted) to `last` (not counted; None: no end).

    Units: 0 to 1, in whole days. Worked example of the vendor's users: from 15 March it is 17/31.
    """
    begins, ends = month, month_after(month)
    from_day = max(first, begins)
    to_day = ends if last is None else min(last, ends)
    days = max(0, (to_day - from_day).days)
    return Decimal(days) / monthrange(month.year, month.month)[1]


def addition_fields(tables: Tables, today: date, *, with_status_field: bool) -> dict[str, Read]:
    """How the computed fields of an addition are read."""
    agreements = tables["agreement"].rows
    products = tables["catalogItem"].rows

    def status(addition: Record) -> str:
        return addition_status(addition, agreements.get(addition["agreementId"]), today)

    def first_part(addition: Record) -> float | None:
        agreement = agreements.get(addition["agreementId"])
        starts = addition.get("effectiveDate")
        if agreement is None or starts is None or not agreement.get("prorateFlag"):
            return None
        first = day_of(starts)
        return float(part_of_month(first, None, month_after(first, 0)))

    def prorated(field: str, *, extended: bool) -> Read:
        def read(addition: Record) -> float | None:
            part = first_part(addition)
            if part is None:
                return None
            return cents((addition.get(field) or 0) * part * (billed_quantity(addition) if extended else 1))

        return read

    def unit(addition: Record) -> str | None:
        product = products.get(addition["product"]["id"])
        name = None if product is None else product.get("unitOfMeasure", {}).get("name")
        return None if name is None else str(name)

    def extended(addition: Record, field: str) -> float:
        return (addition.get("quantity") or 0) * (addition.get(field) or 0)

    computed: dict[str, Read] = {
        "billedQuantity": billed_quantity,
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


def invoiced_before(tables: Tables, agreement: Record) -> date | None:
    """The first day that no invoice covers yet, None when nothing was ever invoiced.

    Billed in advance (`periodType` Future) the next invoice begins with its own date; billed in arrears (Current, the
    default) it covers the cycle before its date.
    """
    following = agreement.get("nextInvoiceDate")
    if following is None:
        return None
    if agreement.get("periodType", "Current") in {"Future", "Both"}:
        return day_of(following)
    return month_after(day_of(following), -(billing_months(agreement, tables["billingCycle"].rows) or 1))


def addition_findings(tables: Tables, addition: Record, agreement: Record, *, period_rule: bool) -> list[Finding]:
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
    open_from = invoiced_before(tables, agreement)
    if period_rule and not agreement.get("prorateFlag") and open_from is not None and day_of(starts) < open_from:
        found.append(finding("InvalidField", INVOICED_PERIOD, "addition", "effectiveDate"))
    ends = addition.get("cancelledDate")
    if ends is not None and day_of(ends) < day_of(starts):
        message = "cancelledDate cannot be less than effectiveDate"
        found.append(finding("InvalidField", message, "addition", "cancelledDate"))
    return found


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
    amount = Decimal(str(agreement.get("billAmount") or 0))
    for addition in additions:
        if addition.get("billCustomer") == "Billable" and addition_status(addition, agreement, today) == "Active":
            amount += Decimal(str(billed_quantity(addition))) * Decimal(str(addition.get("unitPrice") or 0))
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def day_before(day: date) -> date:
    return day - timedelta(days=1)
