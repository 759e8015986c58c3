"""What a member of the minimum role can do, and what happens when a right is missing."""

import pytest

from simulator import rights
from simulator.demo import DEMO_MEMBER
from tests.simulator.conftest import Psa

NO_PERMISSION = {"code": "Security", "message": "You do not have security permission to perform this action."}
SETUP = (
    "/company/companies/types",
    "/company/companies/statuses",
    "/procurement/categories",
    "/procurement/subcategories/",
    "/procurement/types",
    "/procurement/unitOfMeasures",
    "/finance/agreements/types",
    "/finance/billingCycles",
)


def test_the_minimum_role_reads_all_we_need_and_adds_and_edits_additions(psa: Psa) -> None:
    of = psa.agreement(psa.company("Globex"))
    item = psa.product("SEAT")
    path = f"/finance/agreements/{of['id']}/additions"

    made = psa.call("POST", path, json={"product": {"id": item["id"]}, "billCustomer": "Billable", "quantity": 12})
    changed = psa.patch(f"{path}/{made.json()['id']}", quantity=15)

    assert [psa.get(each).status_code for each in (*SETUP, "/company/companies", "/procurement/catalog")] == [200] * 10
    assert (made.status_code, changed.status_code, changed.json()["quantity"]) == (201, 200, 15)


def test_the_minimum_role_deletes_no_addition_and_edits_no_product_or_company(psa: Psa) -> None:
    company = psa.company("Globex")
    of, item = psa.agreement(company), psa.product("SEAT")
    line = psa.addition(of, item)

    answers = [
        psa.call("DELETE", f"/finance/agreements/{of['id']}/additions/{line['id']}"),
        psa.patch(f"/procurement/catalog/{item['id']}", price=1),
        psa.patch(f"/company/companies/{company['id']}", name="Other"),
        psa.get("/system/members"),
        psa.get("/system/securityRoles/1/settings"),
        psa.call("POST", "/system/callbacks", json={}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 6
    assert answers[0].json() == NO_PERMISSION
    assert psa.tenant.tables["addition"].rows[line["id"]] == line


@pytest.mark.parametrize(
    ("function", "path"),
    [
        (rights.COMPANIES, "/company/companies"),
        (rights.TABLE_SETUP, "/company/companies/types"),
        (rights.CATALOG, "/procurement/catalog"),
        (rights.AGREEMENTS, "/finance/agreements"),
    ],
)
def test_a_withdrawn_inquire_right_closes_its_list_and_count_at_once(psa: Psa, function: str, path: str) -> None:
    open_before = psa.get(path).status_code

    psa.happens("right_withdrawn", function=function, verb="inquire")

    assert (open_before, psa.get(path).status_code, psa.get(f"{path}/count").status_code) == (200, 403, 403)
    psa.happens("right_granted", function=function, verb="inquire")
    assert psa.get(path).status_code == 200


def test_withdrawn_add_and_edit_rights_show_only_when_they_are_used(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT")
    line = psa.addition(of, item)
    path = f"/finance/agreements/{of['id']}/additions"
    psa.happens("right_withdrawn", function=rights.AGREEMENTS, verb="edit")
    psa.happens("right_withdrawn", function=rights.AGREEMENTS, verb="add")

    assert psa.get(path).status_code == 200
    assert psa.patch(f"{path}/{line['id']}", quantity=1).status_code == 403
    assert psa.call("POST", path, json={"product": {"id": item["id"]}, "billCustomer": "Billable"}).status_code == 403


def test_setup_tables_can_answer_without_the_right_and_single_tables_be_closed(psa: Psa) -> None:
    psa.happens("right_withdrawn", function=rights.TABLE_SETUP, verb="inquire")
    psa.switch(setup_tables_need_right=False)
    psa.happens("table_closed", table="companyType")

    statuses = {path: psa.get(path).status_code for path in SETUP}

    assert statuses == {path: 403 if path.endswith("companies/types") else 200 for path in SETUP}


def test_the_level_my_makes_lists_shorter_without_a_word(psa: Psa) -> None:
    own, foreign = psa.company("Own"), psa.company("Foreign")
    psa.tenant.tables["company"].owners[own["id"]] = DEMO_MEMBER
    own_agreement, foreign_agreement = psa.agreement(own), psa.agreement(foreign)
    for function in (rights.COMPANIES, rights.AGREEMENTS):
        psa.happens("right_granted", function=function, verb="inquire", level="My", role="minimum")

    assert psa.ids("/company/companies") == [own["id"]]
    assert psa.ids("/finance/agreements") == [own_agreement["id"]]
    assert psa.get("/company/companies/count").json() == {"count": 1}
    assert psa.get(f"/finance/agreements/{foreign_agreement['id']}").status_code == 403


def test_a_role_of_any_rights_can_be_set_and_given_to_a_key(psa: Psa) -> None:
    psa.admin("PUT", "/roles/reader", {"levels": {rights.COMPANIES: {"inquire": "All"}}})
    psa.admin("POST", "/keys", {"public": "readerPublic", "private": "readerPrivate", "role": "reader"})

    assert psa.call("GET", "/company/companies", role="reader").status_code == 200
    assert psa.call("GET", "/finance/agreements", role="reader").status_code == 403


def test_the_admin_role_may_do_what_the_minimum_role_may_not(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT")
    line = psa.addition(of, item)
    path = f"/finance/agreements/{of['id']}/additions/{line['id']}"

    gone = psa.call("DELETE", path, role="admin")

    assert (gone.status_code, gone.content) == (204, b"")
    assert psa.get(path).json() == {"code": "NotFound", "message": f"Addition {line['id']} not found"}
    patched = psa.call("PATCH", f"/procurement/catalog/{item['id']}", role="admin", json=[])
    assert patched.status_code == 200


def test_revoked_keys_are_refused_from_then_on(psa: Psa) -> None:
    key = psa.tenant.keys[f"{psa.tenant.company_id}PublicKey"]
    auth = (f"{psa.tenant.company_id}+{key.public}", key.private)
    psa.happens("keys_revoked", public=key.public)

    answer = psa.client.get(f"{psa.root}/system/info", auth=auth, headers={"clientId": "x"})

    assert answer.status_code == 401
    assert psa.call("GET", "/system/info", role="admin").status_code == 200
