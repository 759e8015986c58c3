"""Pages, Link headers, order and selected fields."""

import re

import httpx
import pytest

from tests.simulator.conftest import Psa

COMPANIES = "/company/companies"


@pytest.fixture
def seven(psa: Psa) -> Psa:
    for number in range(1, 8):
        psa.company(f"Company {number}", numberOfEmployees=number % 3)
    return psa


def link(answer: httpx.Response) -> dict[str, str]:
    return {relation: url for url, relation in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["link"])}


def test_a_page_has_25_records_unless_asked_otherwise(demo_psa: Psa) -> None:
    assert len(demo_psa.rows(COMPANIES)) == 25
    assert len(demo_psa.rows(COMPANIES, pageSize=1000)) == 240


def test_the_first_page_links_to_next_and_last_with_the_page_last_of_all(seven: Psa) -> None:
    answer = seven.get(COMPANIES, conditions='name != "x y"', pageSize=3)

    start = f"{seven.root}/company/companies/?conditions=name+!%3d+%22x+y%22&pageSize=3"
    assert answer.headers["link"] == f'<{start}&page=2>; rel="next", <{start}&page=3>; rel="last"'


def test_next_and_prev_are_absent_at_the_ends(seven: Psa) -> None:
    relations = [sorted(link(seven.get(COMPANIES, pageSize=3, page=page))) for page in (1, 2, 3)]

    assert relations == [["last", "next"], ["first", "last", "next", "prev"], ["first", "prev"]]


def test_following_the_next_links_meets_every_record_once_in_order_of_id(seven: Psa) -> None:
    key = next(iter(seven.tenant.keys.values()))
    auth, headers = (f"{seven.tenant.company_id}+{key.public}", key.private), {"clientId": "x"}
    met: list[int] = []
    url: str | None = f"{seven.root}{COMPANIES}?pageSize=2"

    while url:
        answer = seven.client.get(url, auth=auth, headers=headers)
        met += [row["id"] for row in answer.json()]
        url = link(answer).get("next")

    assert met == [1, 2, 3, 4, 5, 6, 7]


def test_a_list_on_one_page_has_no_link_unless_switched(seven: Psa) -> None:
    without = seven.get(COMPANIES).headers.get("link")
    seven.switch(one_page_link="last")
    with_link = link(seven.get(COMPANIES))

    assert without is None
    assert list(with_link) == ["last"]


def test_links_can_name_the_host_without_its_api_prefix(seven: Psa) -> None:
    seven.switch(link_host="without_api_prefix")

    answer = seven.call("GET", COMPANIES, params={"pageSize": 3}, headers={"Host": "api-na.myconnectwise.net"})

    assert link(answer)["next"].startswith("http://na.myconnectwise.net/v4_6_release/apis/3.0/company/companies/?")


def test_a_page_past_the_end_is_an_empty_list(seven: Psa) -> None:
    assert seven.rows(COMPANIES, page=99) == []


def test_a_page_size_over_1000_is_capped_or_refused(demo_psa: Psa) -> None:
    capped = demo_psa.get("/procurement/catalog", pageSize=5000, fields="id")
    demo_psa.switch(oversized_page="refuse")

    assert (capped.status_code, len(capped.json())) == (200, 320)
    assert demo_psa.get("/procurement/catalog", pageSize=5000).status_code == 400


@pytest.mark.parametrize("parameters", [{"page": 0}, {"pageSize": 0}, {"pageSize": -1}, {"page": "x"}])
def test_pages_that_are_no_positive_numbers_are_refused(seven: Psa, parameters: dict[str, object]) -> None:
    assert seven.get(COMPANIES, **parameters).status_code == 400


def test_parameter_names_are_read_in_any_case_and_unknown_ones_passed_over(seven: Psa) -> None:
    parameters = {"pagesize": 2, "PAGE": 2, "ORDERBY": "id desc", "junk": "x", "Conditions": "id > 1"}

    assert seven.ids(COMPANIES, **parameters) == [5, 4]


def test_trailing_and_double_slashes_and_other_case_lead_to_the_same_list(seven: Psa) -> None:
    lists = [seven.ids(path) for path in ("/company/companies/", "//company//companies", "/Company/COMPANIES")]

    assert lists == [[1, 2, 3, 4, 5, 6, 7]] * 3


def test_an_unknown_path_is_404(psa: Psa) -> None:
    answers = [psa.get(path) for path in ("/company/nothing", "/company/companies/abc", "/finance/agreements/1/x")]

    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].json() == {"code": "ConnectWiseApi", "message": "The endpoint does not exist."}


