"""Runs are asked for, joined while they go on, and cancelled."""

import pytest

from tests.api.given import connected, new_organization, registered, with_products
from tests.api.harness import Api, SimulatedTenant
from tests.api.operations import CANCEL_RUN, IMPORT, SYNC_NOW

RUNS = "{ runs { totalCount counts { state count } nodes { id kind status requestedBy } } }"


@pytest.fixture
def active(api: Api, tenant: SimulatedTenant) -> Api:
    registered(api, new_organization("globex"))
    connected(api, tenant)
    with_products(api, tenant)
    return api


def test_an_import_is_recorded_as_a_run_for_the_worker(active: Api) -> None:
    answer = active.admin().one(IMPORT, input={"types": [2, 1], "statuses": [1]})

    assert answer["__typename"] == "RunAccepted", answer
    assert answer["run"]["importFilter"] == {"types": [1, 2], "statuses": [1]}
    assert (answer["run"]["kind"], answer["run"]["status"]) == ("IMPORT", "REQUESTED")
    assert active.admin().one(RUNS)["nodes"][0]["id"] == answer["run"]["id"]


def test_the_same_run_is_joined_and_another_is_not(active: Api) -> None:
    first = active.admin().one(SYNC_NOW, input={})
    facts = active.facts()

    again = active.admin().one(SYNC_NOW, input={})
    joined_facts = active.facts()
    other = active.admin().one(SYNC_NOW, input={"organizations": ["globex"]})

    assert (first["joined"], again["joined"], other["joined"]) == (False, True, False)
    assert again["run"]["id"] == first["run"]["id"]
    assert other["run"]["id"] != first["run"]["id"]
    assert joined_facts == facts


def test_a_run_asked_for_under_a_key_has_its_id_from_it(active: Api) -> None:
    first = active.admin().one(SYNC_NOW, input={"idempotencyKey": "k"})
    active.admin().one(CANCEL_RUN, input={"run": first["run"]["id"]})
    facts = active.facts()

    again = active.admin().one(SYNC_NOW, input={"idempotencyKey": "k"})

    assert again["run"]["id"] == first["run"]["id"]
    assert active.facts() == facts


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"month": "2098-01"}, "MonthHasNotBegun"),
        ({"month": "2026-02"}, "MonthIsNotClosed"),
        ({"organizations": ["nobody"]}, "UnknownOrganization"),
        ({"organizations": []}, "InvalidInput"),
    ],
)
def test_a_run_that_can_not_be_is_refused_by_name(active: Api, given: dict[str, object], expected: str) -> None:
    facts = active.facts()

    answer = active.admin().one(SYNC_NOW, input=given)

    assert answer["__typename"] == expected
    assert active.facts() == facts


def test_sync_now_needs_an_active_connection(api: Api, tenant: SimulatedTenant) -> None:
    unconnected = api.admin().one(SYNC_NOW, input={})
    connected(api, tenant)
    setting_up = api.admin().one(SYNC_NOW, input={})

    assert [unconnected["__typename"], setting_up["__typename"]] == ["NotConnected", "ConnectionIsNotActive"]


def test_a_run_is_cancelled_and_an_unknown_one_is_not(active: Api) -> None:
    run = active.admin().one(SYNC_NOW, input={})["run"]["id"]

    cancelled = active.admin().one(CANCEL_RUN, input={"run": run})
    unknown = active.admin().one(CANCEL_RUN, input={"run": "nothing"})

    assert cancelled["run"]["status"] == "CANCELLED"
    assert unknown["__typename"] == "UnknownRun"
    assert active.admin("stranger").one("query ($id: ID!) { run(id: $id) { id } }", id=run) is None


def test_an_import_filter_out_of_bounds_is_refused(active: Api) -> None:
    answer = active.admin().one(IMPORT, input={"types": [0]})

    assert answer["__typename"] == "InvalidInput"
