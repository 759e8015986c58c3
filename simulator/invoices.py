"""The invoice run: what the MSP's customers would pay for a month, line by line.

In ConnectWise a person makes the invoices; the API only writes additions. Here the admin path makes them, so
that a test can see the money. The quantity that stands on an addition when its invoice is made is the one
that is billed.

    Full months bill the full price. With `prorateFlag`, a first or last part of a month bills its days, and
    days before the invoiced month that no invoice covered yet are caught up: 2 units at 22.00 from 15 March
    on an agreement invoiced in advance come to 34.06 each on the April invoice. Without it, a month begun is
    a month billed, and nothing is caught up. An addition that starts and ends inside one month is charged
    once in full. NoCharge lines are shown at price 0, DoNotBill lines are not on the invoice. Lines of child
    agreements stand on the parent's invoice.
    Prices are per billing cycle: a quarterly agreement bills them once a quarter.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from simulator import billing_rules
from simulator.clock import day_of, day_text, month_after, month_text
from simulator.shapes import Record
from simulator.tenant import Invoice, Tenant

CENT = Decimal("0.01")


def make_invoices(tenant: Tenant, month: date) -> list[Invoice]:
    """Make the invoices of a month for every agreement that bills it; gives all invoices of the month.

    Shape: in order of agreement id. What was invoiced before is left as it is, so a second run makes nothing twice.
    """
    done = {
        invoice.agreement_id
        for invoice in tenant.invoices
        if invoice.month == month_text(month) and not invoice.at_once
    }
    agreements = tenant.tables["agreement"].rows
    children: dict[int, list[Record]] = {}
    for agreement in agreements.values():
        if "parentAgreement" in agreement:
            children.setdefault(agreement["parentAgreement"]["id"], []).append(agreement)
    if not done:
        tenant.before_run.clear()
        tenant.billed_before_run = dict(tenant.billed_until)
    for agreement in list(agreements.values()):
        if "parentAgreement" in agreement or agreement["id"] in done or not bills(tenant, agreement, month):
            continue
        lines = agreement_lines(tenant, agreement, month)
        for child in children.get(agreement["id"], []):
            if bills(tenant, child, month):
                lines += agreement_lines(tenant, child, month)
                move_next_invoice(tenant, child)
        amount = Decimal(str(agreement.get("billAmount") or 0))
        if amount:
            lines.insert(0, flat_line(agreement, amount))
        move_next_invoice(tenant, agreement)
        if lines or agreement.get("billZeroAmountFlag"):
            keep(tenant, agreement, month, lines)
    return [invoice for invoice in tenant.invoices if invoice.month == month_text(month)]


def keep(tenant: Tenant, agreement: Record, month: date, lines: list[dict[str, Any]], *, at_once: bool = False) -> None:
    total = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    tenant.invoices.append(
        Invoice(
            id=len(tenant.invoices) + 1,
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
    if any(invoice.month > name and not invoice.at_once for invoice in tenant.invoices):
        raise ValueError(f"a month after {name} was invoiced already")
    gone = [invoice for invoice in tenant.invoices if invoice.month == name and not invoice.at_once]
    for agreement_id, earlier in tenant.before_run.items():
        if agreement_id in tenant.tables["agreement"].rows:
            tenant.tables["agreement"].rows[agreement_id]["nextInvoiceDate"] = earlier
    if gone:
        tenant.billed_until = dict(tenant.billed_before_run)
    tenant.before_run.clear()
    tenant.invoices[:] = [invoice for invoice in tenant.invoices if invoice not in gone]
    return len(gone)


def bills(tenant: Tenant, agreement: Record, month: date) -> bool:
    """Whether an agreement is invoiced for a month: it recurs, its turn has come, and it runs in the month."""
    cycle_months = billing_rules.billing_months(agreement, tenant.tables["billingCycle"].rows)
    starts = day_of(agreement.get("billStartDate") or agreement["startDate"])
    if cycle_months is None or starts >= month_after(month):
        return False
    if (month.year * 12 + month.month - starts.year * 12 - starts.month) % cycle_months != 0:
        return False
    ends = agreement_end(agreement)
    return ends is None or ends > month


def agreement_end(agreement: Record) -> date | None:
    """The first day on which the agreement no longer runs."""
    if agreement.get("cancelledFlag") and agreement.get("dateCancelled"):
        return day_of(agreement["dateCancelled"])
    if agreement.get("cancelledFlag"):
        return date.min
    if agreement.get("endDate") and not agreement.get("noEndingDateFlag"):
        return day_of(agreement["endDate"])
    return None


def move_next_invoice(tenant: Tenant, agreement: Record) -> None:
    cycle_months = billing_rules.billing_months(agreement, tenant.tables["billingCycle"].rows) or 1
    due = agreement.get("nextInvoiceDate")
    if due is not None:
        tenant.before_run[agreement["id"]] = due
        agreement["nextInvoiceDate"] = day_text(month_after(day_of(due), cycle_months))


def agreement_lines(tenant: Tenant, agreement: Record, month: date) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for addition in tenant.tables.additions(agreement["id"]):
        units = billed_part(tenant, agreement, addition, month)
        if units == 0 or addition.get("billCustomer") == "DoNotBill":
            continue
        lines.append(addition_line(addition, units))
        tenant.billed_until[addition["id"]] = day_text(month_after(month))
    return lines


def billed_part(tenant: Tenant, agreement: Record, addition: Record, month: date) -> Decimal:
    """How many months' worth of an addition the invoice of a month carries; 0 when it has no line on it."""
    billing_starts = day_of(agreement.get("billStartDate") or agreement["startDate"])
    starts = max(day_of(addition["effectiveDate"]), billing_starts)
    ends = day_of(addition["cancelledDate"]) if addition.get("cancelledDate") else None
    covered = tenant.billed_until.get(addition["id"])
    first = starts if covered is None else max(starts, day_of(covered))
    if ends is not None and first >= ends:
        return Decimal(0)
    if month_of(starts) == month and ends is not None and ends <= month_after(month):
        return Decimal(1)
    if not agreement.get("prorateFlag"):
        return Decimal(1) if billing_rules.part_of_month(first, ends, month) > 0 else Decimal(0)
    total = Decimal(0)
    each = month_of(first)
    while each <= month:
        total += billing_rules.part_of_month(first, ends, each)
        each = month_after(each)
    return total


