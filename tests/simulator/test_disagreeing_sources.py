"""Where the sources disagree or are silent, a switch chooses; here are those that no other file has."""

import pytest

from tests.simulator.conftest import Psa


@pytest.mark.parametrize("status", [403, 401])
def test_the_ssl_message_comes_with_either_status(psa: Psa, status: int) -> None:
    psa.switch(ssl_required="without_api_prefix", ssl_required_status=status)

    answer = psa.get("/company/companies")

    assert (status, {"code": "Security", "message": "SSL is required.", "errors": None}) == (
        answer.status_code,
        answer.json(),
    )


def test_a_refusal_without_inner_errors_can_say_so_with_null(psa: Psa) -> None:
    refused = psa.get("/finance/agreements/9").json()
    psa.switch(errors_member="null")

    assert {"code": "NotFound", "message": "Agreement 9 not found"} == refused
    assert {**refused, "errors": None} == psa.get("/finance/agreements/9").json()
    assert psa.call("POST", "/finance/agreements/1/additions", json={}).json()["errors"] is None
    invalid = psa.call("POST", "/procurement/catalog", json={}).json()
    assert len(invalid["errors"]) > 1


def test_a_reference_to_nothing_can_be_an_empty_object(psa: Psa) -> None:
    company = psa.company("Globex")
    usual = psa.get(f"/company/companies/{company['id']}").json()
    psa.switch(empty_references=True)

    shown = psa.get(f"/company/companies/{company['id']}").json()
    cut = psa.rows("/company/companies", fields="id,market")

    assert "market" not in usual
    assert ({}, usual["status"]) == (shown["market"], shown["status"])
    assert [{"id": company["id"], "market": {}}] == cut
    assert usual == {name: value for name, value in shown.items() if value != {}}


def test_some_answered_fields_can_be_unknown_to_conditions(psa: Psa) -> None:
    psa.company("Globex")
    psa.switch(fields_not_in_conditions=["deletedFlag", "status"])

    for condition, name in (("deletedFlag=false", "deletedFlag"), ("id=1 and status/id=1", "status/id")):
        answer = psa.get("/company/companies", conditions=condition)
        assert (400, f"{name} is not a recognized name.") == (answer.status_code, answer.json()["message"])
    assert 1 == len(psa.rows("/company/companies", conditions="id=1"))


def test_a_list_without_an_order_can_come_with_the_newest_change_first(psa: Psa) -> None:
    first, second, third = (psa.company(name)["id"] for name in ("Globex", "Initech", "Umbrella"))
    psa.switch(unordered_lists="newest_change_first")

    assert [third, second, first] == psa.ids("/company/companies")
    assert [second, first] == psa.ids("/company/companies", conditions=f"id<{third}")
    assert [first, second, third] == psa.ids("/company/companies", orderBy="id")
    assert [third, second] == psa.ids("/company/companies", pageSize=2)


def test_what_an_item_is_known_by_is_read_by_its_id(psa: Psa) -> None:
    item = psa.product("SEAT")

    listed, read = psa.rows("/procurement/catalog/info")[0], psa.get(f"/procurement/catalog/{item['id']}/info").json()

    assert listed == read
    assert "subcategory" not in read


def test_subcategories_are_listed_briefly_below_their_category(psa: Psa) -> None:
    psa.product("SEAT")
    whole = psa.rows("/procurement/categories/1/subcategories")

    brief = psa.rows("/procurement/categories/1/subcategories/info")

    assert [row["id"] for row in whole] == [row["id"] for row in brief]
    assert all(row.keys() <= {"id", "name", "inactiveFlag", "_info"} for row in brief)


@pytest.mark.parametrize(
    "path",
    [
        "/system/members/count",
        "/system/apiMembers/count",
        "/system/myAccount/1",
        "/system/securityroles/count",
        "/system/securityRoles/1/settings/2",
        "/system/callbacks/count",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_what_the_minimum_role_has_no_right_for_is_refused_by_every_method(psa: Psa, method: str, path: str) -> None:
    answer = psa.call(method, path)

    assert (403, "Security") == (answer.status_code, answer.json()["code"])
