"""POST, PATCH, PUT and DELETE: what is taken, what is refused and in which words."""

from datetime import timedelta
from typing import Any

import pytest

from tests.simulator.conftest import NOON, Psa

CATALOG = "/procurement/catalog"
ITEM: dict[str, Any] = {
    "identifier": "NET-CORE-USER",
    "description": "Network Access Core",
    "customerDescription": "Network Access Core, per user",
    "subcategory": {"id": 1},
    "type": {"id": 1},
    "productClass": "Agreement",
}


def test_a_product_is_made_with_its_defaults_and_its_category(psa: Psa) -> None:
    answer = psa.call("POST", CATALOG, json=ITEM)

    made = answer.json()
    assert answer.status_code == 201
    assert (made["identifier"], made["productClass"], made["price"], made["inactiveFlag"]) == (
        "NET-CORE-USER",
        "Agreement",
        0.0,
        False,
    )
    assert (made["category"]["name"], made["subcategory"]["name"]) == ("Managed Services", "Network Security")
    assert made["_info"]["enteredBy"] == "PSALedger"
    assert psa.get(f"{CATALOG}/{made['id']}").json() == made


def test_a_product_is_non_inventory_unless_said_otherwise(psa: Psa) -> None:
    without_class = {name: value for name, value in ITEM.items() if name != "productClass"}

    assert psa.call("POST", CATALOG, json=without_class).json()["productClass"] == "NonInventory"


