"""What closed months hold: usage by agreement and product, what nobody bills, and what was corrected later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.values import BillingMonth, MspId, Tenant
from projections.reads.ask import Views


@dataclass(frozen=True, slots=True)
class ClosedLineRow:
    """What the organizations mapped at the close add up to on one addition, in the newest version of the month."""

    agreement: int
    product: int
    quantity: Decimal
    organizations: list[str]


@dataclass(frozen=True, slots=True)
class MonthPushRow:
    """The newest verified write of a closed month to an addition: its final, or an explicit overwrite."""

    agreement: int
    product: int
    push: str
    target: Decimal
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class LeftRow:
    """An addition that its last organization or component left, and that holds what it held until it is set to 0."""

    agreement: int
    product: int
    holds: Decimal


@dataclass(frozen=True, slots=True)
class LeakRow:
    """Usage above 0 that no agreement bills. Either a product, or a plan's component without one."""

    organization: str
    name: str
    product: int | None
    plan: str | None
    component: str | None
    quantity: Decimal
    excluded_because: str | None


@dataclass(frozen=True, slots=True)
class UnclosedRow:
    organization: str
    name: str
    excluded_because: str | None


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """What a late change made of an item of a closed month; no old or new quantity where the item came or went."""

    organization: str
    version: int
    product: int | None
    plan: str | None
    component: str | None
    old_quantity: Decimal | None
    quantity: Decimal | None
    cause: str
    recorded_at: datetime


async def lines(views: Views, msp: MspId, month: BillingMonth) -> list[ClosedLineRow]:
    """Shape: by agreement and product."""
    query = """
        SELECT agreement, product, sum(quantity) AS quantity,
               array_agg(organization ORDER BY organization) AS organizations
          FROM month_usage WHERE msp = %s AND month = %s AND agreement IS NOT NULL AND product IS NOT NULL
         GROUP BY agreement, product ORDER BY agreement, product
    """
    return await views.rows(ClosedLineRow, query, (msp, str(month)))


async def closed_on(views: Views, msp: MspId, month: BillingMonth, agreement: int) -> list[str]:
    """The organizations whose month was closed on an agreement. Shape: ordered."""
    query = (
        "SELECT DISTINCT organization FROM month_usage WHERE msp = %s AND month = %s AND agreement = %s"
        " ORDER BY organization"
    )
    return [str(organization) for (organization,) in await views.tuples(query, (msp, str(month), agreement))]


async def pushes(views: Views, msp: MspId, tenant: Tenant, month: BillingMonth) -> list[MonthPushRow]:
    query = """
        SELECT agreement, product, push, target, verified_at FROM month_pushes
         WHERE msp = %s AND month = %s AND site = %s AND company_id = %s
    """
    return await views.rows(MonthPushRow, query, (msp, str(month), tenant.site, tenant.company_id))


async def written(
    views: Views, msp: MspId, tenant: Tenant, month: BillingMonth, agreements: Sequence[int]
) -> set[tuple[int, int]]:
    """Agreement and product of the additions on some agreements that the month was written to after it had ended."""
    query = """
        SELECT agreement, product FROM month_pushes
         WHERE msp = %s AND month = %s AND site = %s AND company_id = %s AND agreement = ANY(%s)
    """
    found = await views.tuples(query, (msp, str(month), tenant.site, tenant.company_id, list(agreements)))
    return {(int(agreement), int(product)) for agreement, product in found}


async def pending_finals(views: Views, msp: MspId, tenant: Tenant, month: BillingMonth) -> list[tuple[int, int]]:
    """Agreement and product of each addition whose final of the month is not settled yet."""
    query = """
        SELECT DISTINCT agreement, product FROM due_pushes
         WHERE msp = %s AND site = %s AND company_id = %s AND lane = 'FINAL' AND month = %s
    """
    found = await views.tuples(query, (msp, tenant.site, tenant.company_id, str(month)))
    return [(int(agreement), int(product)) for agreement, product in found]


async def left(views: Views, msp: MspId, tenant: Tenant) -> list[LeftRow]:
    """Additions whose release to 0 is not settled yet. Shape: by agreement and product."""
    query = """
        SELECT DISTINCT a.agreement, a.product, a.wrote AS holds
          FROM due_pushes d JOIN additions a ON a.addition = d.addition
         WHERE d.msp = %s AND d.site = %s AND d.company_id = %s AND d.lane = 'ACT' AND d.left_behind = 'ZERO'
           AND NOT a.is_fresh AND a.wrote <> 0
         ORDER BY a.agreement, a.product
    """
    return await views.rows(LeftRow, query, (msp, tenant.site, tenant.company_id))


async def leaks(views: Views, msp: MspId, month: BillingMonth) -> list[LeakRow]:
    """Shape: by organization and item; those of excluded organizations too, with the reason."""
    query = """
        SELECT u.organization, coalesce(o.name, u.organization) AS name, u.product, u.plan, u.component, u.quantity,
               m.excluded_because
          FROM month_usage u
          LEFT JOIN organizations o ON o.msp = u.msp AND o.organization = u.organization
          LEFT JOIN company_mappings m ON m.msp = u.msp AND m.organization = u.organization
         WHERE u.msp = %s AND u.month = %s AND (u.agreement IS NULL OR u.product IS NULL) AND u.quantity > 0
         ORDER BY u.organization, u.item
    """
    return await views.rows(LeakRow, query, (msp, str(month)))


async def corrections(views: Views, msp: MspId, month: BillingMonth) -> list[CorrectionRow]:
    """Shape: every correction in the order recorded."""
    query = """
        SELECT organization, version, product, plan, component, old_quantity, quantity, cause, recorded_at
          FROM usage_corrections WHERE msp = %s AND month = %s ORDER BY position, organization, item
    """
    return await views.rows(CorrectionRow, query, (msp, str(month)))


async def unclosed(views: Views, msp: MspId, month: BillingMonth) -> list[UnclosedRow]:
    """Organizations that existed in the month and have no close of it; which of them should have is told by facts.

    Shape: by organization; without those that closed, which have no months after their last one.
    """
    query = """
        SELECT o.organization, o.name, m.excluded_because
          FROM organizations o
          LEFT JOIN company_mappings m ON m.msp = o.msp AND m.organization = o.organization
         WHERE o.msp = %s AND o.created_at < %s AND (NOT o.is_closed OR o.changed_at >= %s)
           AND NOT EXISTS (SELECT 1 FROM month_usage u
                            WHERE u.msp = o.msp AND u.month = %s AND u.organization = o.organization)
         ORDER BY o.organization
    """
    return await views.rows(UnclosedRow, query, (msp, month.ends_at, month.begins_at, str(month)))


async def is_closed(views: Views, msp: MspId, month: BillingMonth) -> bool:
    """Whether the month of any of the MSP's organizations was closed."""
    query = "SELECT EXISTS (SELECT 1 FROM month_usage WHERE msp = %s AND month = %s)::int"
    return bool(await views.number(query, (msp, str(month))))
