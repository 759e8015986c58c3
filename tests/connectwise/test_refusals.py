"""Which error a 4xx becomes, by status and body as they were seen in the field."""

import json
from collections.abc import Callable
from urllib.parse import quote

import httpx
import pytest

from connectwise.auth import signed_headers
from connectwise.errors import (
    AlreadyExists,
    ClientIdRefused,
    FrontRefused,
    Later,
    Never,
    NotFound,
    PsaError,
    Reason,
    RecordInUse,
    RequestRefused,
    RightMissing,
    WrongKeys,
    WrongSite,
)
from connectwise.exchange import Answer
from connectwise.refusals import refusal
from connectwise.rights import AGREEMENTS_EDIT, AGREEMENTS_INQUIRE, MINIMUM_ROLE
from connectwise.words import secrets_of
from tests.connectwise import documented
from tests.connectwise.edge import KEYS


def meaning(status: int, json: object = None, html: str | None = None) -> PsaError:
    answer = httpx.Response(status, json=json) if html is None else httpx.Response(status, html=html)
    return refusal(Answer(status, answer.headers, answer.content), AGREEMENTS_EDIT)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, documented.UNAUTHORIZED, WrongKeys),
        (401, {"code": "Unauthorized", "message": "Incorrect public/private key"}, WrongKeys),
        (403, documented.NOT_PERMITTED, RightMissing),
        (401, documented.SSL_REQUIRED, WrongSite),
        (403, documented.SSL_REQUIRED, WrongSite),
        (400, {"code": "X", "message": "The clientId header is missing"}, ClientIdRefused),
        (401, {"code": "X", "message": "invalid client id"}, ClientIdRefused),
        (403, {"code": "InvalidClientId", "message": "no"}, ClientIdRefused),
        (404, documented.NO_RECORD, NotFound),
        (404, documented.NO_ENDPOINT, WrongSite),
        (400, documented.INVOICED, RequestRefused),
        (400, documented.DUPLICATE, AlreadyExists),
        (400, {"code": "ApiFindCondition", "message": "x is not a recognized name."}, RequestRefused),
        (405, {"code": "X", "message": "no"}, RequestRefused),
        (409, {"code": "X", "message": "in use"}, RecordInUse),
        (415, {"code": "X", "message": "no"}, RequestRefused),
    ],
)
def test_a_documented_body_becomes_its_error(status: int, body: object, expected: type[PsaError]) -> None:
    assert type(meaning(status, json=body)) is expected


@pytest.mark.parametrize("status", [400, 403, 404, 409, 451])
def test_a_page_of_a_firewall_is_not_taken_for_the_psa(status: int) -> None:
    error = meaning(status, html="<title>Attention Required! | Cloudflare</title>")

    assert type(error) is FrontRefused
    assert error.verdict == Later()


def test_a_401_means_wrong_keys_whatever_page_it_shows() -> None:
    assert type(meaning(401, html="<h1>Unauthorized</h1>")) is WrongKeys


def test_every_inner_reason_is_kept() -> None:
    error = meaning(400, json=documented.INVOICED)

    assert isinstance(error, RequestRefused)
    assert error.reasons == (
        Reason("InvalidField", documented.ALREADY_INVOICED[:300], "effectiveDate"),
        Reason("OutOfRange", "The field x must be between 1 and 2.", "x"),
    )
    assert error.message.startswith("addition object is invalid: Since this period has already been invoiced")
    assert (error.status, error.code, error.verdict) == (400, "InvalidObject", Never())


@pytest.mark.parametrize("errors", [None, [], "text", [None, 5, {}], [{"code": 5, "message": None}]])
def test_odd_inner_errors_do_not_hide_the_refusal(errors: object) -> None:
    error = meaning(400, json={"code": "InvalidObject", "message": "bad", "errors": errors})

    assert type(error) is RequestRefused
    assert error.message.startswith("bad")


def test_a_missing_right_names_itself_and_where_to_grant_it() -> None:
    error = meaning(403, json=documented.NOT_PERMITTED)

    assert isinstance(error, RightMissing)
    assert error.right == AGREEMENTS_EDIT
    assert "System › Security Roles › your role › Finance › Agreements: set Edit to All" in error.message


def test_long_and_unprintable_words_are_made_fit_for_a_log() -> None:
    error = meaning(400, json={"code": "X", "message": "a\nb\x1b[31m" + "c" * 5000})

    assert error.message.isprintable()
    assert len(error.message) <= 300


def test_many_long_reasons_make_no_long_message() -> None:
    reasons = [{"code": "X", "message": "c" * 5000}] * 20

    error = meaning(400, json={"code": "X", "message": "a" * 5000, "errors": reasons})

    assert isinstance(error, RequestRefused)
    assert len(error.message) <= 500
    assert len(error.reasons) == 20


SECRETS = secrets_of(signed_headers(KEYS, "our-client-id"))


@pytest.mark.parametrize("spelt", [lambda text: text, str.upper, lambda text: quote(text, safe="")])
@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_key_that_a_server_repeats_is_in_no_message(status: int, secret: str, spelt: Callable[[str], str]) -> None:
    told = f"{'x' * 290}{spelt(secret)} and {spelt(secret)}"
    reason = {"code": told[290:], "message": told[280:], "field": told[290:]}
    body = json.dumps({"code": told[290:], "message": told, "errors": [reason]}).encode()

    error = refusal(Answer(status, {}, body, SECRETS), AGREEMENTS_EDIT)

    shown = f"{error} {error!r} {vars(error)}".lower()
    assert spelt(secret)[:12].lower() not in shown


def test_every_part_of_a_signature_is_a_secret() -> None:
    basic = signed_headers(KEYS, "our-client-id")["Authorization"].removeprefix("Basic ")

    assert set(SECRETS) == {
        basic,
        "Acme_MSP+publicKey0001:privateKey0001",
        "publicKey0001",
        "privateKey0001",
        "our-client-id",
    }


def test_the_minimum_role_is_the_one_of_the_help_pages() -> None:
    assert [str(right) for right in MINIMUM_ROLE] == [
        "Company Maintenance: Inquire",
        "Table Setup: Inquire",
        "Product Catalog: Inquire",
        "Product Catalog: Add",
        "Agreements: Inquire",
        "Agreements: Add",
        "Agreements: Edit",
    ]
    assert AGREEMENTS_INQUIRE.cure == "System › Security Roles › your role › Finance › Agreements: set Inquire to All"
