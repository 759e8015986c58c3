"""The conditions that sources show, asked over HTTP."""

import pytest

from tests.simulator.conftest import Psa

COMPANIES = "/company/companies"


@pytest.fixture
def three(psa: Psa) -> Psa:
    """Globex, an unlike one without numbers, and a deleted one."""
    psa.company("Globex", numberOfEmployees=5, annualRevenue=1.5, dateAcquired="2026-02-01T00:00:00Z", website="a*b")
    psa.company('O\'Brien [x] "Bright"', types=("Client", "Partner"), status="Inactive")
    psa.company("Société Ärger", numberOfEmployees=9, deletedFlag=True, dateAcquired="2026-03-01T10:00:00Z")
    return psa


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ('name="globex"', [1]),
        ("name='GLOBEX'", [1]),
        ('name = "SOCIÉTÉ ärger"', [3]),
        ('name like "glo%"', [1]),
        ('name like "*EX"', [1]),
        ('name like "%o%e%"', [1, 2, 3]),
        ('name like "globe"', []),
        ('name not like "glo*"', [2, 3]),
        ('name contains "LOB"', [1]),
        ('name NOT CONTAINS "lob"', [2, 3]),
        ('name = "O\'Brien [[]x] \\"Bright\\""', [2]),
        ("name = 'O''Brien [[]x] \"Bright\"'", [2]),
        ('website = "a*b"', [1]),
        ("numberOfEmployees >= 5 and numberOfEmployees < 9", [1]),
        ("annualRevenue > 1.4", [1]),
        ("annualRevenue = -1", []),
        ("numberOfEmployees = null", [2]),
        ("numberOfEmployees != NULL", [1, 3]),
        ("numberOfEmployees != 5", [3]),
        ("not numberOfEmployees = 5", [3]),
        ("parentCompany = null", [1, 2, 3]),
        ("deletedFlag = False", [1, 2]),
        ("deletedFlag = true", [3]),
        ("id in (1,3, 99)", [1, 3]),
        ("id not in (1,3)", [2]),
        ('identifier in ("Globex")', [1]),
        ("status/id = 1 or status/id = 2 and deletedFlag = true", [1, 3]),
        ("(status/id = 1 OR status/id = 2) AND deletedFlag = false", [1, 2]),
        ("not (status/id = 2 or deletedFlag = true)", [1]),
        ('status/name = "inactive"', [2]),
        ("dateAcquired > [2026-02-01]", [3]),
        ("dateAcquired >= [2026-02-01T00:00:00Z]", [1, 3]),
        ("dateAcquired = [2026-03-01T11:00:00+01:00]", [3]),
        ("LastUpdated > [2026-03-20T11:59:59Z]", [1, 2, 3]),
        ('_info/updatedBy = "admin1"', [1, 2, 3]),
        ('_info/updatedBy = "jdoe"', []),
    ],
)
def test_a_condition_finds(three: Psa, conditions: str, found: list[int]) -> None:
    assert three.ids(COMPANIES, conditions=conditions) == found


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ("assignedTo/id = 1", "assignedTo/id is not a recognized name."),
        ("types/id = 1", "types/id is not a recognized name."),
        ("customFields/value = 'x'", "customFields/value is not a recognized name."),
        ("status/nothing = 1", "status/nothing is not a recognized name."),
        ("_info/nothing = 1", "_info/nothing is not a recognized name."),
    ],
)
def test_an_unknown_or_listed_name_is_refused_as_recorded(three: Psa, conditions: str, message: str) -> None:
    answer = three.get(COMPANIES, conditions=conditions)

    assert (answer.status_code, answer.json()) == (400, {"code": "ApiFindCondition", "message": message})


def test_a_wrong_enum_value_is_refused_as_recorded(psa: Psa) -> None:
    answer = psa.get("/finance/agreements", conditions='agreementStatus = "Canceled"')

    assert answer.status_code == 400
    assert answer.json() == {"code": "ApiFindCondition", "message": "Enum value supplied was invalid"}


