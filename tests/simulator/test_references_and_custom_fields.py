"""What may stand in a reference and in a custom field: their own members, of their own kinds."""

from typing import Any

import pytest

from tests.simulator.conftest import Psa


@pytest.fixture
def line(psa: Psa) -> dict[str, Any]:
    return psa.addition(psa.agreement(psa.company("Globex")), psa.product("SEAT"))


def path_of(line: dict[str, Any]) -> str:
    return f"/finance/agreements/{line['agreementId']}/additions/{line['id']}"


@pytest.mark.parametrize(
    ("sent", "values"),
    [
        ([{"id": 1, "value": "twelve"}], None),
        ([{"id": 1, "value": True}], None),
        ([{"id": 3, "value": "perhaps"}], None),
        ([{"id": 2, "value": {"a": 1}}], None),
        ([{"id": 9, "value": "x"}], None),
        ([{"id": True, "value": 4}], None),
        ([{"value": "x"}], None),
        (["x"], None),
        ([{"id": 1, "value": "12.5"}, {"id": 3, "value": True}], [12.5, None, True]),
        ([{"id": 1, "value": None}], [None, None, None]),
    ],
)
def test_a_custom_field_takes_values_of_its_type_and_an_unknown_one_empties_nothing(
    psa: Psa, line: dict[str, Any], sent: list[Any], values: list[Any] | None
) -> None:
    psa.tenant.custom_fields["addition"] = [
        {"id": number, "caption": kind, "type": kind, "entryMethod": "EntryField", "numberOfDecimals": 0}
        for number, kind in ((1, "Number"), (2, "Text"), (3, "Checkbox"))
    ]
    psa.patch(path_of(line), customFields=[{"id": 1, "value": 4}, {"id": 2, "value": "S-1"}])

    answer = psa.patch(path_of(line), customFields=sent)

    assert answer.status_code == (400 if values is None else 200)
    stored = [each["value"] for each in psa.get(path_of(line)).json()["customFields"]]
    assert stored == ([4.0, "S-1", None] if values is None else values)


def test_custom_fields_that_were_never_set_up_are_refused(psa: Psa, line: dict[str, Any]) -> None:
    answer = psa.patch(path_of(line), customFields=[{"id": 1, "value": "x"}])

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "customFields/id")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ({"id": 1, "colour": "red"}, "Could not find member 'colour' on object of type 'product'."),
        ({"id": True}, "Could not convert bool to integer"),
        ({"id": 1.5}, "Could not convert float to integer"),
        ({"identifier": ["SEAT"]}, "Could not convert list to text"),
    ],
)
def test_a_reference_takes_its_own_members_only_and_of_their_kinds(
    psa: Psa, line: dict[str, Any], reference: dict[str, Any], message: str
) -> None:
    path = path_of(line).rpartition("/")[0]

    posted = psa.call("POST", path, json={"product": reference, "billCustomer": "Billable"})
    patched = psa.patch(path_of(line), product=reference)

    assert [each.status_code for each in (posted, patched)] == [400, 400]
    assert [message in each.json()["message"] for each in (posted, patched)] == [True, True]
    assert psa.ids(path) == [line["id"]]


def test_a_reference_may_be_sent_back_as_it_was_read(psa: Psa, line: dict[str, Any]) -> None:
    read = psa.get(path_of(line)).json()["product"]

    assert psa.patch(path_of(line), product=read).json()["product"] == read


def test_true_is_not_the_id_of_a_type(psa: Psa) -> None:
    body = {"identifier": "New", "name": "New", "types": [{"id": True}]}

    assert psa.call("POST", "/company/companies", role="admin", json=body).status_code == 400
