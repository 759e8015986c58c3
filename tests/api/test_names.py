"""What ids are called, for people who read what carries ids only."""

import pytest

from tests.api import given, operations
from tests.api.harness import Api, SimulatedTenant

NAMES = """query ($a: [Int!], $p: [Int!], $o: [ID!], $m: ID) {
  names(agreements: $a, products: $p, organizations: $o, msp: $m) {
    agreements { agreement name company companyName organizations { organization name } }
    products { product identifier description }
    organizations { organization name } } }"""
NOTHING: dict[str, list[object]] = {"agreements": [], "products": [], "organizations": []}


@pytest.fixture
def ready(api: Api, tenant: SimulatedTenant) -> Api:
    given.registered(api, given.new_organization("globex"), given.new_organization("initech"))
    given.connected(api, tenant)
    given.with_products(api, tenant)
    given.imported(api)
    item = given.map_item("globex")
    answer = api.admin().one(operations.MAP_COMPANIES, input={"items": [item]})
    assert [one["outcome"]["__typename"] for one in answer["answers"]] == ["MappingChanged"], answer
    return api


def test_agreements_tell_their_company_and_who_is_mapped_to_them(ready: Api) -> None:
    found = ready.admin().one(NAMES, a=[given.AGREEMENT, given.OTHER_AGREEMENT, 424242])

    assert [
        {
            "agreement": given.AGREEMENT,
            "name": "Globex monthly",
            "company": given.COMPANY,
            "companyName": "Globex",
            "organizations": [{"organization": "globex", "name": "Globex"}],
        },
        {
            "agreement": given.OTHER_AGREEMENT,
            "name": "Initech monthly",
            "company": given.OTHER_COMPANY,
            "companyName": "Initech",
            "organizations": [],
        },
    ] == found["agreements"]


def test_products_and_organizations_are_named_and_unknown_ones_left_out(ready: Api, tenant: SimulatedTenant) -> None:
    product = tenant.product(0)

    found = ready.admin().one(NAMES, p=[product["id"], 424242], o=["initech", "nobody"])

    assert [product["identifier"]] == [one["identifier"] for one in found["products"]]
    assert [{"organization": "initech", "name": "Initech"}] == found["organizations"]


def test_without_ids_there_is_nothing(ready: Api) -> None:
    assert NOTHING == ready.auditor().one(NAMES)


def test_another_msps_names_are_not_told(ready: Api, api: Api) -> None:
    stranger = ready.admin(f"{ready.msp}-stranger")

    assert NOTHING == stranger.one(NAMES, a=[given.AGREEMENT], o=["globex"])


def test_too_many_ids_at_once_are_refused(ready: Api) -> None:
    answer = ready.admin().ask(NAMES, a=list(range(501)))

    assert ["InvalidInput"] == answer.codes
