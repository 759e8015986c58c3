"""The simulator's own path: everything a story or a test does to a tenant from outside."""

from typing import Any

import pytest

from tests.simulator.conftest import Psa


@pytest.fixture
def line(psa: Psa) -> dict[str, Any]:
    of = psa.agreement(psa.company("Globex"))
    return psa.addition(of, psa.product("SEAT"), 10)


def status(psa: Psa, method: str, path: str, json: Any = None) -> int:
    return psa.client.request(method, f"{psa.site}/_simulator{path}", json=json).status_code


def test_the_guide_names_every_call_fault_action_and_switch(psa: Psa) -> None:
    guide = psa.client.get(f"{psa.site}/_simulator/").json()

    assert any("hand_edit" in line for line in guide["actions"])
    assert any("throttle" in line for line in guide["faults"])
    assert guide["switches"]["missing_client_id_status"] == {"default": 403, "takes": "403 | 400 | 401"}
    assert {switch["takes"] for switch in guide["switches"].values()} >= {"true | false", "seconds", "a list of texts"}
    assert len(guide["calls"]) >= 15
    assert psa.tenant.company_id in guide["tenants"]


def test_a_hand_edit_counts_as_a_members_and_shows_in_the_record(psa: Psa, line: dict[str, Any]) -> None:
    edited = psa.admin("PATCH", f"/records/addition/{line['id']}", {"quantity": 13, "member": "msmith"})

    row = psa.rows("/finance/agreements/1/additions")[0]
    assert (edited["quantity"], row["quantity"], row["_info"]["updatedBy"]) == (13.0, 13.0, "msmith")
    assert psa.tenant.traffic.writes == 0


def test_records_are_read_whole_by_table_and_filtered_by_any_field(psa: Psa, line: dict[str, Any]) -> None:
    other = psa.agreement(psa.company("Initech"))
    psa.addition(other, psa.product("GOLD"), 2)

    def quantities(query: str) -> list[float]:
        return [row["quantity"] for row in psa.admin("GET", f"/records/addition{query}")]

    assert quantities("") == [10.0, 2.0]
    assert quantities(f"?agreementId={other['id']}") == [2.0]
    assert quantities("?product/identifier=seat") == [10.0]
    assert psa.admin("GET", "/records/company?name=globex")[0]["id"] == 1
    assert psa.admin("GET", f"/records/addition/{line['id']}")["billedQuantity"] == 10.0


def test_records_are_added_and_deleted_by_hand(psa: Psa, line: dict[str, Any]) -> None:
    company = psa.admin("POST", "/records/company", {"identifier": "New", "name": "New", "types": [{"id": 1}]})
    added = psa.admin(
        "POST", "/records/addition", {"agreementId": 1, "product": {"id": 1}, "billCustomer": "Billable", "quantity": 3}
    )
    psa.admin("DELETE", f"/records/addition/{line['id']}")

    assert psa.get(f"/company/companies/{company['id']}").json()["name"] == "New"
    assert psa.ids("/finance/agreements/1/additions") == [added["id"]]


def test_a_deleted_agreement_takes_its_additions_along(psa: Psa, line: dict[str, Any]) -> None:
    psa.admin("DELETE", f"/records/agreement/{line['agreementId']}")

    assert psa.get(f"/finance/agreements/{line['agreementId']}").status_code == 404
    assert psa.tenant.tables["addition"].rows == {}


def test_a_status_can_vanish_under_the_companies_that_have_it(psa: Psa, line: dict[str, Any]) -> None:
    psa.admin("POST", "/actions", {"action": "record_deleted", "table": "companyStatus", "id": 1})

    assert psa.ids("/company/companies", conditions="status/id=1") == [1]
    assert psa.get("/company/companies/statuses/1").status_code == 404


def test_a_hand_edit_may_set_what_the_api_keeps_to_itself(psa: Psa, line: dict[str, Any]) -> None:
    psa.admin("PATCH", "/records/agreement/1", {"nextInvoiceDate": "2026-06-01"})
    psa.admin("PATCH", "/records/company/1", {"types": [{"id": 3}]})

    assert psa.get("/finance/agreements/1").json()["nextInvoiceDate"] == "2026-06-01T00:00:00Z"
    assert psa.get("/company/companies/1").json()["types"] == [{"id": 3, "name": "Prospect"}]