@pytest.mark.parametrize(
    "conditions",
    [
        "name",
        "name =",
        "= 5",
        'name = "x',
        "(id = 1",
        "id = 1)",
        "id = 1 id = 2",
        "id in 1",
        "id in ()",
        "id in (1",
        "id between 1",
        "id = [2026-01-01]",
        "id = true",
        'id = "x"',
        'dateAcquired > "2026-01-01"',
        "dateAcquired > 2026-01-01",
        "dateAcquired > [yesterday]",
        "deletedFlag > true",
        "deletedFlag = 5",
        "id > null",
        'id like "1%"',
        "name = true",
        "status = 1",
        "not " * 60 + "id = 1",
        "not (" * 60 + "id = 1" + ")" * 60,
    ],
)
def test_a_condition_that_is_none_is_refused(three: Psa, conditions: str) -> None:
    answer = three.get(COMPANIES, conditions=conditions)

    assert (answer.status_code, answer.json()["code"]) == (400, "ApiFindCondition")


@pytest.mark.parametrize(
    ("child_conditions", "found"),
    [
        ("types/id = 1", [1, 3]),
        ("types/id = 1 or types/id = 5", [1, 2, 3]),
        ("types/id in (2, 3)", [2]),
        ('types/name like "part%"', [2]),
        ("types/id = 2 and types/id = 5", []),
    ],
)
def test_child_conditions_look_into_lists(three: Psa, child_conditions: str, found: list[int]) -> None:
    assert three.ids(COMPANIES, childConditions=child_conditions) == found
    assert three.ids(COMPANIES, childconditions=child_conditions, conditions="id < 3") == [i for i in found if i < 3]


@pytest.mark.parametrize("child_conditions", ["name = 'x'", "types/nothing = 1", "status/id = 1", "types = null"])
def test_child_conditions_know_lists_only(three: Psa, child_conditions: str) -> None:
    answer = three.get(COMPANIES, childConditions=child_conditions)

    assert (answer.status_code, answer.json()["code"]) == (400, "ApiFindCondition")


def test_in_can_be_unknown_to_child_conditions(three: Psa) -> None:
    three.switch(in_child_conditions=False)

    assert three.get(COMPANIES, childConditions="types/id in (1,2)").status_code == 400
    assert three.get(COMPANIES, childConditions="types/id=1 or types/id=2").status_code == 200


def test_date_conditions_can_miss_the_day_itself_as_reported_once(three: Psa) -> None:
    three.switch(date_conditions="day_after")

    assert three.ids(COMPANIES, conditions="dateAcquired >= [2026-02-01]") == [3]
    assert three.ids(COMPANIES, conditions="dateAcquired > [2026-01-31]") == [1, 3]


def test_quote_escapes_can_be_unknown(three: Psa) -> None:
    three.switch(quote_escapes="none")

    assert three.get(COMPANIES, conditions="name = 'O''Brien'").status_code == 400
    assert three.ids(COMPANIES, conditions='name like "O\'Brien%"') == [2]


def test_custom_fields_are_asked_by_caption_and_value(psa: Psa) -> None:
    psa.tenant.custom_fields["company"] = [{"id": 1, "caption": "Tier", "type": "Text", "entryMethod": "EntryField"}]
    made = [
        psa.call(
            "POST",
            COMPANIES,
            role="admin",
            json={"identifier": name, "name": name, "customFields": [{"id": 1, "value": value}]},
        ).json()
        for name, value in (("A", "Gold"), ("B", "Silver"), ("C", None))
    ]

    found = psa.ids(COMPANIES, customFieldConditions='caption="tier" AND value="gold"')

    assert found == [made[0]["id"]]
    assert made[2]["customFields"][0]["value"] is None


def test_a_product_reference_has_no_name_to_ask_for(psa: Psa) -> None:
    of, item = psa.agreement(psa.company("Globex")), psa.product("SEAT")
    psa.addition(of, item)
    path = f"/finance/agreements/{of['id']}/additions"

    by_name = psa.get(path, conditions='product/name = "SEAT"')

    assert (by_name.status_code, by_name.json()["message"]) == (400, "product/name is not a recognized name.")
    assert psa.ids(path, conditions='product/identifier = "seat" and cancelledDate = null') == [1]


def test_computed_fields_can_be_asked_for(psa: Psa) -> None:
    company = psa.company("Globex")
    psa.agreement(company)
    psa.agreement(company, "Later", starts="2026-04-01")

    assert psa.ids("/finance/agreements", conditions='agreementStatus = "Active"') == [1]
    assert psa.ids("/finance/agreements", conditions='agreementStatus != "active" and company/id = 1') == [2]
    assert psa.ids("/finance/agreements", orderBy="agreementStatus desc") == [2, 1]
