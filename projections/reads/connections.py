"""An MSP's connection and its product mappings, as they are now."""

# ruff: noqa: S608 - every query is a LiteralString: the type checker lets no input into its text

from dataclasses import dataclass
from datetime import datetime

from domain.values import MspId
from projections.reads.ask import Views


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """What is None while nothing is connected says so by its type."""

    msp: str
    status: str
    number: int
    site: str | None
    company_id: str | None
    site_url: str | None
    company_name: str | None
    key_hint: str | None
    connected_at: datetime | None
    products_mapped_at: datetime | None
    has_products: bool
    is_confirmed: bool
    attention_reason: str | None
    attention_detail: str | None
    hold_days: int
    drift_policy: str
    drop_guard_percent: int
    drop_guard_units: int
    parallel_requests: int


@dataclass(frozen=True, slots=True)
class ProductMappingRow:
    plan: str
    component: str
    product: int
    identifier: str
    description: str
    rule: str
    minimum: int
    agreements: int
    """On how many agreements an organization with this plan component bills now."""


_COLUMNS = (
    "msp, status, number, site, company_id, site_url, company_name, key_hint, connected_at, products_mapped_at,"
    " has_products, is_confirmed, attention_reason, attention_detail, hold_days, drift_policy, drop_guard_percent,"
    " drop_guard_units, parallel_requests"
)


async def connection(views: Views, msp: MspId) -> ConnectionRow | None:
    """None for an MSP that never connected."""
    return await views.one(ConnectionRow, f"SELECT {_COLUMNS} FROM connections WHERE msp = %s", (msp,))


async def product_mappings(views: Views, msp: MspId) -> list[ProductMappingRow]:
    """Shape: by plan and component."""
    query = """
        SELECT p.plan, p.component, p.product, p.identifier, p.description, p.rule, p.minimum, (
               SELECT count(DISTINCT m.agreement)
                 FROM company_mappings m
                 JOIN connections c ON c.msp = m.msp AND c.number = m.connection_number
                 JOIN organizations o ON o.msp = m.msp AND o.organization = m.organization
                WHERE m.msp = p.msp AND o.plan = p.plan
                  AND CASE p.component WHEN 'LICENSE' THEN o.licenses ELSE o.servers END IS NOT NULL) AS agreements
          FROM product_mappings p WHERE p.msp = %s ORDER BY p.plan, p.component
    """
    return await views.rows(ProductMappingRow, query, (msp,))
