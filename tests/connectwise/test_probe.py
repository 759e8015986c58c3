"""A connection test tells apart what can be wrong, and names each missing right with its cure."""

import httpx
import pytest

from connectwise.errors import ClientIdRefused, SiteRefused, UnknownCompany, WrongKeys, WrongSite
from connectwise.probe import LISTS_THAT_SHOW, ProbeReport, RightState, probe_connection, probe_right
from connectwise.rights import (
    AGREEMENTS_ADD,
    AGREEMENTS_EDIT,
    AGREEMENTS_INQUIRE,
    CATALOG_ADD,
    MINIMUM_ROLE,
    TABLE_SETUP_INQUIRE,
    Right,
)
from tests.connectwise import documented
from tests.connectwise.edge import KEYS, Psa, psa_answering

NOBODY = frozenset[str]()


def psa_denying(*paths: str, status: int = 403, body: object = documented.NOT_PERMITTED) -> Psa:
    def answer(request: httpx.Request) -> httpx.Response:
        if "/login/companyinfo/" in request.url.path:
            return httpx.Response(200, json={"Codebase": "v2025_1/", "IsCloud": "True"})
        path = request.url.path.partition("/apis/3.0")[2]
        return httpx.Response(status, json=body) if path in paths or "*" in paths else httpx.Response(200, json=[])

    return psa_answering(answer)


def probe(psa: Psa) -> ProbeReport:
    return probe_connection(psa.wire, "https://na.myconnectwise.net", KEYS, NOBODY)


def test_a_full_role_shows_what_was_seen_and_what_shows_only_when_used() -> None:
    report = probe(psa_denying())

    unseen = {CATALOG_ADD, AGREEMENTS_ADD, AGREEMENTS_EDIT}
    assert [(each.right, each.state) for each in report.rights] == [
        (right, RightState.SHOWN_WHEN_USED if right in unseen else RightState.GRANTED) for right in MINIMUM_ROLE
    ]
    assert report.is_usable
    assert report.address.root == "https://api-na.myconnectwise.net/v2025_1/apis/3.0"


@pytest.mark.parametrize("right", LISTS_THAT_SHOW)
def test_each_missing_inquire_right_is_named_with_its_cure(right: Right) -> None:
    report = probe(psa_denying(*LISTS_THAT_SHOW[right]))

    assert [each.right for each in report.missing] == [right]
    assert report.missing[0].cure == right.cure
    assert not report.is_usable
    assert not report.may_be_our_client_id


def test_a_setup_table_left_out_of_a_customised_right_is_named() -> None:
    report = probe(psa_denying("/procurement/categories"))

    assert [(each.right, each.refused) for each in report.missing] == [
        (TABLE_SETUP_INQUIRE, ("/procurement/categories",))
    ]


def test_a_403_to_everything_may_be_our_client_id() -> None:
    assert probe(psa_denying("*")).may_be_our_client_id


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, documented.UNAUTHORIZED, WrongKeys),
        (404, documented.NO_RECORD, WrongKeys),
        (404, documented.NO_ENDPOINT, WrongKeys),
        (400, {"code": "X", "message": "clientId is required"}, ClientIdRefused),
        (401, {"code": "X", "message": "Invalid clientId"}, ClientIdRefused),
        (403, {"code": "X", "message": "Missing clientId"}, ClientIdRefused),
        (403, documented.SSL_REQUIRED, WrongSite),
    ],
)
def test_wrong_keys_and_client_id_trouble_are_told_apart(status: int, body: object, expected: type[Exception]) -> None:
    with pytest.raises(expected):
        probe(psa_denying("*", status=status, body=body))


def test_an_unknown_company_ends_the_test_before_any_key_is_sent() -> None:
    psa = psa_answering(lambda request: httpx.Response(200, content=b"null"))

    with pytest.raises(UnknownCompany):
        probe(psa)

    assert not any("authorization" in request.headers for request in psa.requests)


def test_http_is_refused_before_anything_is_sent() -> None:
    psa = psa_denying()

    with pytest.raises(SiteRefused):
        probe_connection(psa.wire, "http://na.myconnectwise.net", KEYS, NOBODY)

    assert psa.requests == []


def test_a_probe_reads_one_record_of_each_list_and_writes_nothing() -> None:
    psa = psa_denying()

    probe(psa)

    asked = [request for request in psa.requests if "companyinfo" not in request.url.path]
    assert {request.method for request in psa.requests} == {"GET"}
    assert {request.url.params["pageSize"] for request in asked} == {"1"}
    assert len(asked) == sum(map(len, LISTS_THAT_SHOW.values()))


def test_one_whole_right_can_be_tried_again_after_a_403_on_a_record() -> None:
    assert probe_right(psa_denying().reading(), AGREEMENTS_INQUIRE).state is RightState.GRANTED
    assert probe_right(psa_denying("/finance/agreements").reading(), AGREEMENTS_INQUIRE).state is RightState.DENIED
    assert probe_right(psa_denying().reading(), AGREEMENTS_EDIT).state is RightState.SHOWN_WHEN_USED
