"""What stands before a test asks: organizations, a connection with products, an imported directory."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from domain.values import MspId, PsaAgreementId, PsaCompanyId, RunId
from projections.directory import (
    DirectoryAgreement,
    DirectoryCompany,
    Import,
    finish_import,
    store_agreements,
    store_companies,
)
from tests.api import operations
from tests.api.harness import Api, SimulatedTenant

LONG_AGO = "2026-01-05T08:00:00Z"
COMPANY, AGREEMENT = 501, 9001
OTHER_COMPANY, OTHER_AGREEMENT, ENDED_AGREEMENT = 502, 9002, 9003


def new_organization(organization: str, **more: Any) -> dict[str, Any]:
    return {
        "changeId": f"create-{organization}",
        "organization": organization,
        "name": organization.title(),
        "plan": "network-core",
        "effectiveAt": LONG_AGO,
        **more,
    }


def registered(api: Api, *organizations: dict[str, Any]) -> None:
    answer = api.platform().one(operations.REGISTER, input={"msp": api.msp, "organizations": list(organizations)})
    outcomes = [each["outcome"]["__typename"] for each in answer["answers"]]
    assert outcomes == ["OrganizationRegistered"] * len(organizations), answer


def change(change_id: str, organization: str, **more: Any) -> dict[str, Any]:
    return {"changeId": change_id, "organization": organization, "component": "LICENSE", **more}


def connected(api: Api, tenant: SimulatedTenant) -> None:
    answer = api.admin().one(operations.CONNECT, input=tenant.keys)
    assert answer["__typename"] == "ConnectionChanged", answer


def with_products(api: Api, tenant: SimulatedTenant) -> tuple[int, int]:
    """Licences and servers of the core plan mapped to two products of the tenant, and confirmed."""
    admin = api.admin()
    license_product, server_product = tenant.product(0)["id"], tenant.product(1)["id"]
    for component, product in (("LICENSE", license_product), ("SERVER", server_product)):
        mapped = admin.one(
            operations.MAP_PRODUCT, input={"plan": "network-core", "component": component, "product": product}
        )
        assert mapped["__typename"] == "ConnectionChanged", mapped
    confirmed = admin.one(operations.CONFIRM, input={})
    assert confirmed["connection"]["status"] == "ACTIVE", confirmed
    return license_product, server_product


def imported(api: Api, number: int = 1) -> None:
    """The directory as an import leaves it: two companies, three agreements, one of them ended."""
    under = Import(MspId(api.msp), number, RunId("an-import"))
    companies = [
        DirectoryCompany(PsaCompanyId(one), name, name, 1, "Active", (1,), ("Customer",), False)
        for one, name in ((COMPANY, "Globex"), (OTHER_COMPANY, "Initech"))
    ]
    agreements = [
        agreement(AGREEMENT, COMPANY, "Globex monthly"),
        agreement(OTHER_AGREEMENT, OTHER_COMPANY, "Initech monthly"),
        agreement(ENDED_AGREEMENT, COMPANY, "Globex of old", "Cancelled"),
    ]
    with psycopg.connect(api.database_url) as connection:
        store_companies(connection, under, companies)
        store_agreements(connection, under, agreements)
        finish_import(connection, under)


def agreement(number: int, company: int, name: str, status: str = "Active") -> DirectoryAgreement:
    return DirectoryAgreement(
        agreement=PsaAgreementId(number),
        company=PsaCompanyId(company),
        name=name,
        status=status,
        type_name="Managed Services",
        is_prorated=False,
        starts_at=datetime(2025, 1, 1, tzinfo=UTC),
        ends_at=None,
        cancelled_at=None,
        bill_starts_at=None,
        next_invoice_at=None,
        parent=None,
    )


def map_item(organization: str, company: int = COMPANY, agreement_id: int = AGREEMENT, **more: Any) -> dict[str, Any]:
    return {"organization": organization, "company": company, "agreement": agreement_id, **more}