def month_of(day: date) -> date:
    return month_after(day, 0)


def addition_line(addition: Record, units: Decimal) -> dict[str, Any]:
    """A line: money as decimal text, the unit price with the part of the month in it."""
    price = Decimal(str(addition.get("unitPrice") or 0)) if addition.get("billCustomer") == "Billable" else Decimal(0)
    each = (price * units).quantize(CENT, rounding=ROUND_HALF_UP)
    quantity = Decimal(str(billing_rules.billed_quantity(addition)))
    line = {
        "agreementId": addition["agreementId"],
        "additionId": addition["id"],
        "product": addition["product"].get("identifier"),
        "description": addition.get("invoiceDescription") or addition.get("description"),
        "quantity": format(quantity.normalize(), "f"),
        "unitPrice": str(each),
        "amount": str((quantity * each).quantize(CENT, rounding=ROUND_HALF_UP)),
    }
    if units != 1:
        starts = day_of(addition["effectiveDate"])
        shown = f"{starts.month}/{starts.day}/{starts.year}"
        line["note"] = f"This item has been prorated with a start date of: {shown}"
    return line


def flat_line(agreement: Record, amount: Decimal) -> dict[str, Any]:
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
    open_from = billing_rules.invoiced_before(tenant.tables, agreement)
    starts = day_of(addition["effectiveDate"])
    if not (agreement.get("prorateFlag") and agreement.get("invoiceProratedAdditionsFlag")):
        return
    if open_from is None or starts >= open_from or addition.get("billCustomer") == "DoNotBill":
        return
    units = Decimal(0)
    each = month_of(starts)
    while each < open_from:
        units += billing_rules.part_of_month(starts, open_from, each)
        each = month_after(each)
    keep(
        tenant, agreement, month_of(billing_rules.day_before(open_from)), [addition_line(addition, units)], at_once=True
    )
    tenant.billed_until[addition["id"]] = day_text(open_from)