@pytest.mark.parametrize(
    "action",
    [
        {"action": "hand_edit", "addition": 1, "changes": {"quantity": 99}},
        {"action": "addition_deleted", "addition": 1},
        {"action": "addition_duplicated", "addition": 1},
        {"action": "addition_added", "agreement": 1, "values": {"product": {"id": 1}, "billCustomer": "Billable"}},
        {"action": "agreement_cancelled", "agreement": 1, "date": "2026-05-01"},
        {"action": "record_changed", "table": "company", "id": 1, "changes": {"name": "Other"}},
        {"action": "record_added", "table": "companyType", "values": {"name": "Reseller"}},
        {"action": "record_deleted", "table": "companyType", "id": 2},
        {"action": "company_deleted", "company": 1},
        {"action": "company_restored", "company": 1},
        {"action": "keys_revoked"},
        {"action": "right_withdrawn", "function": "Agreements", "verb": "edit"},
        {"action": "right_granted", "function": "Agreements", "verb": "delete", "role": "minimum"},
        {"action": "table_closed", "table": "companyType"},
        {"action": "table_opened", "table": "companyType"},
        {"action": "codebase_upgrade", "codebase": "v2027_1"},
    ],
)
def test_every_action_changes_the_tenant(psa: Psa, line: dict[str, Any], action: dict[str, Any]) -> None:
    if action["action"] == "company_restored":
        psa.happens("company_deleted", company=1)
    if action["action"] == "table_opened":
        psa.happens("table_closed", table="companyType")

    def state() -> list[Any]:
        tables = {name: dict(table.rows) for name, table in psa.tenant.tables.by_name.items()}
        roles = {name: (str(role.levels), sorted(role.closed_tables)) for name, role in psa.tenant.roles.items()}
        return [tables, roles, sorted(psa.tenant.keys), psa.tenant.codebase]

    before = state()

    psa.admin("POST", "/actions", action)

    assert state() != before


@pytest.mark.parametrize(
    "action",
    [
        {},
        {"action": "explode"},
        {"action": "hand_edit", "addition": 99, "changes": {}},
        {"action": "hand_edit", "addition": 1},
        {"action": "hand_edit", "addition": 1, "changes": {"nothing": 1}},
        {"action": "record_changed", "table": "nothing", "id": 1, "changes": {}},
        {"action": "record_added", "table": "addition", "values": {}},
        {"action": "record_added", "table": "company", "values": {"nothing": 1}},
        {"action": "right_withdrawn", "function": "Nothing", "verb": "edit"},
        {"action": "right_withdrawn", "function": "Agreements", "verb": "nothing"},
        {"action": "right_withdrawn", "function": "Agreements", "verb": "edit", "role": "nothing"},
        {"action": "right_granted", "function": "Agreements", "verb": "edit", "level": "Some"},
        {"action": "agreement_cancelled", "agreement": "x"},
        {"action": "addition_added", "agreement": 1, "values": {"product": {"id": 99}, "billCustomer": "Billable"}},
    ],
)
def test_an_action_that_makes_no_sense_is_refused(psa: Psa, line: dict[str, Any], action: dict[str, Any]) -> None:
    assert status(psa, "POST", f"/tenants/{psa.tenant.company_id}/actions", action) == 400
    assert psa.tenant.tables["addition"].rows == {line["id"]: line}


def test_a_tenant_is_made_reset_and_removed(psa: Psa) -> None:
    recipe = {
        "company_id": "made",
        "name": "Made MSP",
        "data": {"companies": 30, "agreements": 40, "products": 50},
        "keys": [{"public": "p", "private": "s", "role": "viewer"}],
        "roles": {"viewer": {"levels": {"Agreements": {"inquire": "All"}}}},
        "switches": {"duplicate_identifier": "Copy0", "requests_per_minute": 100},
        "custom_fields": {"addition": [{"caption": "Subscription"}]},
    }
    made = psa.client.post(f"{psa.site}/_simulator/tenants", json=recipe).json()
    auth = ("made+p", "s")
    first = psa.client.get(
        f"{psa.site}/v4_6_release/apis/3.0/finance/agreements/1/additions/1", auth=auth, headers={"clientId": "x"}
    ).json()
    root = f"{psa.site}/_simulator/tenants/made"
    psa.client.patch(f"{root}/records/addition/1", json={"quantity": 77})
    psa.client.patch(f"{root}/switches", json={"duplicate_identifier": "ObjectExists"})

    reset = psa.client.post(f"{root}/reset").json()
    again = psa.client.get(f"{root}/records/addition/1").json()

    assert made["keys"] == [{"public": "p", "private": "s", "member": "PSALedger", "role": "viewer"}]
    assert (made["records"]["company"], made["records"]["agreement"], made["records"]["catalogItem"]) == (30, 40, 50)
    assert first["customFields"][0]["caption"] == "Subscription"
    assert (again["quantity"], reset["switches"]["duplicate_identifier"]) == (first["quantity"], "Copy0")
    assert status(psa, "POST", "/tenants", recipe) == 400
    assert status(psa, "DELETE", "/tenants/made") == 200
    assert status(psa, "GET", "/tenants/made") == 404