def test_everything_missing_is_named_at_once(psa: Psa) -> None:
    answer = psa.call("POST", CATALOG, json={"identifier": "X"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "InvalidObject"
    assert answer.json()["message"] == "catalogItem object is invalid"
    assert answer.json()["errors"][0] == {
        "code": "MissingRequiredField",
        "message": "The description field is required.",
        "resource": "catalogItem",
        "field": "description",
    }
    assert [error["field"] for error in answer.json()["errors"]] == [
        "description",
        "subcategory",
        "type",
        "customerDescription",
    ]


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (
            {"identifier": "x" * 76},
            "MaxLengthField",
            "The field identifier must be a string with a maximum length of 75.",
        ),
        ({"subcategory": {"id": 999}}, "NotFound", "Subcategory 999 not found"),
        ({"type": {"name": "Nothing"}}, "NotFound", "Type Nothing not found"),
        (
            {"productClass": "Licence"},
            "InvalidField",
            "productClass has no value 'Licence'; it is one of Agreement, Bundle, Inventory, NonInventory, Service.",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_reason(psa: Psa, change: dict[str, Any], code: str, message: str) -> None:
    answer = psa.call("POST", CATALOG, json={**ITEM, **change})

    assert answer.status_code == 400
    assert [(error["code"], error["message"]) for error in answer.json()["errors"]] == [(code, message)]
    assert len(psa.tenant.tables["catalogItem"].rows) == 0


def test_an_unknown_member_is_refused_with_the_hint_at_the_accept_header(psa: Psa) -> None:
    answer = psa.call("POST", CATALOG, json={"page": 1, **ITEM})

    assert answer.status_code == 400
    assert answer.json() == {
        "code": "ConnectWiseApi",
        "message": "Could not find member 'page' on object of type 'CatalogItem'. Path 'page', line 1, position 8."
        "Check your accept header to make sure you are using the correct version.",
    }


@pytest.mark.parametrize(
    "change", [{"price": "much"}, {"price": True}, {"taxableFlag": 3}, {"subcategory": 1}, {"description": {}}]
)
def test_a_value_of_the_wrong_kind_is_refused(psa: Psa, change: dict[str, Any]) -> None:
    assert psa.call("POST", CATALOG, json={**ITEM, **change}).status_code == 400


def test_bodies_that_are_no_json_object_are_refused(psa: Psa) -> None:
    key = next(iter(psa.tenant.keys.values()))
    for body, content_type, status in (
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"<x/>", "text/xml", 415),
    ):
        answer = psa.client.post(
            psa.root + CATALOG,
            content=body,
            auth=(f"{psa.tenant.company_id}+{key.public}", key.private),
            headers={"clientId": "x", "Content-Type": content_type},
        )
        assert answer.status_code == status


def test_a_second_product_of_the_same_identifier_exists_already_or_becomes_a_copy(psa: Psa) -> None:
    psa.call("POST", CATALOG, json=ITEM)

    refused = psa.call("POST", CATALOG, json={**ITEM, "identifier": "net-core-user"})
    psa.switch(duplicate_identifier="Copy0")
    copies = [psa.call("POST", CATALOG, json=ITEM).json()["identifier"] for _ in range(2)]

    assert refused.json()["errors"] == [
        {
            "code": "ObjectExists",
            "message": "A matching catalogItem already exists",
            "resource": "catalogItem",
            "field": "identifier",
        }
    ]
    assert copies == ["NET-CORE-USERCopy0", "NET-CORE-USERCopy1"]


def test_a_repeated_post_makes_a_second_addition(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT")
    path = f"/finance/agreements/{of['id']}/additions"
    body = {"product": {"identifier": "SEAT"}, "billCustomer": "Billable"}

    made = [psa.call("POST", path, json=body).json() for _ in range(2)]

    assert [each["product"]["id"] for each in made] == [item["id"], item["id"]]
    assert psa.ids(path) == [made[0]["id"], made[1]["id"]]


@pytest.fixture
def line(psa: Psa) -> dict[str, Any]:
    of = psa.agreement(psa.company("Globex"))
    return psa.addition(of, psa.product("SEAT"), 10)


def path_of(line: dict[str, Any]) -> str:
    return f"/finance/agreements/{line['agreementId']}/additions/{line['id']}"


@pytest.mark.parametrize("path", ["quantity", "/quantity"])
def test_a_patch_path_may_begin_with_a_slash(psa: Psa, line: dict[str, Any], path: str) -> None:
    answer = psa.call("PATCH", path_of(line), json=[{"op": "replace", "path": path, "value": 6}])

    assert (answer.status_code, answer.json()["quantity"]) == (200, 6.0)


def test_a_patch_stamps_who_and_when(psa: Psa, line: dict[str, Any]) -> None:
    psa.time_is(NOON + timedelta(hours=1))

    info = psa.patch(path_of(line), quantity=6).json()["_info"]

    assert info == {
        "lastUpdated": "2026-03-20T13:00:00Z",
        "updatedBy": "PSALedger",
        "dateEntered": "2026-03-20T12:00:00Z",
        "enteredBy": "jdoe",
    }


def test_a_patch_path_minds_its_case(psa: Psa, line: dict[str, Any]) -> None:
    answer = psa.patch(path_of(line), Quantity=6)

    assert (answer.status_code, answer.json()["code"]) == (400, "ConnectWiseApi")
    assert psa.get(path_of(line)).json()["quantity"] == 10.0


def test_a_path_inside_a_reference_answers_200_and_changes_nothing(psa: Psa, line: dict[str, Any]) -> None:
    psa.product("OTHER")

    answer = psa.call("PATCH", path_of(line), json=[{"op": "replace", "path": "product/identifier", "value": "OTHER"}])

    assert (answer.status_code, answer.json()["product"]["identifier"]) == (200, "SEAT")
    assert psa.tenant.tables["addition"].rows[line["id"]] == line


def test_all_operations_of_a_patch_are_applied_or_none(psa: Psa, line: dict[str, Any]) -> None:
    operations = [
        {"op": "replace", "path": "quantity", "value": 6},
        {"op": "replace", "path": "serialNumber", "value": "x" * 51},
    ]

    answer = psa.call("PATCH", path_of(line), json=operations)

    assert [error["field"] for error in answer.json()["errors"]] == ["serialNumber"]
    assert psa.get(path_of(line)).json()["quantity"] == 10.0


def test_a_patch_adds_and_removes_values(psa: Psa, line: dict[str, Any]) -> None:
    ended = psa.call(
        "PATCH", path_of(line), json=[{"op": "add", "path": "cancelledDate", "value": "2026-04-01"}]
    ).json()
    running = psa.call("PATCH", path_of(line), json=[{"op": "remove", "path": "cancelledDate"}]).json()

    assert ended["cancelledDate"] == "2026-04-01T00:00:00Z"
    assert "cancelledDate" not in running


@pytest.mark.parametrize(
    "body",
    [
        {"op": "replace", "path": "quantity", "value": 6},
        [{"op": "increase", "path": "quantity", "value": 6}],
        [{"op": "Replace", "path": "quantity", "value": 6}],
        [{"op": "replace", "value": 6}],
        ["quantity"],
        [{"op": "replace", "path": "nothing", "value": 6}],
        [{"op": "remove", "path": "product"}],
        [{"op": "replace", "path": "quantity", "value": "many"}],
    ],
)
def test_a_patch_that_makes_no_sense_is_refused(psa: Psa, line: dict[str, Any], body: Any) -> None:
    assert psa.call("PATCH", path_of(line), json=body).status_code == 400
    assert psa.tenant.tables["addition"].rows[line["id"]] == line


def test_what_the_server_owns_is_passed_over_in_silence(psa: Psa, line: dict[str, Any]) -> None:
    answer = psa.patch(path_of(line), extPrice=1, agreementId=77, id=78, quantity=11).json()

    assert (answer["extPrice"], answer["agreementId"], answer["id"]) == (99.0, line["agreementId"], line["id"])


def test_a_patch_of_one_field_is_refused_for_another_that_was_wrong_before(psa: Psa) -> None:
    company = psa.company("Globex", yearEstablished=0, revenueYear=3)

    answer = psa.call(
        "PATCH",
        f"/company/companies/{company['id']}",
        role="admin",
        json=[{"op": "replace", "path": "city", "value": "X"}],
    )

    assert [(error["code"], error["message"]) for error in answer.json()["errors"]] == [
        ("OutOfRange", "The field yearEstablished must be between 1900 and 9999."),
        ("OutOfRange", "The field revenueYear must be between 1900 and 9999."),
    ]


def test_an_addition_is_checked_whole_unless_switched_off(psa: Psa, line: dict[str, Any]) -> None:
    psa.happens("record_changed", table="agreement", id=line["agreementId"], changes={"billStartDate": "2026-04-01"})

    refused = psa.patch(path_of(line), quantity=6)
    psa.switch(revalidate_additions=False)
    taken = psa.patch(path_of(line), quantity=6)

    assert (
        refused.json()["errors"][0]["message"] == "effectiveDate cannot be less than the agreement billing start date"
    )
    assert (refused.status_code, taken.status_code) == (400, 200)


def test_types_of_a_company_can_be_set_when_it_is_made_and_not_by_patch(psa: Psa) -> None:
    body = {"identifier": "Globex", "name": "Globex", "types": [{"id": 1}, {"id": 3}]}
    made = psa.call("POST", "/company/companies", role="admin", json=body).json()

    operations = [{"op": "replace", "path": "types", "value": [{"id": 2}]}]
    after = psa.call("PATCH", f"/company/companies/{made['id']}", role="admin", json=operations).json()

    assert [each["name"] for each in made["types"]] == ["Customer", "Prospect"]
    assert after["types"] == made["types"]


def test_a_companys_types_are_changed_by_its_type_associations(psa: Psa) -> None:
    company = psa.company("Globex")
    path = f"/company/companies/{company['id']}/typeAssociations"

    added = psa.call("POST", path, role="admin", json={"type": {"id": 5}})
    twice = psa.call("POST", path, role="admin", json={"type": {"id": 5}})
    patched = psa.call("PATCH", f"{path}/1", role="admin", json=[{"op": "replace", "path": "type", "value": {"id": 4}}])
    both = psa.get(f"/company/companies/{company['id']}").json()["types"]
    gone = psa.call("DELETE", f"{path}/1", role="admin")

    assert (added.status_code, patched.status_code, gone.status_code) == (201, 200, 204)
    assert twice.json()["errors"][0]["code"] == "ObjectExists"
    assert [each["name"] for each in both] == ["Vendor", "Partner"]
    assert psa.ids("/company/companies", childConditions="types/id=5") == [company["id"]]
    assert [row["type"]["name"] for row in psa.rows(path)] == ["Partner"]
    assert psa.get(f"{path}/count").json() == {"count": 1}
    assert psa.ids("/company/companyTypeAssociations", conditions="type/id=5") == [added.json()["id"]]
    assert psa.call("POST", path, json={"type": {"id": 6}}).status_code == 403


def test_custom_fields_are_sent_as_a_whole_array(psa: Psa, line: dict[str, Any]) -> None:
    psa.tenant.custom_fields["addition"] = [
        {"id": number, "caption": caption, "type": "Text", "entryMethod": "EntryField", "numberOfDecimals": 0}
        for number, caption in ((1, "Subscription"), (2, "Seats"))
    ]

    both = psa.patch(path_of(line), customFields=[{"id": 1, "value": "S-1"}, {"id": 2, "value": "9"}]).json()
    inside = psa.call(
        "PATCH", path_of(line), json=[{"op": "replace", "path": "customFields/0/value", "value": "S-2"}]
    ).json()
    other = psa.patch(path_of(line), quantity=3).json()
    one = psa.patch(path_of(line), customFields=[{"id": 2, "value": "10"}]).json()

    def values(record: dict[str, Any]) -> list[Any]:
        return [field["value"] for field in record["customFields"]]

    assert [values(each) for each in (both, inside, other, one)] == [["S-1", "9"]] * 3 + [[None, "10"]]


def test_put_replaces_and_empties_what_was_left_out_unless_switched(psa: Psa, line: dict[str, Any]) -> None:
    psa.patch(path_of(line), serialNumber="ours", unitPrice=5, invoiceDescription="Seats")
    body = {"product": {"id": line["product"]["id"]}, "billCustomer": "NoCharge", "quantity": 4}

    psa.switch(put_keeps_missing=True)
    kept = psa.call("PUT", path_of(line), json=body).json()
    psa.switch(put_keeps_missing=False)
    emptied = psa.call("PUT", path_of(line), json=body).json()

    assert (kept["serialNumber"], kept["unitPrice"], kept["quantity"]) == ("ours", 5.0, 4.0)
    assert "serialNumber" not in emptied
    assert (emptied["unitPrice"], emptied["invoiceDescription"]) == (9.0, "SEAT, per user")


def test_a_record_in_use_can_not_be_deleted(psa: Psa) -> None:
    psa.company("Globex")

    used = psa.call("DELETE", "/company/companies/types/1", role="admin")
    unused = psa.call("DELETE", "/company/companies/types/7", role="admin")

    assert (used.status_code, unused.status_code) == (409, 204)
    assert psa.get("/company/companies/types/7").status_code == 404


def test_a_deleted_company_is_still_listed_with_its_flag(psa: Psa) -> None:
    company = psa.company("Globex")

    psa.call("DELETE", f"/company/companies/{company['id']}", role="admin")

    assert [row["deletedFlag"] for row in psa.rows("/company/companies")] == [True]
    assert psa.rows("/company/companies", conditions="deletedFlag=false") == []


def test_a_renamed_record_is_shown_by_its_new_name_wherever_it_is_referred_to(psa: Psa, line: dict[str, Any]) -> None:
    psa.happens("record_changed", table="catalogItem", id=line["product"]["id"], changes={"identifier": "SEAT-2"})
    psa.happens("record_changed", table="companyType", id=1, changes={"name": "Client A"})
    psa.happens("record_changed", table="company", id=1, changes={"name": "Globex 2"})

    assert psa.get(path_of(line)).json()["product"]["identifier"] == "SEAT-2"
    assert psa.get("/company/companies/1").json()["types"][0]["name"] == "Client A"
    assert psa.get("/finance/agreements/1").json()["company"]["name"] == "Globex 2"


def test_fields_cut_the_answer_of_a_write_and_a_wrong_name_stops_it(psa: Psa, line: dict[str, Any]) -> None:
    operations = [{"op": "replace", "path": "quantity", "value": 6}]

    wrong = psa.call("PATCH", path_of(line), params={"fields": "nothing"}, json=operations)
    right = psa.call("PATCH", path_of(line), params={"fields": "id,quantity"}, json=[])

    assert wrong.status_code == 400
    assert right.json() == {"id": line["id"], "quantity": 10.0}


def test_a_missing_record_is_named(psa: Psa) -> None:
    answers = [
        psa.get(path).json()
        for path in ("/company/companies/9", "/finance/agreements/9", "/finance/agreements/9/additions")
    ]

    assert answers == [
        {"code": "NotFound", "message": "Company 9 not found"},
        {"code": "NotFound", "message": "Agreement 9 not found"},
        {"code": "NotFound", "message": "Agreement 9 not found"},
    ]


def test_an_addition_is_found_only_below_its_own_agreement(psa: Psa, line: dict[str, Any]) -> None:
    other = psa.agreement(psa.company("Initech"))

    assert psa.get(f"/finance/agreements/{other['id']}/additions/{line['id']}").status_code == 404


def test_subcategories_are_listed_and_made_below_their_category(psa: Psa) -> None:
    names = [row["name"] for row in psa.rows("/procurement/categories/3/subcategories")]
    made = psa.call("POST", "/procurement/categories/3/subcategories/", role="admin", json={"name": "Tablets"})

    assert names == ["Workstations", "Network Devices", "Peripherals"]
    assert made.status_code == 201
    assert psa.get(f"/procurement/subcategories/{made.json()['id']}").json()["category"]["id"] == 3
