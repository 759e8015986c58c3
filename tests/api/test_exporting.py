"""Exports over HTTP: with proof, as a table, filtered, broken off and resumed; each token for its own MSP only."""

import csv
import io
import json
from typing import Any

import httpx
import pytest

from api.exports import AT_ONCE, AskedExport, Exports, TooManyExports
from cli import verify_export
from domain.values import MspId
from projections.exports import EVERYTHING
from tests.api.given import change, new_organization, registered
from tests.api.harness import Api, Caller
from tests.api.operations import CHANGE_LICENSES
from tests.journal.sealing import KEY, sealed, text_of

KEYS = verify_export.read_keys([text_of(KEY)])


def fetched(caller: Caller, form: str = "ndjson", **parameters: Any) -> httpx.Response:
    served = caller.api.served
    return served.portal.call(
        lambda: served.client.get(
            f"/exports/facts.{form}", params=parameters, headers={"Authorization": f"Bearer {caller.token}"}
        )
    )


@pytest.fixture
def told(api: Api) -> Api:
    """Thirty licence changes of two organizations, sealed; and another MSP with its own."""
    for one in (api, Api(api.served, f"{api.msp}-other")):
        registered(one, new_organization("globex"), new_organization("hooli"))
        changes = [change(f"c-{n}", ("globex", "hooli")[n % 2], delta=1) for n in range(30)]
        one.platform().one(CHANGE_LICENSES, input={"msp": one.msp, "changes": changes})
    sealed(api.database_url)
    return api


def numbers(body: bytes) -> list[int]:
    lines = [json.loads(line) for line in body.splitlines()]
    return [line["number"] for line in lines if "fact" in line]


def test_an_auditor_gets_a_whole_export_that_proves_itself(told: Api) -> None:
    answer = fetched(told.auditor())

    proven = verify_export.verify(answer.content.splitlines(), KEYS)
    assert (200, "application/x-ndjson") == (answer.status_code, answer.headers["content-type"])
    assert (True, told.facts(), told.msp) == (proven.is_complete, proven.facts, proven.msp)
    assert str(proven.until) == answer.headers["x-export-until"]


def test_a_filtered_export_says_what_it_is(told: Api) -> None:
    answer = fetched(told.auditor(), organization="globex", factType="organization.licenses-changed")

    proven = verify_export.verify(answer.content.splitlines(), KEYS)
    assert (15, False) == (proven.facts, proven.is_complete)
    assert {"organization": "globex", "fact_type": "organization.licenses-changed"} == proven.filter


def test_an_export_that_broke_off_goes_on_to_the_same_bytes(told: Api) -> None:
    whole = fetched(told.auditor())
    number = numbers(whole.content)[9]
    changes = [change("later", "globex", delta=1)]
    told.platform().one(CHANGE_LICENSES, input={"msp": told.msp, "changes": changes})
    sealed(told.database_url)

    rest = fetched(told.auditor(), upTo=whole.headers["x-export-until"], resumeAfter=number)

    assert whole.content.endswith(rest.content)
    assert numbers(whole.content)[10:] == numbers(rest.content)


def test_a_table_for_reading(told: Api) -> None:
    answer = fetched(told.admin(), "csv", organization="hooli")

    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert "text/csv; charset=utf-8" == answer.headers["content-type"]
    assert {"hooli"} == {row["organization"] for row in rows}
    assert list(range(1, 16)) == [json.loads(row["data"])["quantity"] for row in rows[1:]]


def test_an_auditor_of_all_msps_names_the_one_he_means(told: Api) -> None:
    named = fetched(told.overseer(), msp=told.msp)

    assert told.facts() == len(numbers(named.content))
    assert "MspNeeded" == code_of(fetched(told.overseer()), 404)
    assert "UnknownMsp" == code_of(fetched(told.overseer(), msp="never-was"), 404)


def code_of(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_nobody_exports_what_is_not_his(told: Api, form: str) -> None:
    other = f"{told.msp}-other"

    another, nobody = (fetched(told.auditor(), form, msp=msp) for msp in (other, "never-was"))

    assert "UnknownMsp" == code_of(another, 404)
    assert another.text.replace(other, "X") == nobody.text.replace("never-was", "X")
    assert "NotAllowed" == code_of(fetched(told.platform(), form, msp=told.msp), 403)
    assert "Unauthenticated" == code_of(told.get(f"/exports/facts.{form}"), 401)
    assert other.encode() not in fetched(told.auditor(), form).content


def test_a_number_that_only_another_msp_reached_is_no_place_to_go_on_from(told: Api) -> None:
    other = Api(told.served, f"{told.msp}-other")
    changes = [change(f"more-{n}", "globex", delta=1) for n in range(9)]
    other.platform().one(CHANGE_LICENSES, input={"msp": other.msp, "changes": changes})
    sealed(told.database_url)
    foreign = numbers(fetched(other.auditor()).content)[-1]
    assert foreign > told.facts()

    theirs, nobodys = (fetched(told.auditor(), resumeAfter=number) for number in (foreign, 10**12))

    assert "InvalidInput" == code_of(theirs, 400)
    assert theirs.text.replace(str(foreign), "N") == nobodys.text.replace(str(10**12), "N")


@pytest.mark.parametrize(
    "parameters",
    [
        {"factTyp": "x"},
        {"after": "-1"},
        {"agreement": "9" * 30},
        {"since": "2026-01-01"},
        {"role": "KING"},
        {"organization": " "},
        {"resumeAfter": "0"},
    ],
)
def test_a_parameter_that_is_none_is_refused_by_its_name(told: Api, parameters: dict[str, str]) -> None:
    answer = fetched(told.auditor(), **parameters)

    assert "InvalidInput" == code_of(answer, 400)
    assert next(iter(parameters)) in answer.text


def test_what_was_served_makes_room_for_the_next(told: Api) -> None:
    for _ in range(AT_ONCE * 3):
        assert 200 == fetched(told.auditor()).status_code
        assert 400 == fetched(told.auditor(), resumeAfter="0").status_code


def test_more_exports_than_may_run_at_once_are_put_off(told: Api) -> None:
    exports = Exports(told.parts)
    asked = AskedExport("ndjson", None, EVERYTHING, 0, None, None)
    msp = MspId(told.msp)
    begun = [exports._begin(msp, asked) for _ in range(AT_ONCE)]

    with pytest.raises(TooManyExports):
        exports._begin(msp, asked)
    begun.pop()

    assert exports._begin(msp, asked)
