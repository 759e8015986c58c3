"""Organizations are mapped to agreements, each item on its own, and what can not be billed is refused by name."""

from typing import Any

import pytest

from tests.api.given import (
    AGREEMENT,
    COMPANY,
    ENDED_AGREEMENT,
    OTHER_AGREEMENT,
    OTHER_COMPANY,
    connected,
    imported,
    map_item,
    new_organization,
    registered,
)
from tests.api.harness import Api, SimulatedTenant
from tests.api.operations import CREATE_ORGANIZATION, DISCONNECT, EXCLUDE, MAP_COMPANIES, UNMAP_COMPANIES

MAPPINGS = "{ companyMappings { totalCount counts { state count } nodes { organization agreement } } }"


@pytest.fixture
def ready(api: Api, tenant: SimulatedTenant) -> Api:
    """Connected, with a directory, and with organizations to map."""
    registered(
        api,
        new_organization("globex"),
        new_organization("initech"),
        new_organization("selfish", management="SELF"),
    )
    connected(api, tenant)
    imported(api)
    return api


def mapped(api: Api, *items: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = api.admin().one(MAP_COMPANIES, input={"items": list(items), **more})
    assert answer["__typename"] == "MappingsChanged", answer
    return [each["outcome"] for each in answer["answers"]]


def test_a_mapping_is_shown_by_the_next_query(ready: Api) -> None:
    [outcome] = mapped(ready, map_item("globex"))

    shown = ready.admin().one(MAPPINGS)
    assert outcome["mapping"] == {"company": COMPANY, "agreement": AGREEMENT, "agreementName": "Globex monthly"}
    assert shown["nodes"] == [{"organization": "globex", "agreement": AGREEMENT}]
    assert shown["counts"] == [{"state": "MAPPED", "count": 1}]


BAD_ITEMS: dict[str, tuple[dict[str, Any], str]] = {
    "an agreement of another company": (map_item("globex", COMPANY, OTHER_AGREEMENT), "AgreementOfAnotherCompany"),
    "an unknown company": (map_item("globex", 999, AGREEMENT), "UnknownCompany"),
    "an unknown agreement": (map_item("globex", COMPANY, 999), "UnknownAgreement"),
    "an ended agreement": (map_item("globex", COMPANY, ENDED_AGREEMENT), "AgreementHasEnded"),
    "an unknown organization": (map_item("nobody"), "UnknownOrganization"),
    "a self-managed organization": (map_item("selfish"), "OrganizationIsSelfManaged"),
    "an organization mapped twice": (map_item("initech", OTHER_COMPANY, OTHER_AGREEMENT), "AlreadyMapped"),
    "one to create that exists": (
        map_item("globex", create={"name": "G", "plan": "network-core"}),
        "OrganizationExists",
    ),
    "one to create on an unknown plan": (map_item("new", create={"name": "N", "plan": "gold"}), "UnknownPlan"),
    "one to create without a name": (map_item("new", create={"name": " ", "plan": "network-core"}), "InvalidInput"),
}


@pytest.mark.parametrize("what", list(BAD_ITEMS))
def test_a_bad_item_is_refused_by_name_and_nothing_is_recorded(ready: Api, what: str) -> None:
    mapped(ready, map_item("initech", OTHER_COMPANY, OTHER_AGREEMENT))
    facts = ready.facts()
    bad, expected = BAD_ITEMS[what]

    [outcome] = mapped(ready, bad)

    assert outcome["__typename"] == expected, outcome
    assert ready.facts() == facts


def test_good_items_are_recorded_beside_bad_ones(ready: Api) -> None:
    outcomes = mapped(ready, map_item("selfish"), map_item("globex"), map_item("globex"))

    names = [outcome["__typename"] for outcome in outcomes]
    assert names == ["OrganizationIsSelfManaged", "MappingChanged", "AlreadyMapped"]


def test_a_mapped_organization_is_moved_only_on_purpose(ready: Api) -> None:
    mapped(ready, map_item("globex"))

    [refused] = mapped(ready, map_item("globex", OTHER_COMPANY, OTHER_AGREEMENT))
    [moved] = mapped(ready, map_item("globex", OTHER_COMPANY, OTHER_AGREEMENT, move=True))

    assert refused["__typename"] == "AlreadyMapped"
    assert moved["mapping"]["agreement"] == OTHER_AGREEMENT


def test_an_organization_is_created_in_the_step_that_maps_it(ready: Api) -> None:
    item = {"company": COMPANY, "agreement": AGREEMENT, "create": {"name": "Newcomer", "plan": "network-lite"}}

    [outcome] = mapped(ready, item, idempotencyKey="k")
    facts = ready.facts()
    [again] = mapped(ready, item, idempotencyKey="k")

    names = [
        one["name"]
        for one in ready.admin().one('{ organizations(filter: {search: "newc"}) { nodes { name } } }')["nodes"]
    ]
    assert outcome["mapping"]["agreement"] == AGREEMENT
    assert names == ["Newcomer"]
    assert again == outcome
    assert ready.facts() == facts


def test_an_item_whose_mapping_is_refused_creates_no_organization(ready: Api) -> None:
    facts = ready.facts()

    [outcome] = mapped(
        ready, map_item("new", COMPANY, ENDED_AGREEMENT, create={"name": "Newcomer", "plan": "network-core"})
    )

    assert outcome["__typename"] == "AgreementHasEnded"
    assert ready.facts() == facts


def test_unmapping_what_is_not_mapped_is_refused(ready: Api) -> None:
    mapped(ready, map_item("globex"))
    items = [{"organization": "globex"}, {"organization": "initech"}]

    answer = ready.admin().one(UNMAP_COMPANIES, input={"items": items})

    assert [each["outcome"]["__typename"] for each in answer["answers"]] == ["MappingChanged", "NotMapped"]
    assert ready.admin().one(MAPPINGS)["totalCount"] == 0


def test_an_excluded_organization_can_not_be_mapped(ready: Api) -> None:
    excluded = ready.admin().one(EXCLUDE, input={"items": [{"organization": "globex", "reason": "billed by hand"}]})

    [outcome] = mapped(ready, map_item("globex"))

    assert excluded["answers"][0]["outcome"]["mapping"]["excludedBecause"] == "billed by hand"
    assert outcome["__typename"] == "OrganizationIsExcluded"


def test_no_mapping_is_current_after_disconnecting(ready: Api) -> None:
    mapped(ready, map_item("globex"))

    ready.admin().one(DISCONNECT, input={})

    answer = ready.admin().one(MAP_COMPANIES, input={"items": [map_item("globex")]})
    assert ready.admin().one(MAPPINGS)["totalCount"] == 0
    assert answer["__typename"] == "NotConnected"


def test_an_admin_creates_an_organization_once_per_key(api: Api) -> None:
    call = {"name": "Globex", "plan": "network-core", "idempotencyKey": "k"}

    first = api.admin().one(CREATE_ORGANIZATION, input=call)
    facts = api.facts()
    again = api.admin().one(CREATE_ORGANIZATION, input=call)

    assert first["organization"]["management"] == "MSP"
    assert again == {**first, "alreadyRecorded": True}
    assert api.facts() == facts


def test_the_directory_is_searched_filtered_and_shows_what_is_mapped(ready: Api) -> None:
    mapped(ready, map_item("globex"))
    query = """query ($f: CompaniesFilter) { companies(filter: $f) { totalCount nodes { name link
        agreements { name hasEnded } mappings { organization } } } }"""

    found = ready.admin().one(
        query, f={"search": "GLOB", "isMapped": True, "statuses": ["Active"], "types": ["Customer"]}
    )
    unmapped = ready.admin().one(query, f={"isMapped": False})

    [company] = found["nodes"]
    assert company["agreements"] == [
        {"name": "Globex monthly", "hasEnded": False},
        {"name": "Globex of old", "hasEnded": True},
    ]
    assert company["mappings"] == [{"organization": "globex"}]
    assert "recid=501" in company["link"]
    assert [one["name"] for one in unmapped["nodes"]] == ["Initech"]
