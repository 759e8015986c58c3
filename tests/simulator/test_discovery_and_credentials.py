"""Finding a tenant's codebase, and being let in or not."""

import httpx
import pytest

from simulator.directory import Directory
from simulator.switches import Switches
from tests.simulator.conftest import Psa

CLIENT_ID = {"clientId": "11111111-1111-1111-1111-111111111111"}


def discovered(psa: Psa, company_id: str) -> httpx.Response:
    return psa.client.get(f"{psa.site}/login/companyinfo/{company_id}")


def test_discovery_needs_neither_credentials_nor_a_client_id(psa: Psa) -> None:
    answer = discovered(psa, psa.tenant.company_id)

    assert answer.json() == {
        "CompanyName": "Test MSP",
        "Codebase": "v2026_4/",
        "VersionCode": "v2026.4",
        "VersionNumber": "v2026.4.12345",
        "CompanyID": psa.tenant.company_id,
        "IsCloud": True,
        "SiteUrl": psa.site,
    }


def test_discovery_of_an_unknown_company_is_null_or_404(psa: Psa, directory: Directory) -> None:
    null = discovered(psa, "nobody")
    directory.unknown_company = 404
    try:
        missing = discovered(psa, "nobody")
    finally:
        directory.unknown_company = 200

    assert (null.status_code, null.json()) == (200, None)
    assert missing.status_code == 404


def test_is_cloud_may_come_as_text_and_the_site_be_left_out(psa: Psa) -> None:
    psa.switch(is_cloud_as="string", site_url_field=False)

    answer = psa.client.get(
        f"{psa.site}/login/companyinfo/{psa.tenant.company_id}", headers={"x-unjudged": "text instead of a boolean"}
    )

    assert answer.json()["IsCloud"] == "True"
    assert "SiteUrl" not in answer.json()


def test_both_the_router_and_the_versioned_codebase_answer_and_a_stale_one_is_404(psa: Psa) -> None:
    key = next(iter(psa.tenant.keys.values()))
    auth = (f"{psa.tenant.company_id}+{key.public}", key.private)

    statuses = {
        codebase: psa.client.get(
            f"{psa.site}/{codebase}/apis/3.0/system/info", auth=auth, headers=CLIENT_ID
        ).status_code
        for codebase in ("v4_6_release", "v2026_4", "V2026_4", "v2025_1")
    }
    psa.happens("codebase_upgrade", codebase="v2027_1")
    after = psa.client.get(f"{psa.site}/v2026_4/apis/3.0/system/info", auth=auth, headers=CLIENT_ID)

    assert statuses == {"v4_6_release": 200, "v2026_4": 200, "V2026_4": 200, "v2025_1": 404}
    assert (after.status_code, after.json()) == (
        404,
        {"code": "ConnectWiseApi", "message": "The endpoint does not exist."},
    )
    assert discovered(psa, psa.tenant.company_id).json()["Codebase"] == "v2027_1/"


@pytest.mark.parametrize(
    "user",
    [
        "{id}+wrongPublic:{private}",
        "{id}+{public}:wrongPrivate",
        "nobody+{public}:{private}",
        "{public}:{private}",
        "no",
    ],
)
def test_wrong_keys_of_any_kind_get_one_and_the_same_401(psa: Psa, user: str) -> None:
    key = next(iter(psa.tenant.keys.values()))
    name, _, private = user.format(id=psa.tenant.company_id, public=key.public, private=key.private).partition(":")

    answer = psa.client.get(f"{psa.root}/company/companies", auth=(name, private), headers=CLIENT_ID)

    assert (answer.status_code, answer.json()["code"]) == (401, "Unauthorized")


def test_no_credentials_and_unreadable_ones_are_401(psa: Psa) -> None:
    url = f"{psa.root}/system/info"

    answers = [
        psa.client.get(url, headers={**CLIENT_ID, **more}).status_code
        for more in ({}, {"Authorization": "Basic %%%"}, {"Authorization": "Bearer x"}, {"Authorization": "Basic /w=="})
    ]

    assert answers == [401, 401, 401, 401]


@pytest.mark.parametrize(
    ("switches", "status", "body"),
    [
        ({"wrong_keys_status": 404}, 404, {"code": "ConnectWiseApi", "message": "The endpoint does not exist."}),
        (
            {"wrong_keys_body": "user_not_authenticated"},
            401,
            {"code": "ConnectWiseApi", "message": "UserNotAuthenticated"},
        ),
        (
            {"wrong_keys_body": "incorrect_key"},
            401,
            {"code": "Unauthorized", "message": "Incorrect public/private key"},
        ),
    ],
)
def test_wrong_keys_answer_as_the_switches_say(
    psa: Psa, switches: dict[str, object], status: int, body: dict[str, str]
) -> None:
    psa.switch(**switches)
    key = next(iter(psa.tenant.keys))

    answer = psa.client.get(
        f"{psa.root}/system/info", auth=(f"{psa.tenant.company_id}+{key}", "wrong"), headers=CLIENT_ID
    )

    assert (answer.status_code, answer.json()) == (status, body)


