"""What ids are called: agreements with their company and who bills there, products, organizations."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.values import MspId
from projections.reads.ask import Views


@dataclass(frozen=True, slots=True)
class AgreementNameRow:
    agreement: int
    name: str | None
    company: int | None
    company_name: str | None
    organizations: list[str]


@dataclass(frozen=True, slots=True)
class ProductNameRow:
    product: int
    identifier: str
    description: str


async def agreements(views: Views, msp: MspId, ids: Sequence[int]) -> list[AgreementNameRow]:
    """As the last import of the live connection saw them, else as the newest mapping called them.

    Shape: by id, those that nothing knows left out; `organizations` are ids of those mapped now, ordered.
    """
    query = """
        SELECT wanted.agreement, coalesce(d.name, m.name) AS name, coalesce(d.company, m.company) AS company,
               coalesce(co.name, m.company_name) AS company_name, coalesce(m.organizations, '{}') AS organizations
          FROM unnest(%s::bigint[]) AS wanted (agreement)
          LEFT JOIN connections c ON c.msp = %s
          LEFT JOIN directory_agreements d
            ON d.msp = c.msp AND d.connection_number = c.number AND d.agreement = wanted.agreement
          LEFT JOIN directory_companies co
            ON co.msp = c.msp AND co.connection_number = c.number AND co.company = d.company
          LEFT JOIN LATERAL (
               SELECT min(m.agreement_name) AS name, min(m.company) AS company, min(m.company_name) AS company_name,
                      array_agg(m.organization ORDER BY m.organization) AS organizations
                 FROM company_mappings m
                WHERE m.msp = c.msp AND m.connection_number = c.number AND m.agreement = wanted.agreement) AS m ON true
         WHERE d.agreement IS NOT NULL OR m.company IS NOT NULL
         ORDER BY wanted.agreement
    """
    return await views.rows(AgreementNameRow, query, (list(ids), msp))


async def products(views: Views, msp: MspId, ids: Sequence[int]) -> list[ProductNameRow]:
    """Shape: by id, those that are mapped to nothing left out."""
    query = """
        SELECT product, min(identifier) AS identifier, min(description) AS description FROM product_mappings
         WHERE msp = %s AND product = ANY(%s) GROUP BY product ORDER BY product
    """
    return await views.rows(ProductNameRow, query, (msp, list(ids)))


async def organizations(views: Views, msp: MspId, ids: Sequence[str]) -> dict[str, str]:
    """Names by id; ids of nobody are left out."""
    query = "SELECT organization, name FROM organizations WHERE msp = %s AND organization = ANY(%s) ORDER BY 1"
    return {str(one): str(name) for one, name in await views.tuples(query, (msp, list(ids)))}
