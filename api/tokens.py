"""Who is asking: bearer tokens, verified with an identity provider's keys or, in demo and tests, with a local one.

A token says who (`sub`), in which role (`role`) and for which MSP (`msp`; absent means all, which an ADMIN can not be).
It is signed, meant for us (`aud`) and expires. Token times are real time, also where the ledger's clock is moved.
"""

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from api.provider_keys import ProviderKeySet
from domain.values import MspId
from journal.entry import Role

AUDIENCE = "psa-ledger"
LOCAL_ALGORITHM = "EdDSA"
LEEWAY = timedelta(seconds=30)
"""By how much the clocks of issuer and verifier may differ."""
LONGEST_TOKEN = 8192
REMEMBERED_SECONDS = 60.0
MOST_REMEMBERED = 10_000
_UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)
"""What PyJWT raises for tokens that somebody made to break it: odd JSON leaves it as it comes."""
TOKEN_ROLES = frozenset({Role.ADMIN, Role.AUDITOR, Role.PLATFORM})


class BadToken(Exception):
    """A token is missing, forged, expired or not meant for us. The message never repeats the token."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a verified token stands for, and until when. `msp` None means every MSP; an ADMIN always has one."""

    subject: str
    role: Role
    msp: MspId | None
    expires_at: datetime

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at + LEEWAY <= now


class Verifier(Protocol):
    def verify(self, token: str) -> Principal:
        """Raises: BadToken. May ask the network: call it in a thread."""
        ...


class LocalKey:
    """A key pair of our own: issues and verifies tokens in demo and tests."""

    def __init__(self, key: Ed25519PrivateKey, issuer: str) -> None:
        self._key = key
        self._public: Ed25519PublicKey = key.public_key()
        self._issuer = issuer

    def __repr__(self) -> str:
        return "LocalKey(…)"

    def verify(self, token: str) -> Principal:
        return _verified(token, self._public, (LOCAL_ALGORITHM,), self._issuer)

    def issue(self, *, subject: str, role: Role, msp: MspId | None, lifetime: timedelta) -> str:
        """Raises: ValueError for what `verify` would not accept."""
        return issue_token(
            self._key,
            subject=subject,
            role=role,
            msp=msp,
            lifetime=lifetime,
            issuer=self._issuer,
            now=datetime.now(UTC),
        )


class ProviderKeys:
    """Verifies tokens with the public keys that an identity provider publishes (`provider_keys`).

    A token names its key, and is verified by that key's own algorithm: what else the token asks for does not matter.
    """

    def __init__(self, keys: ProviderKeySet, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer

    def verify(self, token: str) -> Principal:
        key_id = _header_of(token).get("kid")
        if not isinstance(key_id, str):
            raise BadToken("the token names no signing key")
        key = self._keys.key(key_id)
        if key is None:
            raise BadToken("the token's signing key is not known")
        return _verified(token, key.key, (key.algorithm_name,), self._issuer)


class Remembering:
    """Remembers for a minute which tokens were good: a client sends the same one with every request.

    A token is remembered by its digest and never beyond its end. Thread-safe: dictionaries are, one step at a time.
    """

    def __init__(self, verifier: Verifier, clock: Callable[[], float] = time.monotonic) -> None:
        self._verifier = verifier
        self._clock = clock
        self._good: dict[bytes, tuple[float, Principal]] = {}

    def known(self, token: str, now: datetime) -> Principal | None:
        """Whom the token stands for, if that was found out a moment ago. Asks nobody."""
        found = self._good.get(_digest(token))
        if found is None or found[0] < self._clock() or found[1].has_expired(now):
            return None
        return found[1]

    def verify(self, token: str) -> Principal:
        principal = self._verifier.verify(token)
        if len(self._good) >= MOST_REMEMBERED:
            self._good.clear()
        self._good[_digest(token)] = (self._clock() + REMEMBERED_SECONDS, principal)
        return principal


def issue_token(
    key: Ed25519PrivateKey,
    *,
    subject: str,
    role: Role,
    msp: MspId | None,
    lifetime: timedelta,
    now: datetime,
    issuer: str,
) -> str:
    """Sign a token.

    Units: `now` is real time, aware; `lifetime` positive.
    Raises: ValueError for an ADMIN of no MSP, a role that no token carries, or a lifetime that is over at once.
    """
    expires_at = now + lifetime
    named = {"sub": subject, "role": role.value, "exp": expires_at.timestamp()}
    principal = _principal(named if msp is None else {**named, "msp": msp})
    if lifetime <= timedelta(0):
        raise ValueError("a token lives longer than no time")
    claims: dict[str, Any] = {
        "sub": principal.subject,
        "role": principal.role.value,
        "aud": AUDIENCE,
        "iss": issuer,
        "iat": now,
        "exp": expires_at,
    }
    if msp is not None:
        claims["msp"] = msp
    return jwt.encode(claims, key, algorithm=LOCAL_ALGORITHM)


def create_local_key(path: Path) -> None:
    """Write a new key, readable by the owner alone; a key that is there already is kept."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)


def read_local_key(path: Path) -> Ed25519PrivateKey:
    """Raises: OSError, ValueError when the file holds no Ed25519 key."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key")
    return key


def _header_of(token: str) -> dict[str, Any]:
    """What the token says of itself, not verified. Raises: BadToken."""
    if len(token) > LONGEST_TOKEN:
        raise BadToken("the token is too long")
    try:
        return jwt.get_unverified_header(token)
    except _UNREADABLE as error:
        raise BadToken("the token is not valid") from error


def _verified(token: str, key: Any, algorithms: tuple[str, ...], issuer: str) -> Principal:
    if len(token) > LONGEST_TOKEN:
        raise BadToken("the token is too long")
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=list(algorithms),
            audience=AUDIENCE,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "aud", "iss", "sub"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise BadToken("the token has expired") from error
    except _UNREADABLE as error:
        raise BadToken("the token is not valid") from error
    try:
        return _principal(claims)
    except ValueError as error:
        raise BadToken(str(error)) from error


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def _principal(claims: Mapping[str, Any]) -> Principal:
    subject, role, msp = claims.get("sub"), claims.get("role"), claims.get("msp")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 200 or not subject.isprintable():
        raise ValueError("the token names nobody")
    if not isinstance(role, str) or role not in {known.value for known in TOKEN_ROLES}:
        raise ValueError("the token has no role that we know")
    if msp is not None and (not isinstance(msp, str) or not 1 <= len(msp) <= 200 or not msp.isprintable()):
        raise ValueError("the token's MSP is no id")
    if msp is None and role == Role.ADMIN.value:
        raise ValueError("an admin's token names its MSP")
    try:
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise ValueError("the token's end is no time") from None
    return Principal(subject, Role(role), None if msp is None else MspId(msp), expires_at)