def test_the_company_id_of_the_credentials_minds_its_case_unless_switched_off(psa: Psa) -> None:
    key = next(iter(psa.tenant.keys.values()))
    auth = (f"{psa.tenant.company_id.upper()}+{key.public}", key.private)

    strict = psa.client.get(f"{psa.root}/system/info", auth=auth, headers=CLIENT_ID).status_code
    psa.switch(company_id_case_sensitive=False)
    lenient = psa.client.get(f"{psa.root}/system/info", auth=auth, headers=CLIENT_ID).status_code

    assert (strict, lenient) == (401, 200)
    assert discovered(psa, psa.tenant.company_id.upper()).json()["CompanyID"] == psa.tenant.company_id


@pytest.mark.parametrize("status", [403, 400, 401])
def test_a_missing_client_id_is_refused_with_the_switched_status(psa: Psa, status: int) -> None:
    psa.switch(missing_client_id_status=status)

    answer = psa.call("GET", "/system/info", headers={"clientId": ""})

    assert answer.status_code == status
    assert "clientId" in answer.json()["message"]


def test_an_unknown_client_id_is_refused_once_the_known_ones_are_named(psa: Psa) -> None:
    psa.switch(known_client_ids=["aaaa"])

    assert psa.get("/system/info").status_code == 403
    assert psa.call("GET", "/system/info", headers={"clientId": "aaaa"}).status_code == 200


def test_system_info_is_given_to_anybody_only_when_the_process_says_so(psa: Psa, directory: Directory) -> None:
    url = f"{psa.root}/system/info"

    before = psa.client.get(url).status_code
    directory.switches = Switches(system_info_needs_auth=False)
    try:
        after = psa.client.get(url)
    finally:
        directory.switches = Switches()

    assert (before, after.status_code) == (401, 200)
    assert after.json()["version"] == "v2026.4.12345"


def test_system_info_is_given_to_anybody_by_a_tenant_that_says_so(psa: Psa) -> None:
    url, wrong = f"{psa.root}/system/info", (f"{psa.tenant.company_id}+nobody", "wrong")
    before = [psa.client.get(url).status_code, psa.client.get(url, auth=wrong).status_code]
    psa.tenant.version = "v2026.9.1"

    psa.switch(system_info_needs_auth=False)
    open_to_all = [psa.client.get(url), psa.client.get(url, auth=wrong)]

    assert before == [401, 401]
    assert [(each.status_code, each.json().get("version")) for each in open_to_all] == [(200, "v2026.9.1")] * 2
    assert psa.client.get(f"{psa.site}/v2001_1/apis/3.0/system/info").status_code == 401
    assert psa.client.post(url, json={}).status_code == 405
    assert psa.client.get(f"{psa.root}/company/companies", auth=wrong).status_code == 401


def test_rest_calls_without_the_api_prefix_can_be_refused_with_the_ssl_message(psa: Psa) -> None:
    psa.switch(ssl_required="without_api_prefix")

    plain = psa.call("GET", "/system/info", headers={"Host": "na.myconnectwise.net"})
    prefixed = psa.call("GET", "/system/info", headers={"Host": "api-na.myconnectwise.net"})

    assert plain.json() == {"code": "Security", "message": "SSL is required.", "errors": None}
    assert prefixed.status_code == 200


def test_on_premise_there_is_one_codebase(psa: Psa) -> None:
    made = psa.client.post(
        f"{psa.site}/_simulator/tenants", json={"company_id": "onprem", "data": "empty", "is_cloud": False}
    ).json()
    try:
        info = discovered(psa, "onprem").json()
    finally:
        psa.client.delete(f"{psa.site}/_simulator/tenants/onprem")

    assert (info["Codebase"], info["IsCloud"], made["codebase"]) == ("v4_6_release/", False, "v4_6_release")


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (
            "application/vnd.connectwise.com+json; version=2026.4",
            "application/vnd.connectwise.com+json; version=2026.4",
        ),
        (
            "application/vnd.connectwise.com+json; version=2022.1, */*",
            "application/vnd.connectwise.com+json; version=2022.1",
        ),
        ("text/html, application/vnd.connectwise.com+json", "application/vnd.connectwise.com+json; version=2026.4"),
        (
            "application/vnd.connectwise.com+json; version=v2015_3",
            "application/vnd.connectwise.com+json; version=v2015_3",
        ),
        ("application/vnd.connectwise.com+json; version=3.0.0, application/json", "application/json"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
    ],
)
def test_any_media_range_that_means_json_is_served(psa: Psa, accept: str, content_type: str) -> None:
    answer = psa.call("GET", "/system/info", headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(content_type)
    assert answer.headers["api-current-version"] == "2026.4"


def test_media_types_and_versions_that_can_not_be_served_are_refused(psa: Psa) -> None:
    psa.switch(refused_versions=["2019.1"])

    def status(accept: str) -> int:
        return psa.call("GET", "/system/info", headers={"Accept": accept}).status_code

    assert status("text/html") == 406
    assert status("application/vnd.connectwise.com+json; version=2099.1") == 400
    assert status("application/vnd.connectwise.com+json; version=latest") == 400
    assert status("application/vnd.connectwise.com+json; version=2019.1") == 400


def test_tenants_keep_their_records_and_keys_to_themselves(psa: Psa, demo_psa: Psa) -> None:
    key = next(iter(demo_psa.tenant.keys.values()))

    foreign = psa.client.get(
        f"{psa.root}/system/info", auth=(f"{psa.tenant.company_id}+{key.public}", key.private), headers=CLIENT_ID
    )

    assert foreign.status_code == 401
    assert psa.rows("/company/companies") == []
    assert len(demo_psa.rows("/company/companies")) == 25