def test_forward_only_pages_go_by_id_and_end_with_an_empty_link(seven: Psa) -> None:
    headers = {"pagination-type": "forward-only"}
    met: list[list[int]] = []
    links: list[str] = []
    page_id: str | None = ""

    while page_id is not None:
        parameters = {"pageSize": 3, "page": 9, **({"pageId": page_id} if page_id else {})}
        answer = seven.call("GET", COMPANIES, params=parameters, headers=headers)
        met.append([row["id"] for row in answer.json()])
        links.append(answer.headers["link"])
        found = re.search(r"pageSize=3&pageId=(\d+)>; rel=\"next\"", links[-1])
        page_id = found[1] if found else None

    assert met == [[1, 2, 3], [4, 5, 6], [7]]
    assert links[-1] == ""


def test_forward_only_knows_no_order_and_can_fail_as_it_once_did(seven: Psa) -> None:
    headers = {"pagination-type": "forward-only"}
    with_order = seven.call("GET", COMPANIES, params={"orderBy": "name"}, headers=headers)
    seven.switch(forward_only_companies_fail=True)
    failed = seven.call("GET", COMPANIES, headers=headers)

    assert with_order.status_code == 400
    assert (failed.status_code, failed.json()["message"]) == (500, "String was not recognized as a valid Boolean.")


def test_a_page_id_without_the_header_changes_nothing(seven: Psa) -> None:
    assert seven.ids(COMPANIES, pageId=5) == [1, 2, 3, 4, 5, 6, 7]


def test_records_are_ordered_by_several_keys_with_absent_values_first(seven: Psa) -> None:
    seven.company("Aaa")

    assert seven.ids(COMPANIES, orderBy="numberOfEmployees asc, name desc") == [8, 6, 3, 7, 4, 1, 5, 2]
    assert seven.ids(COMPANIES, orderBy="status/id,numberOfEmployees desc, id desc")[:2] == [5, 2]


@pytest.mark.parametrize("order", ["nothing", "name sideways", "types/id"])
def test_an_order_that_means_nothing_is_refused(seven: Psa, order: str) -> None:
    answer = seven.get(COMPANIES, orderBy=order)

    assert (answer.status_code, answer.json()["code"]) == (400, "ApiFindCondition")


def test_fields_cut_the_answer_down_and_leave_info_out_unless_named(seven: Psa) -> None:
    rows = seven.rows(COMPANIES, fields="id,Name,status/id,types/name", pageSize=1)
    with_info = seven.rows(COMPANIES, fields="id,_info", pageSize=1)

    assert rows == [{"id": 1, "name": "Company 1", "status": {"id": 1}, "types": [{"name": "Customer"}]}]
    assert list(with_info[0]) == ["id", "_info"]
    assert seven.get(f"{COMPANIES}/1", fields="name").json() == {"name": "Company 1"}


def test_a_wrong_name_in_fields_is_refused(seven: Psa) -> None:
    answers = [seven.get(COMPANIES, fields=fields) for fields in ("id,nothing", "status/nothing")]

    assert [answer.json()["message"] for answer in answers] == [
        "nothing is not a recognized name.",
        "status/nothing is not a recognized name.",
    ]


def test_absent_values_are_left_out_and_references_carry_links(seven: Psa) -> None:
    row = seven.get(f"{COMPANIES}/1").json()

    assert "dateDeleted" not in row
    assert None not in row.values()
    href = row["status"]["_info"]["status_href"]
    assert href == f"{seven.site}/v4_6_release//apis/3.0/company/companies/statuses/1"


def test_the_count_takes_the_same_conditions(seven: Psa) -> None:
    assert seven.get(f"{COMPANIES}/count").json() == {"count": 7}
    assert seven.get(f"{COMPANIES}/count", conditions="numberOfEmployees=1").json() == {"count": 3}
    assert seven.get(f"{COMPANIES}/count", childConditions="types/id=2").json() == {"count": 0}


def test_methods_that_an_endpoint_lacks_are_405(seven: Psa) -> None:
    assert seven.call("DELETE", COMPANIES).status_code == 405
    assert seven.call("POST", f"{COMPANIES}/count", json={}).status_code == 405


def test_a_url_over_2000_characters_is_refused(seven: Psa) -> None:
    def status(ids: int) -> int:
        return seven.get(COMPANIES, conditions=f"id in ({','.join(['1'] * ids)})").status_code

    assert (status(400), status(500)) == (200, 414)
    seven.switch(longest_url=10_000)
    assert status(500) == 200
