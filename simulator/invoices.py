"""The invoice run: what the MSP's customers would pay for a month, line by line.

In ConnectWise a person makes the invoices; the API only writes additions. Here the admin path makes them, so
that a test can see the money. The quantity that stands on an addition when its invoice is made is the one
that is billed.

    An agreement bills period by period (its billing cycle: a month, a quarter …), each once, with the run of the
    period's first month; prices are per period. Its next invoice date is the first day that no invoice covers.
    A run moves it behind the period, also past earlier periods that were never run.
    Full periods bill the full price. With `prorateFlag`, a first or last part of a period bills its days, also
    when the agreement ends within it, and days before the period that no invoice covered yet are caught up:
    2 units at 22.00 from 15 March on an agreement invoiced in advance come to 34.06 each on the April invoice.
    Without it, a period begun is a period billed, and nothing is caught up. An addition that starts and ends
    inside one period is charged once in full. NoCharge lines are shown at price 0, DoNotBill lines are not on the
    invoice, and not caught up later. Only prorated unit prices are rounded to cents, all others count as they are;
    the flat amount of an agreement is never prorated.
    Agreements below another one bill by their own cycles and dates, on the invoice of the topmost.
"""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from simulator import billing_rules
from simulator.billing_rules import Period
from simulator.clock import day_of, day_text, month_after, month_text
from simulator.shapes import Record
from simulator.tenant import Invoice, Run, Tenant

CENT = Decimal("0.01")
Line = dict[str, Any]
"""A line of an invoice, JSON-ready."""


def make_invoices(tenant: Tenant, month: date) -> list[Invoice]:
    """Make the invoices of a month for every agreement that bills it; gives all invoices of the month.

    Shape: in the order in which they were made, by agreement id within a run. What was invoiced before is left as it
    is, so a second run makes nothing twice.
    """
    run = tenant.runs.setdefault(month_text(month), Run())
    agreements = tenant.tables["agreement"].rows
    families: dict[int, list[Record]] = {}
    for agreement in agreements.values():
        if agreement["id"] not in run.next_dates and bills(tenant, agreement, month):
            families.setdefault(billing_rules.topmost(tenant.tables, agreement)["id"], []).append(agreement)
    for top_id in sorted(families):
        lines: list[Line] = []
        for agreement in sorted(families[top_id], key=lambda each: (each["id"] != top_id, each["id"])):
            lines += agreement_lines(tenant, agreement, month, run)
            move_next_invoice(tenant, agreement, month, run)
        if lines or any(each.get("billZeroAmountFlag") for each in families[top_id]):
            keep(tenant, agreements[top_id], month, lines)
    return [invoice for invoice in tenant.invoices if invoice.month == month_text(month)]


def keep(tenant: Tenant, agreement: Record, month: date, lines: list[Line], *, at_once: bool = False) -> None:
    total = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    tenant.invoices.append(
        Invoice(
            id=max((invoice.id for invoice in tenant.invoices), default=0) + 1,
            month=month_text(month),
            agreement_id=agreement["id"],
            company_id=agreement["company"]["id"],
            made_at=tenant.stamp(),
            lines=lines,
            total=str(total.quantize(CENT)),
            at_once=at_once,
        )
    )


def take_back(tenant: Tenant, month: date) -> int:
    """Delete the invoices of a month's run, so that it can be made again; gives how many there were.

    Only the newest run can be taken back.
    Raises: ValueError when a later month was invoiced already.
    """
    name = month_text(month)
    if any(later > name and run.next_dates for later, run in tenant.runs.items()):
        raise ValueError(f"a month after {name} was invoiced already")
    run = tenant.runs.pop(name, Run())
    agreements = tenant.tables["agreement"].rows
    for agreement_id, earlier in run.next_dates.items():
        if agreement_id in agreements:
            put_back(agreements[agreement_id], "nextInvoiceDate", earlier)
    for addition_id, earlier in run.covered.items():
        put_back(tenant.billed_until, addition_id, earlier)
    gone = [invoice for invoice in tenant.invoices if invoice.month == name and not invoice.at_once]
    tenant.invoices[:] = [invoice for invoice in tenant.invoices if invoice not in gone]
    return len(gone)


def put_back(values: dict[Any, Any], key: str | int, earlier: str | None) -> None:
    if earlier is None:
        values.pop(key, None)
    else:
        values[key] = earlier


def bills(tenant: Tenant, agreement: Record, month: date) -> bool:
    """Whether an agreement is invoiced with a month: it recurs, its period begins there, is open, and it runs in it."""
    if billing_rules.billing_months(agreement, tenant.tables["billingCycle"].rows) is None:
        return False
    begins, ends = billing_rules.period_of(tenant.tables, agreement, month)
    opens = billing_rules.open_from(agreement)
    if begins != month or billing_rules.billing_start(agreement) >= ends or (opens is not None and opens >= ends):
        return False
    last = agreement_end(agreement)
    return last is None or last > begins


def agreement_end(agreement: Record) -> date | None:
    """The first day on which the agreement no longer runs."""
    if agreement.get("cancelledFlag") and agreement.get("dateCancelled"):
        return day_of(agreement["dateCancelled"])
    if agreement.get("cancelledFlag"):
        return date.min
    if agreement.get("endDate") and not agreement.get("noEndingDateFlag"):
        return day_of(agreement["endDate"]) + timedelta(days=1)
    return None


