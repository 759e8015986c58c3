"""Products are searched in ConnectWise, created there when missing, mapped, and the mapping is confirmed."""

from typing import Any

import pytest

from tests.api.given import connected, new_organization, registered, with_products
from tests.api.harness import Api, SimulatedTenant
from tests.api.operations import CONFIRM, CREATE_PRODUCT, MAP_PRODUCT, SET_PRODUCT_RULE

SETUP = "{ psaProductSetup { subcategories { id isInactive } types { id isInactive } categories { name } } }"


@pytest.fixture
def ready(api: Api, tenant: SimulatedTenant) -> Api:
    registered(api, new_organization("globex"))
    connected(api, tenant)
    return api


def new_product(api: Api, **more: Any) -> dict[str, Any]:
    setup = api.admin().one(SETUP)
    subcategory = next(one["id"] for one in setup["subcategories"] if not one["isInactive"])
    kind = next(one["id"] for one in setup["types"] if not one["isInactive"])
    return {"identifier": "LEDGER-1", "description": "Ledger licence", "subcategory": subcategory, "type": kind, **more}


def test_products_are_found_by_every_word(ready: Api, tenant: SimulatedTenant) -> None:
    product = tenant.product()

    found = ready.admin().one(
        "query ($s: String!) { psaProducts(search: $s) { id identifier link } }", s=product["identifier"]
    )

    assert product["id"] in [one["id"] for one in found]


def test_a_missing_product_is_created_once(ready: Api) -> None:
    call = {**new_product(ready), "idempotencyKey": "k"}

    first = ready.admin().one(CREATE_PRODUCT, input=call)
    facts = ready.facts()
    again = ready.admin().one(CREATE_PRODUCT, input=call)
    taken = ready.admin().one(CREATE_PRODUCT, input=new_product(ready))

    assert (first["__typename"], first["identifier"]) == ("ProductMade", "LEDGER-1")
    assert again == first
    assert taken["__typename"] == "IdentifierTaken"
    assert ready.facts() == facts


def test_a_missing_catalog_add_right_shows_when_a_product_is_created(ready: Api, tenant: SimulatedTenant) -> None:
    call = new_product(ready)
    levels = {
        "Company Maintenance": {"inquire": "All"},
        "Table Setup": {"inquire": "All"},
        "Product Catalog": {"inquire": "All"},
        "Agreements": {"inquire": "All", "add": "All", "edit": "All"},
    }
    tenant.admin("PUT", "/roles/minimum", {"levels": levels})
    facts = ready.facts()

    answer = ready.admin().one(CREATE_PRODUCT, input=call)

    assert answer["__typename"] == "RightsMissing"
    assert [(one["name"], one["level"]) for one in answer["rights"]] == [("Product Catalog", "Add")]
    assert ready.facts() == facts


def test_an_unknown_inactive_or_bundled_product_can_not_be_mapped(ready: Api, tenant: SimulatedTenant) -> None:
    rows = tenant.admin("GET", "/records/catalogItem")
    inactive = next(row["id"] for row in rows if row.get("inactiveFlag") and row["productClass"] != "Bundle")
    bundle = next(row["id"] for row in rows if row["productClass"] == "Bundle" and not row.get("inactiveFlag"))
    facts = ready.facts()

    names = [
        ready.admin().one(MAP_PRODUCT, input={"plan": "network-core", "component": "LICENSE", "product": product})[
            "__typename"
        ]
        for product in (9_999_999, inactive, bundle)
    ]

    assert names == ["UnknownProduct", "ProductIsInactive", "ProductIsBundle"]
    assert ready.facts() == facts


@pytest.mark.parametrize(
    ("plan", "component", "expected"),
    [("gold", "LICENSE", "UnknownPlan"), ("network-lite", "SERVER", "PlanLacksComponent")],
)
def test_what_the_catalogue_does_not_have_can_not_be_mapped(
    ready: Api, plan: str, component: str, expected: str
) -> None:
    answer = ready.admin().one(MAP_PRODUCT, input={"plan": plan, "component": component, "product": 1})

    assert answer["__typename"] == expected


def test_confirming_needs_every_component_in_use_and_then_activates(ready: Api, tenant: SimulatedTenant) -> None:
    refused = ready.admin().one(CONFIRM, input={})

    with_products(ready, tenant)

    missing = {(one["plan"], one["component"]) for one in refused["missing"]}
    assert refused["__typename"] == "ProductMappingIncomplete"
    assert missing == {("network-core", "LICENSE"), ("network-core", "SERVER")}
    assert ready.admin().one("{ psaConnection { status missingProducts { plan } } }") == {
        "status": "ACTIVE",
        "missingProducts": [],
    }