@pytest.mark.parametrize(
    "recipe",
    [
        {},
        {"company_id": "a b"},
        {"company_id": "x" * 51},
        {"company_id": 5},
        {"company_id": "bad", "colour": "red"},
        {"company_id": "bad", "data": "huge"},
        {"company_id": "bad", "data": {"companies": -1}},
        {"company_id": "bad", "data": {"tickets": 1}},
        {"company_id": "bad", "keys": {"public": "p"}},
        {"company_id": "bad", "keys": [{"public": "p"}]},
        {"company_id": "bad", "keys": [{"public": "p", "private": "s", "role": "king"}]},
        {"company_id": "bad", "roles": []},
        {"company_id": "bad", "roles": {"r": "king"}},
        {"company_id": "bad", "roles": {"r": {"levels": {"Nothing": {"add": "All"}}}}},
        {"company_id": "bad", "switches": {"nothing": 1}},
        {"company_id": "bad", "switches": {"missing_client_id_status": 418}},
        {"company_id": "bad", "switches": {"company_id_case_sensitive": 1}},
        {"company_id": "bad", "switches": {"refused_versions": "2019.1"}},
        {"company_id": "bad", "switches": {"new_records_listed_after_seconds": -1}},
        {"company_id": "bad", "switches": {"requests_per_minute": 0}},
        {"company_id": "bad", "switches": {"longest_url": None}},
        {"company_id": "bad", "custom_fields": {"companyType": []}},
        {"company_id": "bad", "custom_fields": {"company": [1]}},
    ],
)
def test_a_tenant_that_makes_no_sense_is_refused_with_the_reason(psa: Psa, recipe: dict[str, Any]) -> None:
    assert status(psa, "POST", "/tenants", recipe) == 400
    assert status(psa, "GET", "/tenants/bad") == 404


def test_an_invalid_stored_value_can_be_planted_and_stands_in_the_way_of_a_patch(psa: Psa) -> None:
    company = psa.company("Globex")
    path = f"/company/companies/{company['id']}"
    planted = {"action": "value_planted", "table": "company", "id": company["id"]}

    psa.admin("POST", "/actions", {**planted, "changes": {"yearEstablished": 5}})
    change = [{"op": "replace", "path": "city", "value": "Oslo"}]
    refused = psa.call("PATCH", path, role="admin", json=change)
    psa.admin("POST", "/actions", {**planted, "changes": {"yearEstablished": None}})
    taken = psa.call("PATCH", path, role="admin", json=change)

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "yearEstablished")
    assert (taken.status_code, taken.json()["city"], taken.json()["_info"]["updatedBy"]) == (200, "Oslo", "SysAdmin")


@pytest.mark.parametrize(
    "changes",
    [{"id": 9}, {"_info": {}}, {"colour": 1}, {"status": {"id": 1}}, {"types": []}, {"yearEstablished": "old"}, None],
)
def test_only_plain_values_of_the_right_kind_can_be_planted(psa: Psa, changes: Any) -> None:
    company = psa.company("Globex")
    detail = {"action": "value_planted", "table": "company", "id": company["id"], "changes": changes}

    assert status(psa, "POST", f"/tenants/{psa.tenant.company_id}/actions", detail) == 400
    assert psa.tenant.tables["company"].rows[company["id"]] == company


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"'])
def test_an_admin_body_that_is_no_json_object_is_refused(psa: Psa, body: bytes) -> None:
    assert psa.client.post(f"{psa.site}/_simulator/tenants", content=body).status_code == 400


