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
    query = (
        "SELECT plan, component, product, identifier, description, rule, minimum FROM product_mappings"
        " WHERE msp = %s ORDER BY plan, component"
    )
    return await views.rows(ProductMappingRow, query, (msp,))
