"""Connecting an MSP's ConnectWise: right keys connect, anything else says what is wrong and stores nothing."""

from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import psycopg
import pytest

from domain.values import MspId
from tests.api.given import connected
from tests.api.harness import Api, SimulatedTenant, new_tenant
from tests.api.operations import CHANGE_SETTINGS, CONNECT, DISCONNECT, TEST_CONNECTION, UPDATE_CREDENTIALS

STATUS = "{ psaConnection { status number keyHint } }"


def vault_rows(api: Api) -> int:
    with psycopg.connect(api.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM vault_secrets WHERE msp = %s", (api.msp,)).fetchone()
        assert row is not None
        return int(row[0])


def test_right_keys_connect_and_the_next_query_sees_it(api: Api, tenant: SimulatedTenant) -> None:
    admin = api.admin()

    answer = admin.one(CONNECT, input=tenant.keys)

    assert answer["__typename"] == "ConnectionChanged", answer
    assert answer["connection"]["status"] == "SETUP"
    assert admin.one(STATUS) == {"status": "SETUP", "number": 1, "keyHint": tenant.public_key[-4:]}
    assert vault_rows(api) == 1


def refused_keys(tenant: SimulatedTenant) -> dict[str, tuple[dict[str, Any], str]]:
    http = tenant.url.replace("127.0.0.1", "psa.example.com")
    return {
        "an http URL": ({"siteUrl": http}, "SiteRefused"),
        "an address instead of a name": ({"siteUrl": "https://10.0.0.1"}, "SiteRefused"),
        "a user in the URL": ({"siteUrl": "https://me@na.myconnectwise.net"}, "SiteRefused"),
        "an unknown company": ({"companyId": "nobody"}, "UnknownLoginCompany"),
        "a wrong private key": ({"privateKey": "wrong"}, "WrongKeys"),
        "a wrong public key": ({"publicKey": "wrong"}, "WrongKeys"),
        "a key with a space": ({"privateKey": "a b"}, "InvalidInput"),
        "an empty company": ({"companyId": " "}, "InvalidInput"),
    }


@pytest.mark.parametrize("what", list(refused_keys(SimulatedTenant("http://127.0.0.1:1", "", "", ""))))
def test_bad_keys_are_refused_by_name_and_nothing_is_stored(api: Api, tenant: SimulatedTenant, what: str) -> None:
    changed, expected = refused_keys(tenant)[what]

    answer = api.admin().one(CONNECT, input={**tenant.keys, **changed})

    assert answer["__typename"] == expected, answer
    assert api.facts() == 0
    assert vault_rows(api) == 0


def test_a_site_that_is_no_connectwise_is_a_wrong_site(api: Api, tenant: SimulatedTenant, website_url: str) -> None:
    answer = api.admin().one(CONNECT, input={**tenant.keys, "siteUrl": website_url})

    assert answer["__typename"] == "WrongSite", answer
    assert api.facts() == 0


MINIMUM = {
    "Company Maintenance": {"inquire": "All"},
    "Table Setup": {"inquire": "All"},
    "Product Catalog": {"inquire": "All", "add": "All"},
    "Agreements": {"inquire": "All", "add": "All", "edit": "All"},
}


@pytest.mark.parametrize("function", list(MINIMUM))
def test_each_missing_inquire_right_is_named_with_where_to_tick_it(
    api: Api, tenant: SimulatedTenant, function: str
) -> None:
    levels = {name: ({} if name == function else level) for name, level in MINIMUM.items()}
    tenant.admin("PUT", "/roles/minimum", {"levels": levels})

    answer = api.admin().one(CONNECT, input=tenant.keys)

    assert answer["__typename"] == "RightsMissing", answer
    assert [(right["name"], right["level"]) for right in answer["rights"]] == [(function, "Inquire")]
    assert function in answer["rights"][0]["menuPath"]
    assert api.facts() == 0


def test_a_test_lists_every_right_and_stores_nothing(api: Api, tenant: SimulatedTenant) -> None:
    answer = api.admin().one(TEST_CONNECTION, input=tenant.keys)

    states = [right["state"] for right in answer["rights"]]
    assert answer["isUsable"] is True
    assert sorted(set(states)) == ["GRANTED", "SHOWN_WHEN_USED"]
    assert api.facts() == 0


def test_a_second_connection_is_refused_with_the_tenant_that_is_connected(api: Api, tenant: SimulatedTenant) -> None:
    connected(api, tenant)
    facts = api.facts()

    answer = api.admin().one(CONNECT, input=tenant.keys)

    assert answer["__typename"] == "AlreadyConnected"
    assert answer["tenant"]["companyId"] == tenant.company_id
    assert api.facts() == facts


def test_connecting_again_under_the_same_key_answers_as_the_first_time(api: Api, tenant: SimulatedTenant) -> None:
    admin = api.admin()
    first = admin.one(CONNECT, input={**tenant.keys, "idempotencyKey": "once"})
    facts = api.facts()

    again = admin.one(CONNECT, input={**tenant.keys, "idempotencyKey": "once"})

    assert again == first
    assert api.facts() == facts


def test_an_act_that_is_told_again_is_answered_when_the_views_hold_it_too(api: Api, tenant: SimulatedTenant) -> None:
    asked = {**tenant.keys, "idempotencyKey": "once"}
    with ThreadPoolExecutor(2) as threads, psycopg.connect(api.database_url) as lagging:
        lagging.execute("LOCK TABLE connections IN SHARE MODE")
        first = threads.submit(api.admin().one, CONNECT, input=asked)
        while not api.facts():
            wait([first], timeout=0.01)

        again = threads.submit(api.admin().one, CONNECT, input=asked)
        wait([again], timeout=1)
        lagging.rollback()

        assert first.result() == again.result()
        assert again.result()["connection"]["status"] == "SETUP"


def test_a_key_used_for_something_else_is_refused(api: Api, tenant: SimulatedTenant) -> None:
    admin = api.admin()
    admin.one(CONNECT, input={**tenant.keys, "idempotencyKey": "once"})
    facts = api.facts()

    answer = admin.one(CHANGE_SETTINGS, input={"holdDays": 3, "idempotencyKey": "once"})

    assert answer["__typename"] == "IdempotencyKeyReused"
    assert api.facts() == facts


def test_new_keys_replace_the_old_ones_after_they_were_probed(api: Api, tenant: SimulatedTenant) -> None:
    connected(api, tenant)
    tenant.admin("POST", "/keys", {"public": "brandNewPublicKey", "private": "brandNewPrivateKey", "role": "minimum"})

    answer = api.admin().one(
        UPDATE_CREDENTIALS, input={"publicKey": "brandNewPublicKey", "privateKey": "brandNewPrivateKey"}
    )

    assert answer == {"__typename": "ConnectionChanged", "connection": {"keyHint": "cKey"}}
    assert vault_rows(api) == 1


def test_wrong_new_keys_leave_the_old_ones_in_place(api: Api, tenant: SimulatedTenant) -> None:
    connected(api, tenant)
    facts = api.facts()

    answer = api.admin().one(UPDATE_CREDENTIALS, input={"publicKey": "wrong", "privateKey": "wrong"})

    assert answer["__typename"] == "WrongKeys"
    assert api.facts() == facts
    assert api.admin().one('{ psaProducts(search: "a") { id } }') is not None


def test_keys_of_another_tenant_are_refused(api: Api, tenant: SimulatedTenant) -> None:
    connected(api, tenant)
    other = new_tenant(tenant.url)
    facts = api.facts()

    answer = api.admin().one(UPDATE_CREDENTIALS, input=other.keys)

    assert answer["__typename"] == "DifferentTenant", answer
    assert answer["offered"]["companyId"] == other.company_id
    assert api.facts() == facts


def test_disconnecting_destroys_the_keys_and_keeps_the_history(api: Api, tenant: SimulatedTenant) -> None:
    connected(api, tenant)

    answer = api.admin().one(DISCONNECT, input={})

    facts = api.auditor().one("{ history(order: OLDEST_FIRST) { nodes { factType } } }")["nodes"]
    assert answer == {"__typename": "ConnectionChanged", "connection": {"status": "NOT_CONNECTED"}}
    assert vault_rows(api) == 0
    assert [fact["factType"] for fact in facts] == ["connection.connected", "connection.disconnected"]


def test_what_is_not_connected_can_not_be_disconnected(api: Api) -> None:
    answer = api.admin().one(DISCONNECT, input={})

    assert answer["__typename"] == "NotConnected"
    assert api.facts() == 0


def test_settings_out_of_bounds_are_refused_by_name(api: Api, tenant: SimulatedTenant) -> None:
    connected(api, tenant)
    facts = api.facts()

    answer = api.admin().one(CHANGE_SETTINGS, input={"holdDays": 40})

    assert (answer["__typename"], answer["field"]) == ("InvalidInput", "holdDays")
    assert api.facts() == facts


def test_no_key_is_ever_in_a_fact(api: Api, tenant: SimulatedTenant) -> None:
    connected(api, tenant)

    stored = b"".join(entry.state for entry in api.parts.journal.raw(0, 100, msp=MspId(api.msp)))

    assert tenant.private_key.encode() not in stored
    assert tenant.public_key.encode() not in stored