def test_rule_and_minimum_belong_to_a_mapped_product(ready: Api, tenant: SimulatedTenant) -> None:
    product, _ = with_products(ready, tenant)

    unknown = ready.admin().one(SET_PRODUCT_RULE, input={"product": 9_999_999, "rule": "PEAK"})
    below = ready.admin().one(SET_PRODUCT_RULE, input={"product": product, "rule": "PEAK", "minimum": -1})
    answer = ready.admin().one(SET_PRODUCT_RULE, input={"product": product, "rule": "AVERAGE", "minimum": 5})

    assert [unknown["__typename"], below["__typename"]] == ["UnknownProduct", "InvalidInput"]
    assert {"product": product, "rule": "AVERAGE", "minimum": 5} in answer["connection"]["productMappings"]


def test_asking_connectwise_while_not_connected_says_so(api: Api) -> None:
    answer = api.admin().ask('{ psaProducts(search: "x") { id } }')

    assert answer.codes == ["NotConnected"]


def test_types_and_statuses_are_listed_for_an_import(ready: Api) -> None:
    answer = ready.admin().ask("{ psaCompanyTypes { id name } psaCompanyStatuses { id name isInactive } }").data

    assert "Customer" in [one["name"] for one in answer["psaCompanyTypes"]]
    assert "Active" in [one["name"] for one in answer["psaCompanyStatuses"]]


def test_companies_are_counted_by_type_by_status_and_by_both_as_an_import_would_read_them(
    ready: Api, tenant: SimulatedTenant
) -> None:
    companies = [one for one in tenant.admin("GET", "/records/company") if not one.get("deletedFlag")]
    kinds = (
        ready.admin()
        .ask("{ psaCompanyTypes { id name companies } psaCompanyStatuses { id name companies } psaCompanyCount }")
        .data
    )
    customer = next(one for one in kinds["psaCompanyTypes"] if one["name"] == "Customer")
    active = next(one for one in kinds["psaCompanyStatuses"] if one["name"] == "Active")

    def count(types: list[int], statuses: list[int]) -> int:
        return sum(
            (not types or any(each["id"] in types for each in one["types"]))
            and (not statuses or one["status"]["id"] in statuses)
            for one in companies
        )

    def counted(types: list[int], statuses: list[int]) -> int:
        query = "query ($t: [Int!], $s: [Int!]) { psaCompanyCount(types: $t, statuses: $s) }"
        found: int = ready.admin().one(query, t=types, s=statuses)
        return found

    assert kinds["psaCompanyCount"] == len(companies)
    assert [count([one["id"]], []) for one in kinds["psaCompanyTypes"]] == [
        one["companies"] for one in kinds["psaCompanyTypes"]
    ]
    assert [count([], [one["id"]]) for one in kinds["psaCompanyStatuses"]] == [
        one["companies"] for one in kinds["psaCompanyStatuses"]
    ]
    both = ([customer["id"]], [active["id"]])
    several = ([one["id"] for one in kinds["psaCompanyTypes"]][:3], [active["id"]])
    assert [count(*both), count(*several)] == [counted(*both), counted(*several)]
    assert 0 < count(*both) < len(companies)


def test_counting_companies_of_too_many_types_is_refused(ready: Api) -> None:
    query = "query ($t: [Int!]) { psaCompanyCount(types: $t) }"

    answer = ready.admin().ask(query, t=list(range(1, 502)))

    assert answer.codes == ["InvalidInput"]


def test_a_query_that_connectwise_refuses_names_the_refusal_with_its_values(
    ready: Api, tenant: SimulatedTenant
) -> None:
    levels = {"Company Maintenance": {"inquire": "All"}, "Table Setup": {"inquire": "All"}}
    tenant.admin("PUT", "/roles/minimum", {"levels": levels})

    answer = ready.admin().ask('{ psaProducts(search: "x") { id } }')

    [error] = answer.body["errors"]
    [right] = error["extensions"]["values"]["rights"]
    assert error["extensions"]["code"] == "RightsMissing"
    assert (right["name"], right["level"]) == ("Product Catalog", "Inquire")
    assert "Product Catalog" in right["menuPath"]