def move_next_invoice(tenant: Tenant, agreement: Record, month: date, run: Run) -> None:
    run.next_dates[agreement["id"]] = agreement.get("nextInvoiceDate")
    _, ends = billing_rules.period_of(tenant.tables, agreement, month)
    agreement["nextInvoiceDate"] = day_text(ends)


def agreement_lines(tenant: Tenant, agreement: Record, month: date, run: Run) -> list[Line]:
    """The flat amount, then the additions in order of id; notes what is covered from now on."""
    amount = billing_rules.exact(agreement, "billAmount")
    lines = [flat_line(agreement, amount)] if amount else []
    _, ends = period = billing_rules.period_of(tenant.tables, agreement, month)
    for addition in tenant.tables.additions(agreement["id"]):
        units = billed_part(tenant, agreement, addition, period)
        if units == 0:
            continue
        run.covered[addition["id"]] = tenant.billed_until.get(addition["id"])
        tenant.billed_until[addition["id"]] = day_text(ends)
        if addition.get("billCustomer") != "DoNotBill":
            lines.append(addition_line(addition, units))
    return lines


def billed_part(tenant: Tenant, agreement: Record, addition: Record, period: Period) -> Decimal:
    """How many periods' worth of an addition the invoice of a period carries; 0 when it has no line on it."""
    starts = max(day_of(addition["effectiveDate"]), billing_rules.billing_start(agreement))
    covered = tenant.billed_until.get(addition["id"])
    first = starts if covered is None else max(starts, day_of(covered))
    begins, ends = period
    if agreement.get("prorateFlag"):
        return parts_between(tenant, agreement, addition, first, ends)
    return Decimal(1) if parts_between(tenant, agreement, addition, max(first, begins), ends) > 0 else Decimal(0)


def parts_between(tenant: Tenant, agreement: Record, addition: Record, first: date, until: date) -> Decimal:
    """How many periods' worth of an addition lies from a day (counted) to another (not counted), by days.

    An addition that starts and ends within one period counts as the whole of it.
    """
    starts = day_of(addition["effectiveDate"])
    cancelled = day_of(addition["cancelledDate"]) if addition.get("cancelledDate") else None
    last = min(day for day in (cancelled, agreement_end(agreement), until) if day is not None)
    total = Decimal(0)
    while first < last:
        begins, ends = period = billing_rules.period_of(tenant.tables, agreement, first)
        is_one_time = begins <= starts and cancelled is not None and cancelled <= ends
        total += 1 if is_one_time else billing_rules.part_of(period, first, last)
        first = ends
    return total


def addition_line(addition: Record, units: Decimal) -> Line:
    """A line: money as decimal text, the unit price with the part of the period in it."""
    price = billing_rules.exact(addition, "unitPrice") if addition.get("billCustomer") == "Billable" else Decimal(0)
    each = price * units
    if units != units.to_integral_value():
        each = each.quantize(CENT, rounding=ROUND_HALF_UP)
    quantity = billing_rules.billed_quantity(addition)
    line: Line = {
        "agreementId": addition["agreementId"],
        "additionId": addition["id"],
        "product": addition["product"].get("identifier"),
        "description": addition.get("invoiceDescription") or addition.get("description"),
        "quantity": format(quantity.normalize(), "f"),
        "unitPrice": price_text(each),
        "amount": str((quantity * each).quantize(CENT, rounding=ROUND_HALF_UP)),
    }
    if units != 1:
        starts = day_of(addition["effectiveDate"])
        shown = f"{starts.month}/{starts.day}/{starts.year}"
        line["note"] = f"This item has been prorated with a start date of: {shown}"
    return line


def price_text(price: Decimal) -> str:
    """At least two decimals, and as many as the price has: `9.00`, `0.004`."""
    shown = format(price.normalize(), "f")
    return shown if len(shown.partition(".")[2]) > 2 else str(price.quantize(CENT))


def flat_line(agreement: Record, amount: Decimal) -> Line:
    return {
        "agreementId": agreement["id"],
        "additionId": None,
        "product": None,
        "description": agreement["name"],
        "quantity": "1",
        "unitPrice": str(amount.quantize(CENT)),
        "amount": str(amount.quantize(CENT)),
    }


def invoice_part_at_once(tenant: Tenant, agreement: Record, addition: Record) -> None:
    """With "invoice prorated additions", the part of a period already invoiced is billed the moment it is added."""
    opens = billing_rules.open_from(agreement)
    starts = day_of(addition["effectiveDate"])
    if not (agreement.get("prorateFlag") and agreement.get("invoiceProratedAdditionsFlag")):
        return
    if opens is None or starts >= opens or addition.get("billCustomer") == "DoNotBill":
        return
    units = parts_between(tenant, agreement, addition, starts, opens)
    tenant.billed_until[addition["id"]] = day_text(opens)
    if units:
        top = billing_rules.topmost(tenant.tables, agreement)
        last_month = month_after(billing_rules.day_before(opens), 0)
        keep(tenant, top, last_month, [addition_line(addition, units)], at_once=True)