def test_the_clock_stands_still_shifts_and_runs_again(psa: Psa) -> None:
    standing = psa.admin("PUT", "/clock", {"at": "2026-11-30T23:59:00+00:00"})
    shifted = psa.admin("PUT", "/clock", {"offset_seconds": 86_400})
    real = psa.admin("PUT", "/clock", {})

    assert (standing["now"], standing["at"]) == ("2026-11-30T23:59:00Z", "2026-11-30T23:59:00Z")
    assert (shifted["at"], shifted["offset_seconds"]) == (None, 86_400.0)
    assert shifted["now"] > real["now"]
    assert status(psa, "PUT", f"/tenants/{psa.tenant.company_id}/clock", {"at": "noon"}) == 400
    assert status(psa, "PUT", f"/tenants/{psa.tenant.company_id}/clock", {"offset_seconds": "x"}) == 400


def test_requests_are_counted_and_logged_with_bodies_and_without_secrets(psa: Psa, line: dict[str, Any]) -> None:
    psa.get("/company/companies", conditions="id=1")
    psa.patch(f"/finance/agreements/1/additions/{line['id']}", quantity=6)
    psa.call("DELETE", f"/finance/agreements/1/additions/{line['id']}")

    counted = psa.admin("GET", "/traffic")
    log = psa.admin("GET", "/log?last=2")

    assert counted == {
        "requests": {
            "GET /company/companies": 1,
            "PATCH /finance/agreements/{parentId}/additions/{id}": 1,
            "DELETE /finance/agreements/{parentId}/additions/{id}": 1,
        },
        "answers": {"200": 2, "403": 1},
        "writes": 1,
        "in_flight": 0,
        "most_in_flight": 1,
    }
    assert [(entry["method"], entry["status"]) for entry in log] == [("PATCH", 200), ("DELETE", 403)]
    assert log[0]["body"] == [{"op": "replace", "path": "quantity", "value": 6}]
    assert psa.admin("DELETE", "/traffic") == {
        "requests": {},
        "answers": {},
        "writes": 0,
        "in_flight": 0,
        "most_in_flight": 0,
    }


def test_no_answer_log_or_repr_shows_a_private_key(psa: Psa) -> None:
    key = next(iter(psa.tenant.keys.values()))
    psa.client.get(f"{psa.root}/system/info", auth=(f"{psa.tenant.company_id}+{key.public}", "wrongPrivate"))
    psa.get("/system/info")

    shown = [psa.admin("GET", path) for path in ("", "/traffic", "/log", "/faults")]
    shown.append(psa.client.get(f"{psa.site}/_simulator/tenants").json())

    assert key.private not in str(shown)
    assert key.private not in repr(psa.tenant)


def test_invoices_are_made_and_listed_over_the_admin_path(psa: Psa, line: dict[str, Any]) -> None:
    made = psa.admin("POST", "/invoices", {"month": "2026-03"})

    assert [(invoice["month"], invoice["total"]) for invoice in made] == [("2026-03", "90.00")]
    assert psa.admin("GET", "/invoices") == made
    assert status(psa, "POST", f"/tenants/{psa.tenant.company_id}/invoices", {"month": "March"}) == 400


def test_what_is_not_there_is_404(psa: Psa) -> None:
    tenant = f"/tenants/{psa.tenant.company_id}"

    paths = ["/tenants/nobody", f"{tenant}/records/nothing", f"{tenant}/records/company/9"]

    assert [status(psa, "GET", path) for path in paths] == [404, 404, 404]
    assert status(psa, "DELETE", f"{tenant}/faults/9") == 404


def test_the_process_wide_answers_are_set_over_the_admin_path(psa: Psa) -> None:
    changed = psa.client.patch(
        f"{psa.site}/_simulator/", json={"unknown_company": 404, "switches": {"wrong_keys_status": 404}}
    )
    unknown = psa.client.get(f"{psa.site}/login/companyinfo/nobody").status_code
    nobody = psa.client.get(f"{psa.root}/system/info", auth=("nobody+p", "s"), headers={"clientId": "x"}).status_code
    psa.client.patch(f"{psa.site}/_simulator/", json={"unknown_company": 200, "switches": {"wrong_keys_status": 401}})

    assert (changed.status_code, unknown, nobody) == (200, 404, 404)
    assert status(psa, "PATCH", "/", {"unknown_company": 500}) == 400
