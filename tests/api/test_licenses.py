"""The platform reports licence changes: at least once, sometimes late, a thousand at a time."""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from api import intake
from domain.catalogue import parse_catalogue
from journal.application import Journal
from journal.recorder import FullKey, TakenKey
from tests.api.given import change, new_organization, registered
from tests.api.harness import Api
from tests.api.operations import CHANGE_LICENSES, CHANGE_PLAN, REGISTER

ORGANIZATION = "query ($id: ID!, $msp: ID!) { organization(id: $id, msp: $msp) { plan licenses servers } }"


def reported(api: Api, *changes: dict[str, Any]) -> list[dict[str, Any]]:
    answer = api.platform().one(CHANGE_LICENSES, input={"msp": api.msp, "changes": list(changes)})
    assert answer["__typename"] == "LicensesReported", answer
    return [each["outcome"] for each in answer["answers"]]


def test_a_change_is_answered_with_what_it_led_to_and_the_next_query_sees_it(api: Api) -> None:
    registered(api, new_organization("globex"))

    [outcome] = reported(api, change("c1", "globex", quantity=12))

    shown = api.platform().one(ORGANIZATION, id="globex", msp=api.msp)
    assert (outcome["__typename"], outcome["delta"], outcome["quantity"]) == ("Recorded", 12, 12)
    assert outcome["alreadyRecorded"] is False
    assert shown == {"plan": "network-core", "licenses": 12, "servers": 0}


def test_several_changes_of_one_organization_build_on_each_other(api: Api) -> None:
    registered(api, new_organization("globex"))

    outcomes = reported(
        api,
        change("c1", "globex", quantity=12),
        change("c2", "globex", delta=3),
        change("c3", "globex", delta=-5),
    )

    assert [(one["delta"], one["quantity"]) for one in outcomes] == [(12, 12), (3, 15), (-5, 10)]


def test_the_same_change_again_gives_the_first_answer_and_records_nothing(api: Api) -> None:
    registered(api, new_organization("globex"))
    [first] = reported(api, change("c1", "globex", delta=3))
    facts = api.facts()

    [again] = reported(api, change("c1", "globex", delta=3))

    assert again == {**first, "alreadyRecorded": True}
    assert api.facts() == facts


@pytest.mark.parametrize("idempotency_key", [None, "k"])
def test_a_change_that_is_recorded_by_another_call_meanwhile_is_not_refused_for_itself(
    api: Api, monkeypatch: pytest.MonkeyPatch, idempotency_key: str | None
) -> None:
    registered(api, new_organization("globex"))
    reported(api, change("c1", "globex", quantity=3))
    call = {"msp": api.msp, "idempotencyKey": idempotency_key, "changes": [change("c2", "globex", delta=-3)]}
    find, first = Journal.find_keys, list[Any]()

    def finding(self: Journal, keys: Sequence[FullKey]) -> dict[FullKey, TakenKey]:
        found = find(self, keys)
        if not first and any(key == "c2" for *_, key in keys):
            first.append(None)
            first.append(api.platform().one(CHANGE_LICENSES, input=call))
        return found

    monkeypatch.setattr(Journal, "find_keys", finding)
    # As if it came to another process, which waits for no append of this one.
    monkeypatch.setattr(intake, "SMALL", 0)
    again = api.platform().one(CHANGE_LICENSES, input=call)

    [outcome], [one] = first[1]["answers"], again["answers"]
    assert outcome["outcome"]["alreadyRecorded"] is False
    assert one["outcome"] == {**outcome["outcome"], "alreadyRecorded": True}


def test_a_change_that_comes_twice_in_one_call_counts_once(api: Api) -> None:
    registered(api, new_organization("globex"))

    first, second = reported(api, change("c1", "globex", delta=3), change("c1", "globex", delta=3))

    assert second == {**first, "alreadyRecorded": True}
    assert first["quantity"] == 3


BAD_CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "below zero": (change("x", "globex", delta=-2), "QuantityBelowZero"),
    "an unknown organization": (change("x", "nobody", delta=1), "UnknownOrganization"),
    "a used id with other content": (change("used", "globex", delta=2), "ChangeIdReused"),
    "a used id for another organization": (change("used", "lite", delta=1), "ChangeIdReused"),
    "effective in the future": (
        change("x", "globex", delta=1, effectiveAt="2999-01-01T00:00:00Z"),
        "EffectiveInFuture",
    ),
    "effective before creation": (
        change("x", "globex", delta=1, effectiveAt="2020-01-01T00:00:00Z"),
        "EffectiveBeforeCreation",
    ),
    "a component that the plan lacks": (change("x", "lite", component="SERVER", delta=1), "PlanLacksComponent"),
    "neither delta nor quantity": (change("x", "globex"), "InvalidInput"),
    "both delta and quantity": (change("x", "globex", delta=1, quantity=2), "InvalidInput"),
    "an empty id": (change("", "globex", delta=1), "InvalidInput"),
    "a huge number": (change("x", "globex", quantity=2_000_000_000), "InvalidInput"),
}


@pytest.mark.parametrize("what", list(BAD_CHANGES))
def test_a_bad_change_is_refused_by_name_and_nothing_is_recorded(api: Api, what: str) -> None:
    registered(api, new_organization("globex"), new_organization("lite", plan="network-lite"))
    reported(api, change("used", "globex", delta=1))
    facts = api.facts()
    bad, expected = BAD_CHANGES[what]

    [outcome] = reported(api, bad)

    assert outcome["__typename"] == expected, outcome
    assert outcome["message"]
    assert api.facts() == facts


