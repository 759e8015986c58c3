"""Tokens of an identity provider: three algorithms, keys that come and go, clocks that differ, and every forgery."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.provider_keys import (
    AGAIN_SECONDS,
    BELIEVED_SECONDS,
    FRESH_SECONDS,
    LARGEST_SET,
    BadKeySet,
    KeysUnavailable,
    ProviderKeySet,
    fetching,
    read_key_set,
)
from api.tokens import REMEMBERED_SECONDS, BadToken, Principal, ProviderKeys, Remembering
from simulator.server import running
from tests.api.tokens_made import ISSUER, Provider, claims, forged, jwk

PROVIDER = Provider()
FORGED = forged(PROVIDER)


@dataclass
class Published:
    """A provider on the network, with a clock of its own."""

    body: bytes
    now: float = 1000.0
    asked: int = 0
    is_away: bool = False

    def fetch(self) -> bytes:
        self.asked += 1
        if self.is_away:
            raise ConnectionRefusedError("away")
        return self.body

    def clock(self) -> float:
        return self.now

    def publish(self, provider: Provider) -> None:
        self.body = json.dumps(provider.published()).encode()


@pytest.fixture
def published() -> Published:
    return Published(json.dumps(PROVIDER.published()).encode())


@pytest.fixture
def keys(published: Published) -> ProviderKeys:
    return ProviderKeys(ProviderKeySet(published.fetch, published.clock), ISSUER)


@pytest.mark.parametrize("kid", ["rsa", "ec", "ed"])
def test_a_token_by_each_algorithm_is_accepted(kid: str, keys: ProviderKeys) -> None:
    assert "acme" == keys.verify(PROVIDER.token(kid)).msp


@pytest.mark.parametrize("what", list(FORGED))
def test_a_forged_token_is_not_accepted_and_not_repeated(what: str, keys: ProviderKeys) -> None:
    with pytest.raises(BadToken) as refused:
        keys.verify(FORGED[what])

    assert FORGED[what] not in str(refused.value)


def test_clocks_may_differ_by_half_a_minute(keys: ProviderKeys) -> None:
    now = datetime.now(UTC)

    keys.verify(PROVIDER.token(exp=now - timedelta(seconds=20), nbf=now + timedelta(seconds=20)))
    with pytest.raises(BadToken, match="expired"):
        keys.verify(PROVIDER.token(exp=now - timedelta(seconds=40)))


def test_a_new_key_is_learned_when_a_token_names_it(published: Published, keys: ProviderKeys) -> None:
    rotated = Provider()
    keys.verify(PROVIDER.token())
    published.publish(rotated)
    published.body = published.body.replace(b'"ed"', b'"ed2"')
    token = jwt.encode(claims(), rotated.eddsa, algorithm="EdDSA", headers={"kid": "ed2"})

    with pytest.raises(BadToken):
        keys.verify(token)
    published.now += AGAIN_SECONDS
    keys.verify(token)

    assert 2 == published.asked


def test_a_withdrawn_key_is_not_believed_for_longer_than_keys_are_fresh(
    published: Published, keys: ProviderKeys
) -> None:
    token = PROVIDER.token()
    keys.verify(token)
    published.publish(Provider())
    keys.verify(token)
    published.now += FRESH_SECONDS

    with pytest.raises(BadToken):
        keys.verify(token)


def test_made_up_key_ids_do_not_make_us_ask_again_and_again(published: Published, keys: ProviderKeys) -> None:
    for number in range(100):
        with pytest.raises(BadToken):
            keys.verify(jwt.encode(claims(), PROVIDER.eddsa, algorithm="EdDSA", headers={"kid": f"made-up-{number}"}))

    assert 1 == published.asked


def test_a_provider_that_is_away_costs_nothing_for_an_hour(published: Published, keys: ProviderKeys) -> None:
    keys.verify(PROVIDER.token())
    published.is_away = True
    published.now += BELIEVED_SECONDS - 1
    keys.verify(PROVIDER.token())
    keys.verify(PROVIDER.token())
    published.now += 1

    assert 2 == published.asked
    with pytest.raises(KeysUnavailable):
        keys.verify(PROVIDER.token())


def test_without_any_key_no_token_is_judged_until_the_provider_is_back(
    published: Published, keys: ProviderKeys
) -> None:
    published.is_away = True
    for _ in range(10):
        with pytest.raises(KeysUnavailable):
            keys.verify(PROVIDER.token())
    asked = published.asked
    published.is_away = False
    published.now += AGAIN_SECONDS

    assert (1, "acme") == (asked, keys.verify(PROVIDER.token()).msp)


UNUSABLE: dict[str, dict[str, Any]] = {
    "a short RSA key": jwk(rsa.generate_private_key(65537, 1024).public_key(), "k"),
    "another curve": jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), "k"),
    "a shared secret": {"kty": "oct", "kid": "k", "k": "c2VjcmV0", "alg": "HS256"},
    "a key for encryption": jwk(PROVIDER.rs256.public_key(), "k", use="enc"),
    "a key of another algorithm": jwk(PROVIDER.rs256.public_key(), "k", alg="RS512"),
    "a private key": {**json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(PROVIDER.eddsa)), "kid": "k"},
    "a key without an id": {key: value for key, value in jwk(PROVIDER.rs256.public_key(), "k").items() if key != "kid"},
    "a key of an unknown kind": {"kty": "XYZ", "kid": "k"},
    "a shared secret that is left out": {"kty": "oct", "kid": "k"},
    "a key for nothing": jwk(PROVIDER.eddsa.public_key(), "k", alg="none"),
    "a key for a list of uses": jwk(PROVIDER.eddsa.public_key(), "k", use=["sig"]),
    "a key of a list of algorithms": jwk(PROVIDER.eddsa.public_key(), "k", alg=["EdDSA"]),
    "a broken key": {"kty": "EC", "crv": "P-256", "x": "!", "y": "!", "kid": "k"},
}


@pytest.mark.parametrize("what", list(UNUSABLE))
def test_a_key_that_is_not_to_be_used_is_passed_over(what: str) -> None:
    good = jwk(PROVIDER.eddsa.public_key(), "good")

    assert ["good"] == list(read_key_set(json.dumps({"keys": [UNUSABLE[what], good]}).encode()))


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"keys": 7}', b"[" * 100_000, b"\xff", b'{"keys": {}}'])
def test_what_is_no_key_set_is_refused(text: bytes) -> None:
    with pytest.raises(BadKeySet):
        read_key_set(text)


@pytest.fixture(scope="module")
def provider_url() -> Iterator[str]:
    async def keys(_: Request) -> Response:
        return Response(json.dumps(PROVIDER.published()), media_type="application/json")

    async def elsewhere(_: Request) -> Response:
        return RedirectResponse("/keys")

    async def huge(_: Request) -> Response:
        return Response(b" " * (LARGEST_SET + 1))

    routes = [Route("/keys", keys), Route("/elsewhere", elsewhere), Route("/huge", huge)]
    with running(Starlette(routes=routes)) as url:
        yield url


def test_keys_are_fetched_over_http(provider_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    assert {"rsa", "ec", "ed"} == set(read_key_set(fetching(f"{provider_url}/keys")()))


@pytest.mark.parametrize("path", ["elsewhere", "huge", "missing"])
def test_a_redirect_a_huge_answer_and_an_error_are_no_keys(
    path: str, provider_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    with pytest.raises((OSError, BadKeySet)):
        fetching(f"{provider_url}/{path}")()


class Asked:
    """A verifier that counts."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.times = 0

    def verify(self, token: str) -> Principal:
        self.times += 1
        if token != "good":
            raise BadToken("no")
        return self.principal


def test_a_good_token_is_remembered_for_a_minute_and_not_beyond_its_end(keys: ProviderKeys) -> None:
    now = datetime.now(UTC)
    published = Published(b"")
    principal = keys.verify(PROVIDER.token(exp=now + timedelta(seconds=30)))
    remembering = Remembering(Asked(principal), published.clock)

    before = remembering.known("good", now)
    remembering.verify("good")
    known = remembering.known("good", now)
    ended = remembering.known("good", now + timedelta(minutes=2))
    published.now += REMEMBERED_SECONDS + 1
    later = remembering.known("good", now)

    assert (None, principal, None, None) == (before, known, ended, later)


def test_a_bad_token_is_not_remembered(keys: ProviderKeys) -> None:
    remembering = Remembering(keys)

    with pytest.raises(BadToken):
        remembering.verify("nonsense")

    assert None is remembering.known("nonsense", datetime.now(UTC))
