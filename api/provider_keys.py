"""The public keys of an identity provider (JWKS): fetched when needed, kept, and never waited for twice.

Keys are fetched anew when they are five minutes old, or when a token names one that is not there: that is how a
provider's new key is learned. However many tokens with made-up key ids come, one fetch in `AGAIN_SECONDS` is made for
them, by one thread, while the others are answered from what is known. A provider that does not answer costs nothing
for an hour: its last keys go on being believed, and no longer, because a key may have been withdrawn meanwhile.

Why not PyJWT's own client: it holds every request behind one lock for as long as a slow provider takes, and refuses
all tokens once its cache is old and the provider is away.
"""

import json
import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from typing_extensions import override

LOG = logging.getLogger("psa_ledger.tokens")

FRESH_SECONDS = 300.0
AGAIN_SECONDS = 10.0
BELIEVED_SECONDS = 3600.0
FETCH_SECONDS = 10.0
LARGEST_SET = 256 * 1024
MOST_KEYS = 64
SHORTEST_RSA_BITS = 2048
ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})

Fetch = Callable[[], bytes]


class KeysUnavailable(Exception):
    """The provider's keys can not be had, so no token can be judged now. No token's fault."""


class BadKeySet(Exception):
    """What the provider publishes is no key set that we can use."""


class ProviderKeySet:
    """Keys by id. Thread-safe; `key` may ask the network, once for all threads."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._fetching = threading.Lock()

    def key(self, key_id: str) -> jwt.PyJWK | None:
        """The signing key of that id; None when the provider does not publish it.

        Raises: KeysUnavailable.
        """
        if self._fetched_at is None:
            with self._fetching:  # the first ones wait for each other: nobody can be answered without any key
                if self._fetched_at is None:
                    self._try_to_fetch()
        elif self._clock() - self._fetched_at >= FRESH_SECONDS or key_id not in self._keys:
            self._fetch_unless_others_do()
        if self._fetched_at is None or self._clock() - self._fetched_at >= BELIEVED_SECONDS:
            raise KeysUnavailable("the identity provider's keys can not be had")
        return self._keys.get(key_id)

    def _fetch_unless_others_do(self) -> None:
        if self._fetching.acquire(blocking=False):
            try:
                self._try_to_fetch()
            finally:
                self._fetching.release()

    def _try_to_fetch(self) -> None:
        """Fetch, unless that was tried a moment ago; what fails is logged and leaves the known keys as they are."""
        now = self._clock()
        if self._tried_at is not None and now - self._tried_at < AGAIN_SECONDS:
            return
        self._tried_at = now
        try:
            self._keys = read_key_set(self._fetch())
        except (OSError, HTTPException, BadKeySet) as error:
            LOG.error("the identity provider's keys can not be fetched: %s", type(error).__name__)
        else:
            self._fetched_at = self._tried_at = self._clock()


def read_key_set(text: bytes) -> dict[str, jwt.PyJWK]:
    """The usable signing keys of a JWKS: with an id, for RS256, ES256 or EdDSA, strong enough. Others are passed over.

    Raises: BadKeySet when it is no key set.
    """
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadKeySet("no JSON") from error
    listed = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(listed, list):
        raise BadKeySet("no list of keys")
    found = {}
    for each in listed[:MOST_KEYS]:
        if isinstance(each, dict) and _is_of_our_kind(each):
            try:
                key = jwt.PyJWK(each)
            except (jwt.PyJWTError, ValueError, TypeError):
                continue  # a key of a kind that we do not use
            if key.algorithm_name in ALGORITHMS and _is_public_and_strong(key):
                found[each["kid"]] = key
    return found


def _is_of_our_kind(listed: Mapping[str, Any]) -> bool:
    """By what the key says of itself, which may be anything: PyJWT is asked only about kinds that it has to know."""
    return (
        isinstance(listed.get("kid"), str)
        and listed.get("kty") in ("RSA", "EC", "OKP")
        and listed.get("use") in (None, "sig")
        and listed.get("alg") in (None, *ALGORITHMS)
    )


def _is_public_and_strong(key: jwt.PyJWK) -> bool:
    if isinstance(key.key, RSAPublicKey):
        return key.key.key_size >= SHORTEST_RSA_BITS
    return hasattr(key.key, "public_bytes")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    @override
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """A redirect is an error: keys come from the address in the settings or not at all."""


def fetching(url: str, clock: Callable[[], float] = time.monotonic) -> Fetch:
    """How to get the key set from an address: bounded in size and time, without redirects.

    Shape of what it raises: OSError, http.client.HTTPException, BadKeySet.
    """
    opener = urllib.request.build_opener(_NoRedirects)

    def fetch() -> bytes:
        ends_at = clock() + FETCH_SECONDS
        request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - https, by the settings
        received = b""
        with opener.open(request, timeout=FETCH_SECONDS / 2) as response:
            while piece := response.read1(16 * 1024):
                received += piece
                if len(received) > LARGEST_SET or clock() > ends_at:
                    raise BadKeySet("the key set is too large or too slow")
        return received

    return fetch
