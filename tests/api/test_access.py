"""Who may ask what: tokens, roles, and walls between MSPs."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.app import compose
from api.settings import ApiSettings
from api.tokens import AUDIENCE, BadToken, LocalKey, issue_token
from domain.values import MspId
from journal.entry import Role
from journal.logs import JsonLines
from journal.settings import MissingSetting, Mode, Settings
from tests.api.given import change, connected, new_organization, registered
from tests.api.harness import Api, Caller, SimulatedTenant
from tests.api.operations import CHANGE_LICENSES, CHANGE_SETTINGS, DISCONNECT, REGISTER

KEY = Ed25519PrivateKey.generate()


def claims(**more: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    told = {
        "sub": "me",
        "role": "ADMIN",
        "msp": "acme",
        "aud": AUDIENCE,
        "iss": "psa-ledger",
        "exp": now + timedelta(hours=1),
        **more,
    }
    return {name: value for name, value in told.items() if value is not None}


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": datetime.now(UTC) - timedelta(hours=1)},
    "without an end": {"exp": None},
    "for somebody else": {"aud": "another"},
    "from somebody else": {"iss": "another"},
    "of nobody": {"sub": None},
    "without a role": {"role": None},
    "of a worker": {"role": "WORKER"},
    "of an admin of all MSPs": {"msp": None},
    "with an MSP that is no text": {"msp": 7},
    "with a list of roles": {"role": ["ADMIN"]},
    "with an object for a role": {"role": {"ADMIN": True}},
    "with a list of MSPs": {"msp": ["acme"]},
}


@pytest.mark.parametrize("what", list(BAD_CLAIMS))
def test_a_bad_token_is_not_accepted(what: str) -> None:
    token = jwt.encode(claims(**BAD_CLAIMS[what]), KEY, algorithm="EdDSA")

    with pytest.raises(BadToken):
        LocalKey(KEY, "psa-ledger").verify(token)


def test_a_token_signed_with_another_key_is_not_accepted() -> None:
    token = jwt.encode(claims(), Ed25519PrivateKey.generate(), algorithm="EdDSA")

    with pytest.raises(BadToken):
        LocalKey(KEY, "psa-ledger").verify(token)


def test_an_unsigned_token_is_not_accepted() -> None:
    token = jwt.encode(claims(), "", algorithm="none")

    with pytest.raises(BadToken):
        LocalKey(KEY, "psa-ledger").verify(token)


def test_an_issued_token_says_who_in_which_role_and_for_whom() -> None:
    token = issue_token(
        KEY,
        subject="me",
        role=Role.AUDITOR,
        msp=MspId("acme"),
        lifetime=timedelta(minutes=1),
        now=datetime.now(UTC),
        issuer="psa-ledger",
    )

    principal = LocalKey(KEY, "psa-ledger").verify(token)

    assert (principal.subject, principal.role, principal.msp) == ("me", Role.AUDITOR, "acme")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic abc"}])
def test_without_a_valid_token_the_answer_is_401(api: Api, header: dict[str, str]) -> None:
    answer = api.post({"query": "{ viewer { subject } }"}, header)

    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_production_refuses_the_local_key(api: Api) -> None:
    settings = Settings(mode=Mode.PRODUCTION, database_url=api.database_url, client_id="ours")

    with pytest.raises(MissingSetting, match="JWKS_URL"), compose(settings, ApiSettings()):
        pass


def test_the_viewer_is_the_token(api: Api) -> None:
    assert api.admin().one("{ viewer { subject role msp } }") == {
        "subject": f"admin@{api.msp}",
        "role": "ADMIN",
        "msp": api.msp,
    }
    assert api.platform().one("{ viewer { role msp } }") == {"role": "PLATFORM", "msp": None}


ALLOWED = {
    "EVERYBODY": {"ADMIN", "AUDITOR", "PLATFORM"},
    "READERS": {"ADMIN", "AUDITOR"},
    "OVERSEERS": {"AUDITOR", "PLATFORM"},
    "ADMINS": {"ADMIN"},
    "PLATFORM": {"PLATFORM"},
}
FIELDS = {
    "EVERYBODY": [
        "{ viewer { role } }",
        "{ productLines { id } }",
        "{ serverTime }",
        "{ organizations { totalCount } }",
        "{ usage { totalCount } }",
        "{ psaConnection { status } }",
        "{ companyMappings { totalCount } }",
    ],
    "READERS": [
        "{ history { totalCount } }",
        "{ runs { totalCount } }",
        "{ exceptions { totalCount } }",
        '{ run(id: "x") { id } }',
        "{ psaCompanyTypes { id } }",
        "{ psaCompanyCount }",
        '{ monthEnd(month: "2026-01") { isClosed } }',
    ],
    "OVERSEERS": ["{ msps { totalCount } }"],
    "ADMINS": [
        "mutation { pause(input: {}) { __typename } }",
        "mutation { disconnect(input: {}) { __typename } }",
        "mutation { importCompanies(input: {}) { __typename } }",
        "mutation { syncNow(input: {}) { __typename } }",
    ],
    "PLATFORM": [
        "mutation { changeLicenses(input: {changes: []}) { __typename } }",
        'mutation { renameOrganization(input: {organization: "x", name: "y"}) { __typename } }',
    ],
}


@pytest.mark.parametrize("group", list(FIELDS))
@pytest.mark.parametrize("role", ["ADMIN", "AUDITOR", "PLATFORM"])
def test_each_role_reaches_its_fields_and_no_others(api: Api, group: str, role: str) -> None:
    caller = api.caller(Role(role), api.msp)

    denied = {query: "NotAllowed" in caller.ask(query).codes for query in FIELDS[group]}

    assert denied == dict.fromkeys(FIELDS[group], role not in ALLOWED[group])


def test_a_denied_act_records_nothing(api: Api) -> None:
    answer = api.auditor().ask(DISCONNECT, input={})

    assert answer.codes == ["NotAllowed"]
    assert api.facts() == 0


def test_another_msp_answers_as_if_it_did_not_exist(api: Api) -> None:
    registered(api, new_organization("globex"))
    stranger = api.admin("stranger")

    named = stranger.ask("query ($m: ID) { organizations(msp: $m) { totalCount } }", m=api.msp)
    nobody = stranger.ask("query ($m: ID) { organizations(msp: $m) { totalCount } }", m="nobody")
    by_id = stranger.one('{ organization(id: "globex") { id } }')
    written = stranger.ask(CHANGE_SETTINGS, input={"msp": api.msp, "holdDays": 1})

    assert (named.codes, nobody.codes, written.codes) == (["UnknownMsp"], ["UnknownMsp"], ["UnknownMsp"])
    assert by_id is None


def test_a_token_for_all_msps_names_the_one_it_means(api: Api) -> None:
    registered(api, new_organization("globex"))
    query = "query ($m: ID) { organizations(msp: $m) { totalCount } }"

    assert api.overseer().ask(query).codes == ["MspNeeded"]
    assert api.overseer().ask(query, m="nobody").codes == ["UnknownMsp"]
    assert api.overseer().one(query, m=api.msp) == {"totalCount": 1}


def test_two_msps_use_the_same_ids_apart(api: Api) -> None:
    other = Api(api.served, f"{api.msp}-other")
    registered(api, new_organization("globex"))
    registered(other, new_organization("globex", name="Another"))

    for one in (api, other):
        one.platform().one(CHANGE_LICENSES, input={"msp": one.msp, "changes": [change("c1", "globex", delta=1)]})

    assert api.admin().one('{ organization(id: "globex") { name } }') == {"name": "Globex"}
    assert other.admin().one('{ organization(id: "globex") { name } }') == {"name": "Another"}
    assert api.facts() == other.facts() == 2


def test_all_msps_are_listed_in_pages(api: Api) -> None:
    registered(api, new_organization("globex"))
    seen: list[str] = []
    after = None
    while True:
        page = api.overseer().one(
            "query ($a: String) { msps(first: 1, after: $a)"
            " { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }",
            a=after,
        )
        seen += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert api.msp in seen
    assert seen == sorted(set(seen))
    assert page["totalCount"] == len(seen)


def test_every_fact_says_who_from_where_and_in_which_request(api: Api) -> None:
    caller = Caller(api, api.platform().token, {"X-Request-Id": "req-1", "User-Agent": "billing/1.0"})

    answer = caller.ask(REGISTER, input={"msp": api.msp, "organizations": [new_organization("globex")]})

    [fact] = api.admin().one(
        "{ history { nodes { factType requestId correlationId payload actor { subject role address userAgent } } } }"
    )["nodes"]
    assert answer.headers["x-request-id"] == "req-1"
    assert fact["actor"] == {
        "subject": "platform",
        "role": "PLATFORM",
        "address": "127.0.0.1",
        "userAgent": "billing/1.0",
    }
    assert (fact["factType"], fact["requestId"], fact["correlationId"]) == (
        "organization.organization-created",
        "req-1",
        "req-1",
    )
    assert fact["payload"]["name"] == "Globex"


def test_an_odd_request_id_is_replaced(api: Api) -> None:
    caller = Caller(api, api.admin().token, {"X-Request-Id": "a b\tc"})

    answer = caller.ask("{ viewer { role } }")

    assert answer.headers["x-request-id"] != "a b\tc"


def test_too_many_aliases_and_too_long_queries_are_refused(api: Api) -> None:
    aliases = "{" + " ".join(f"a{number}: serverTime" for number in range(40)) + "}"
    tokens = "{ viewer {" + " role" * 6_000 + "} }"

    assert api.admin().ask(aliases).body["errors"]
    assert api.admin().ask(tokens).body["errors"]


def test_a_huge_request_is_refused_before_it_is_read(api: Api) -> None:
    answer = api.admin().ask("{ viewer { role } }", padding="x" * (3 * 1024 * 1024))

    assert answer.status == 413


@pytest.mark.parametrize("body", [None, 5, "x", True])
def test_a_body_that_is_no_request_is_refused_as_such(api: Api, body: object) -> None:
    token = {"Authorization": f"Bearer {api.admin().token}"}

    assert api.post(body, token).status == 400


def test_a_get_is_no_way_to_ask(api: Api) -> None:
    assert api.get("/graphql?query={serverTime}").status_code == 401


def test_a_bug_is_masked_with_an_id_and_logged_once_without_values(
    api: Api, tenant: SimulatedTenant, caplog: pytest.LogCaptureFixture
) -> None:
    connected(api, tenant)
    secret = tenant.private_key

    def broken(*_: object) -> bytes:
        raise RuntimeError(f"exploded holding {secret}")

    class BrokenTenants:
        reading = writing = company_id = broken

    caller = api.admin()
    with caplog.at_level(logging.ERROR):
        answer = api.with_tenants(BrokenTenants()).post(
            {"query": '{ psaProducts(search: "x") { id } }'}, {"Authorization": f"Bearer {caller.token}"}
        )

    [error] = answer.body["errors"]
    [logged] = [record for record in caplog.records if record.name == "psa_ledger.api"]
    assert error["extensions"]["code"] == "InternalError"
    assert error["extensions"]["errorId"] == vars(logged)["error_id"]
    assert secret not in json.dumps(answer.body) + caplog.text + JsonLines("api").format(logged)


def test_health_and_readiness_need_no_token(api: Api) -> None:
    assert api.get("/health").json() == {"status": "alive"}
    assert api.get("/ready?ask=views").json()["status"] == "ready"


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "\udfff x"])
def test_texts_that_nothing_can_hold_are_refused_wherever_they_stand(api: Api, text: str) -> None:
    escaped = json.dumps(text)

    in_variable = api.admin().ask("query ($id: ID!) { organization(id: $id) { id } }", id=text)
    in_query = api.admin().ask(f"{{ organization(id: {escaped}) {{ id }} }}")
    in_input = api.platform().ask(REGISTER, input={"msp": api.msp, "organizations": [new_organization("x", name=text)]})

    assert (in_variable.codes, in_input.codes) == (["InvalidInput"], ["InvalidInput"])
    assert in_query.body["errors"]
    assert "InternalError" not in in_query.codes
    assert api.facts() == 0
