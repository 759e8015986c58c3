"""Lists come in capped pages with cursors that hold their place."""

from typing import Any

import pytest

from tests.api.given import change, new_organization, registered
from tests.api.harness import Api, Caller
from tests.api.operations import CHANGE_LICENSES

LISTS = ["organizations", "companyMappings", "runs", "exceptions", "history", "usage"]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("first", [0, -1, 10_000])
def test_a_page_size_out_of_bounds_is_refused_by_name(api: Api, name: str, first: int) -> None:
    answer = api.admin().ask(f"{{ {name}(first: {first}) {{ totalCount }} }}")

    [error] = answer.body["errors"]
    assert error["extensions"]["code"] == "InvalidInput"
    assert error["extensions"]["values"]["field"] == "first"


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("after", ["nonsense", "WyJhIiwgImIiLCAiYyIsICJkIl0=", "W10=", "eyJhIjoxfQ=="])
def test_a_cursor_that_is_none_of_ours_is_refused(api: Api, name: str, after: str) -> None:
    answer = api.admin().ask(f'{{ {name}(after: "{after}") {{ totalCount }} }}')

    assert answer.codes == ["InvalidInput"]


@pytest.mark.parametrize("month", ["2026-13", "2026", "26-01", "", "2026-1"])
def test_a_malformed_month_is_refused(api: Api, month: str) -> None:
    assert api.admin().ask(f'{{ usage(month: "{month}") {{ totalCount }} }}').codes == ["InvalidInput"]


def test_a_month_that_has_not_begun_is_refused(api: Api) -> None:
    assert api.admin().ask('{ usage(month: "2098-01") { totalCount } }').codes == ["MonthHasNotBegun"]
    assert api.admin().ask('{ monthEnd(month: "2098-01") { sentence } }').codes == ["MonthHasNotBegun"]


def pages(caller: Caller, query: str, name: str) -> list[list[Any]]:
    found, after = [], None
    while True:
        page = caller.ask(query, a=after).data[name]
        found.append(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def test_pages_hold_every_row_once_though_rows_come_in_between(api: Api) -> None:
    registered(api, *(new_organization(f"org-{number}", name=f"Same {number // 2}") for number in range(7)))
    query = (
        "query ($a: String) { organizations(first: 3, after: $a)"
        " { nodes { id } pageInfo { hasNextPage endCursor } totalCount } }"
    )
    admin = api.admin()
    first = admin.one(query, a=None)
    registered(api, new_organization("early", name="Aaa"))

    rest = admin.one(query, a=first["pageInfo"]["endCursor"])

    assert [node["id"] for node in first["nodes"] + rest["nodes"]] == [f"org-{number}" for number in range(6)]
    assert [len(page) for page in pages(admin, query, "organizations")] == [3, 3, 2]


def test_the_history_reads_in_both_directions(api: Api) -> None:
    registered(api, new_organization("globex"))
    api.platform().one(
        CHANGE_LICENSES,
        input={"msp": api.msp, "changes": [change(f"c{number}", "globex", delta=1) for number in range(4)]},
    )
    query = (
        "query ($a: String) { history(first: 2, after: $a, order: %s)"
        " { nodes { version } pageInfo { hasNextPage endCursor } } }"
    )

    oldest = pages(api.auditor(), query % "OLDEST_FIRST", "history")
    newest = pages(api.auditor(), query % "NEWEST_FIRST", "history")

    assert [node["version"] for page in oldest for node in page] == [1, 2, 3, 4, 5]
    assert [node["version"] for page in newest for node in page] == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({"factType": "organization.licenses-changed"}, 1),
        ({"organization": "globex"}, 2),
        ({"organization": "initech"}, 1),
        ({"role": "PLATFORM"}, 3),
        ({"role": "WORKER"}, 0),
        ({"subject": "platform"}, 3),
        ({"requestId": "nobody's"}, 0),
        ({"since": "2098-01-01T00:00:00Z"}, 0),
        ({"until": "2098-01-01T00:00:00Z"}, 3),
        ({"agreement": 1}, 0),
        ({"product": 1}, 0),
        ({"run": "x"}, 0),
    ],
)
def test_the_history_is_filtered(api: Api, given: dict[str, Any], count: int) -> None:
    registered(api, new_organization("globex"), new_organization("initech"))
    api.platform().one(CHANGE_LICENSES, input={"msp": api.msp, "changes": [change("c", "globex", delta=1)]})
    query = "query ($f: HistoryFilterInput) { history(filter: $f) { totalCount nodes { id } } }"

    answer = api.auditor().one(query, f=given)

    assert (answer["totalCount"], len(answer["nodes"])) == (count, count)


def test_organizations_are_searched_without_accents_and_wildcards(api: Api) -> None:
    registered(
        api,
        new_organization("a", name="Café Zürich"),
        new_organization("b", name="100% Bio"),
        new_organization("c", name="Plain"),
    )
    query = "query ($s: String) { organizations(filter: {search: $s}) { nodes { id } totalCount } }"

    assert [node["id"] for node in api.admin().one(query, s="ZURI")["nodes"]] == ["a"]
    assert [node["id"] for node in api.admin().one(query, s="%")["nodes"]] == ["b"]
    assert [node["id"] for node in api.admin().one(query, s="c")["nodes"]] == ["a", "c"]


@pytest.mark.parametrize(
    "asked",
    [
        "organizations { nodes { ...O } }",
        "organizations { edges { node { ... on Organization { ...O } } } }",
        "usage { nodes { organization { ...O } } }",
    ],
)
def test_usage_to_date_is_the_same_wherever_an_organization_is_shown(api: Api, asked: str) -> None:
    registered(api, *(new_organization(name) for name in ("globex", "initech", "umbrella")))
    changes = [change("c1", "globex", delta=3), change("c2", "umbrella", delta=5)]
    api.platform().one(CHANGE_LICENSES, input={"msp": api.msp, "changes": changes})
    shown = "fragment O on Organization { id used: usageToDate { component counted billed } }"

    [found] = api.admin().ask(f"{{ {asked} }} {shown}").data.values()

    rows = found.get("nodes") or [edge["node"] for edge in found["edges"]]
    by_page = [row.get("organization", row) for row in rows]
    alone = [api.admin().one(f'{{ organization(id: "{one["id"]}") {{ ...O }} }} {shown}') for one in by_page]
    assert alone == by_page
    assert [3, 0, 5] == [one["used"][0]["counted"] for one in by_page]
