"""The demo tenant is believable, and the same for the same seed."""

from collections import Counter
from time import process_time
from typing import Any

import pytest

from simulator import demo, demo_names
from simulator.billing_rules import agreement_status
from simulator.clock import TenantClock
from simulator.tenant import Tenant
from tests.simulator.conftest import NOON, Psa

CLOCK = TenantClock(lambda: NOON)


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    return demo.demo_tenant(CLOCK)


def rows(tenant: Tenant, table: str) -> list[dict[str, Any]]:
    return list(tenant.tables[table].rows.values())


def test_the_demo_tenant_opens_with_the_documented_keys(tenant: Tenant) -> None:
    assert tenant.company_id == "acme_msp"
    assert tenant.keys["demoPublicKey0001"].private == "demoPrivateKey0001"
    assert {key.role for key in tenant.keys.values()} == {"minimum", "admin"}


def test_there_are_companies_of_every_type_and_status_with_unique_identifiers(tenant: Tenant) -> None:
    companies = rows(tenant, "company")

    types = Counter(each["name"] for company in companies for each in company["types"])
    statuses = Counter(company["status"]["name"] for company in companies)

    assert len(companies) >= 200
    assert set(types) == set(demo.TYPES)
    assert set(statuses) == set(demo.STATUSES)
    assert types["Customer"] > 100
    assert 5 <= sum(company["deletedFlag"] for company in companies) <= 20
    assert len({company["identifier"].casefold() for company in companies}) == len(companies)
    assert any(len(company["types"]) > 1 for company in companies)


def test_globex_is_an_active_customer_with_look_alikes(tenant: Tenant) -> None:
    found = {row["name"]: row for row in rows(tenant, "company") if "glob" in row["name"].lower()}

    assert set(found) == {"Globex Corporation", "Globex Corporation (old)", "Global Exports Ltd"}
    assert found["Globex Corporation"]["status"]["name"] == "Active"
    assert found["Globex Corporation (old)"]["deletedFlag"]


def test_every_active_customer_has_an_active_monthly_agreement(tenant: Tenant) -> None:
    active = {
        row["company"]["id"]
        for row in rows(tenant, "agreement")
        if agreement_status(row, NOON.date()) == "Active" and row["billingCycle"]["name"] == "Monthly"
    }

    customers = [
        row["id"]
        for row in rows(tenant, "company")
        if not row["deletedFlag"]
        and row["status"]["name"] == "Active"
        and {each["name"] for each in row["types"]} & {"Customer", "Client"}
    ]

    assert len(customers) > 100
    assert [company for company in customers if company not in active] == []


def test_there_are_agreements_in_every_state(tenant: Tenant) -> None:
    agreements = rows(tenant, "agreement")
    states = Counter(agreement_status(row, NOON.date()) for row in agreements)

    assert set(states) == {"Active", "Inactive", "Cancelled", "Expired"}
    assert any(row["cancelledFlag"] and agreement_status(row, NOON.date()) == "Active" for row in agreements)
    assert any("parentAgreement" in row for row in agreements)
    assert any(row["prorateFlag"] for row in agreements)
    assert any(row["invoiceProratedAdditionsFlag"] for row in agreements)
    assert {row["billingCycle"]["name"] for row in agreements} >= {"Monthly", "Quarterly", "None"}
    assert any("cancelledDate" in row for row in rows(tenant, "addition"))
    assert any(row["lessIncluded"] > 0 for row in rows(tenant, "addition"))


def test_the_catalog_has_every_class_inactive_items_and_the_products_to_map(tenant: Tenant) -> None:
    items = rows(tenant, "catalogItem")

    assert len(items) >= 300
    assert {row["productClass"] for row in items} == {"Agreement", "Bundle", "Inventory", "NonInventory", "Service"}
    assert 10 < sum(row["inactiveFlag"] for row in items) < 60
    assert len({row["subcategory"]["id"] for row in items}) == 13
    assert {"NET-CORE-USER", "NET-CORE-SERVER", "PWD-BUSINESS-USER"} <= {row["identifier"] for row in items}
    assert len({row["identifier"].casefold() for row in items}) == len(items)


def test_no_addition_of_the_demo_is_a_product_that_the_story_maps(tenant: Tenant) -> None:
    mapped = {name for name, *_ in demo_names.VENDOR_PRODUCTS}
    main = [row["id"] for row in rows(tenant, "agreement") if row["company"]["identifier"] == "Globex"]

    held = {row["product"]["identifier"] for row in rows(tenant, "addition") if row["agreementId"] in main}

    assert held & mapped == set()


def test_the_same_seed_makes_the_same_tenant_and_another_seed_another() -> None:
    def records(seed: int) -> dict[str, Any]:
        made = demo.demo_tenant(CLOCK, seed)
        return {name: table.rows for name, table in made.tables.by_name.items()}

    assert records(1) == records(1)
    assert records(1) != records(2)


def test_every_record_of_the_demo_passes_the_vendors_schema(demo_psa: Psa) -> None:
    paths = (
        "/company/companies",
        "/company/companies/types",
        "/company/companies/info/types",
        "/company/companies/statuses",
        "/company/companies/1/typeAssociations",
        "/company/companyTypeAssociations",
        "/procurement/catalog",
        "/procurement/catalog/info",
        "/procurement/categories",
        "/procurement/categories/info",
        "/procurement/categories/1/subcategories/",
        "/procurement/subcategories/",
        "/procurement/subcategories/info/",
        "/procurement/types",
        "/procurement/types/info",
        "/procurement/unitOfMeasures",
        "/finance/agreements",
        "/finance/agreements/types",
        "/finance/agreements/types/info",
        "/finance/agreements/1/additions",
        "/finance/billingCycles",
        "/finance/billingCycles/info",
        "/finance/agreementrecap/",
    )

    counts = {path: len(demo_psa.rows(path, pageSize=1000)) for path in paths}

    assert min(counts.values()) > 0, counts
    assert counts["/finance/agreements"] == len(demo_psa.tenant.tables["agreement"].rows)


def test_a_month_of_the_demo_can_be_invoiced(demo_psa: Psa) -> None:
    made = demo_psa.admin("POST", "/invoices", {"month": "2026-03"})

    assert len(made) > 100
    assert all(float(invoice["total"]) >= 0 for invoice in made)


def test_a_large_tenant_is_made_as_large_as_asked_in_a_second_or_so() -> None:
    began = process_time()

    made = demo.large_tenant(CLOCK, "large", company_count=2_000, agreement_count=2_400, product_count=10_000)

    assert {name: len(made.tables[name].rows) for name in ("company", "agreement", "catalogItem", "addition")} == {
        "company": 2_000,
        "agreement": 2_400,
        "catalogItem": 10_000,
        "addition": 2_400,
    }
    assert process_time() - began < 5
