"""Tokens that somebody could send: good ones by three algorithms, and forged, old and misdirected ones."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.tokens import AUDIENCE

ISSUER = "https://id.example/tenant"
HUGE = b'{"alg": ' + b"9" * 5000 + b"}"


def claims(**more: Any) -> dict[str, Any]:
    """The claims of a good token; None takes one away."""
    now = datetime.now(UTC)
    told = {
        "sub": "me",
        "role": "ADMIN",
        "msp": "acme",
        "aud": AUDIENCE,
        "iss": ISSUER,
        "iat": now,
        "exp": now + timedelta(hours=1),
        **more,
    }
    return {name: value for name, value in told.items() if value is not None}


@dataclass
class Provider:
    """An identity provider's keys: one of each kind that is believed, and what it publishes."""

    rs256: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    es256: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    eddsa: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def published(self) -> dict[str, Any]:
        return {
            "keys": [
                jwk(self.rs256.public_key(), "rsa", alg="RS256", use="sig"),
                jwk(self.es256.public_key(), "ec"),
                jwk(self.eddsa.public_key(), "ed", alg="EdDSA"),
            ]
        }

    def token(self, kid: str = "ed", **more: Any) -> str:
        key, algorithm = self._by_id(kid)
        return jwt.encode(claims(**more), key, algorithm=algorithm, headers={"kid": kid})

    def _by_id(self, kid: str) -> tuple[Any, str]:
        return {"rsa": (self.rs256, "RS256"), "ec": (self.es256, "ES256"), "ed": (self.eddsa, "EdDSA")}[kid]


def jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    kinds: dict[str, Callable[..., Any]] = {
        "RSAPublicKey": jwt.algorithms.RSAAlgorithm.to_jwk,
        "ECPublicKey": jwt.algorithms.ECAlgorithm.to_jwk,
        "Ed25519PublicKey": jwt.algorithms.OKPAlgorithm.to_jwk,
    }
    return {**json.loads(kinds[type(key).__name__](key)), "kid": kid, **more}


def b64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def signed_by_hand(header: Mapping[str, Any], body: Mapping[str, Any], secret: bytes) -> str:
    """HS256 with any secret, as no library lets one do it."""
    dated = {name: value.timestamp() if isinstance(value, datetime) else value for name, value in body.items()}
    signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(dated).encode())}"
    return f"{signed}.{b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def pem(key: Any) -> bytes:
    public: bytes = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return public


def forged(provider: Provider) -> dict[str, str]:
    """Tokens that must all be refused, by what is wrong with them."""
    long_ago, tomorrow = datetime.now(UTC) - timedelta(hours=2), datetime.now(UTC) + timedelta(days=1)
    good_head, good_body, good_signature = provider.token().split(".")
    other_body = b64(json.dumps({**json.loads(base64.urlsafe_b64decode(good_body + "==")), "msp": "globex"}).encode())
    stranger = Provider()
    return {
        "expired": provider.token(exp=long_ago),
        "without an end": provider.token(exp=None),
        "not begun": provider.token(nbf=tomorrow, exp=tomorrow + timedelta(hours=1)),
        "issued in the future": provider.token(iat=tomorrow, exp=tomorrow + timedelta(hours=1)),
        "of another issuer": provider.token(iss="https://id.example/other"),
        "of no issuer": provider.token(iss=None),
        "for another audience": provider.token(aud="another"),
        "for no audience": provider.token(aud=None),
        "of nobody": provider.token(sub=None),
        "of a subject that is no text": jwt.encode(
            claims(sub=None) | {"sub": ["me"]}, provider.eddsa, algorithm="EdDSA", headers={"kid": "ed"}
        ),
        "without a role": provider.token(role=None),
        "of a role that no token has": provider.token(role="WORKER"),
        "of a role that is none": provider.token(role="ROOT"),
        "of an admin of all MSPs": provider.token(msp=None),
        "of an MSP that is no text": provider.token(msp=7),
        "of an MSP of control characters": provider.token(msp="a\nb"),
        "with an end beyond all calendars": provider.token(exp=10**18),
        "alg none": jwt.encode(claims(), "", algorithm="none", headers={"kid": "ed"}),
        "alg none in capitals": f"{b64(json.dumps({'alg': 'NONE', 'kid': 'ed'}).encode())}.{good_body}.",
        "with its signature cut off": f"{good_head}.{good_body}.",
        "with another body": f"{good_head}.{other_body}.{good_signature}",
        "HS256 with the RSA key as its secret": signed_by_hand(
            {"alg": "HS256", "typ": "JWT", "kid": "rsa"}, claims(), pem(provider.rs256.public_key())
        ),
        "HS256 with the Ed25519 key as its secret": signed_by_hand(
            {"alg": "HS256", "typ": "JWT", "kid": "ed"}, claims(), pem(provider.eddsa.public_key())
        ),
        "by RSA, under the id of the EC key": jwt.encode(
            claims(), provider.rs256, algorithm="RS256", headers={"kid": "ec"}
        ),
        "by another key under a known id": jwt.encode(
            claims(), stranger.eddsa, algorithm="EdDSA", headers={"kid": "ed"}
        ),
        "by a key that is not published": jwt.encode(
            claims(), stranger.eddsa, algorithm="EdDSA", headers={"kid": "another"}
        ),
        "without a key id": jwt.encode(claims(), provider.eddsa, algorithm="EdDSA"),
        "with its own key in its header": jwt.encode(
            claims(),
            stranger.eddsa,
            algorithm="EdDSA",
            headers={"kid": "x", "jwk": jwk(stranger.eddsa.public_key(), "x"), "jku": "https://evil.example/keys"},
        ),
        "by another strength of a known key": jwt.encode(
            claims(), provider.rs256, algorithm="RS512", headers={"kid": "rsa"}
        ),
        "with a critical extension": jwt.encode(
            claims(), provider.eddsa, algorithm="EdDSA", headers={"kid": "ed", "crit": ["x"], "x": 1}
        ),
        "with a header of brackets": f"{b64(b'[' * 4000)}.{good_body}.{good_signature}",
        "with a header of a huge number": f"{b64(HUGE)}.{good_body}.{good_signature}",
        "with a header that is no JSON": f"{b64(bytes(range(200, 256)))}.{good_body}.{good_signature}",
        "of one part": good_head,
        "of five parts": f"{good_head}.{good_body}.{good_signature}.{good_body}.{good_body}",
        "too long": "a" * 10_000,
        "no token": "nonsense",
    }