def test_a_refused_change_does_not_use_up_its_id_nor_stop_the_others(api: Api) -> None:
    registered(api, new_organization("globex"))

    refused, accepted = reported(api, change("c1", "globex", delta=-1), change("c2", "globex", delta=1))
    [later] = reported(api, change("c1", "globex", delta=-1))

    assert [refused["__typename"], accepted["__typename"]] == ["QuantityBelowZero", "Recorded"]
    assert later["quantity"] == 0


@pytest.mark.parametrize("count", [0, 1001])
def test_a_call_of_none_or_more_than_a_thousand_changes_is_refused_whole(api: Api, count: int) -> None:
    registered(api, new_organization("globex"))
    facts = api.facts()
    changes = [change(f"c{number}", "globex", delta=1) for number in range(count)]

    answer = api.platform().one(CHANGE_LICENSES, input={"msp": api.msp, "changes": changes})

    assert (answer["__typename"], answer["field"]) == ("InvalidInput", "changes")
    assert api.facts() == facts


def test_an_instant_without_zone_is_refused(api: Api) -> None:
    registered(api, new_organization("globex"))
    bad = change("c1", "globex", delta=1, effectiveAt="2026-11-01T00:00:00")

    answer = api.platform().ask(CHANGE_LICENSES, input={"msp": api.msp, "changes": [bad]})

    assert answer.codes == ["InvalidInput"]


def test_a_thousand_changes_over_a_hundred_organizations_are_quick_and_repeatable(api: Api) -> None:
    names = [f"org-{number}" for number in range(100)]
    registered(api, *(new_organization(name) for name in names))
    changes = [change(f"c{number}", names[number % 100], delta=1) for number in range(1000)]

    began = time.monotonic()
    first = reported(api, *changes)
    seconds = time.monotonic() - began
    facts = api.facts()
    again = reported(api, *changes)

    assert {one["__typename"] for one in first} == {"Recorded"}
    assert {one["quantity"] for one in first[-100:]} == {10}
    assert again == [{**one, "alreadyRecorded": True} for one in first]
    assert api.facts() == facts
    assert seconds < 3.0 * 4, "3 s on a quiet machine; this one is shared"


def test_a_plan_without_servers_ends_them(api: Api) -> None:
    registered(api, new_organization("globex"))
    reported(api, change("c1", "globex", quantity=12), change("c2", "globex", component="SERVER", quantity=2))

    answer = api.platform().one(
        CHANGE_PLAN, input={"msp": api.msp, "changeId": "c3", "organization": "globex", "plan": "network-lite"}
    )

    assert answer["organization"] == {"plan": "network-lite", "licenses": 12, "servers": None}


def test_a_plan_that_is_not_in_the_catalogue_is_refused(api: Api) -> None:
    registered(api, new_organization("globex"))
    facts = api.facts()

    answer = api.platform().one(
        CHANGE_PLAN, input={"msp": api.msp, "changeId": "c3", "organization": "globex", "plan": "gold"}
    )

    assert answer["__typename"] == "UnknownPlan"
    assert api.facts() == facts


def test_registering_again_answers_the_same_and_another_with_the_id_is_refused(api: Api) -> None:
    registered(api, new_organization("globex"))
    facts = api.facts()
    twice = [new_organization("globex"), new_organization("globex", changeId="another")]

    answer = api.platform().one(REGISTER, input={"msp": api.msp, "organizations": twice})

    outcomes = [each["outcome"] for each in answer["answers"]]
    assert outcomes[0]["alreadyRecorded"] is True
    assert outcomes[1]["__typename"] == "OrganizationExists"
    assert api.facts() == facts


def test_a_call_repeated_under_its_key_gives_the_same_answers(api: Api) -> None:
    registered(api, new_organization("globex"))
    call = {"msp": api.msp, "idempotencyKey": "k", "changes": [change("c1", "globex", delta=1)]}
    first = api.platform().one(CHANGE_LICENSES, input=call)
    facts = api.facts()

    again = api.platform().one(CHANGE_LICENSES, input=call)
    other = api.platform().one(CHANGE_LICENSES, input={**call, "changes": [change("c2", "globex", delta=1)]})

    assert again["answers"][0]["outcome"]["entryId"] == first["answers"][0]["outcome"]["entryId"]
    assert other["__typename"] == "IdempotencyKeyReused"
    assert api.facts() == facts


def test_an_organization_from_before_all_billing_months_stops_no_other(api: Api) -> None:
    asked = [new_organization("old", effectiveAt="1999-12-31T23:59:59Z"), new_organization("globex")]

    answer = api.platform().one(REGISTER, input={"msp": api.msp, "organizations": asked})

    outcomes = [one["outcome"]["__typename"] for one in answer["answers"]]
    assert ["InvalidInput", "OrganizationRegistered"] == outcomes


def test_a_plan_change_is_answered_again_also_when_the_catalogue_lacks_the_plan_by_then(api: Api) -> None:
    registered(api, new_organization("globex"))
    asked = {"msp": api.msp, "changeId": "p1", "organization": "globex", "plan": "network-lite"}
    api.platform().one(CHANGE_PLAN, input=asked)
    lines = 'name = "Network"\n[lines.network.plans.network-core]\nname = "Core"\ncomponents = ["LICENSE", "SERVER"]'
    only_core = parse_catalogue(f"[lines.network]\n{lines}")

    again = api.with_catalogue(only_core).platform().one(CHANGE_PLAN, input=asked)

    assert ("OrganizationChanged", True) == (again["__typename"], again["alreadyRecorded"])
