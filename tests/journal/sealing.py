"""Keys and helpers for tests about seals: to seal, to sign with keys that are the same in every run, to tamper."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from journal.check_seals import public_text
from journal.proof import key_id_of
from journal.seal import Sealer
from journal.signing_keys import SigningKey


def signing_key(number: int) -> SigningKey:
    """A key that is the same in every run."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    return SigningKey(number, key_id_of(private.public_key()), private)


KEY, NEW_KEY, FOREIGN_KEY = signing_key(1), signing_key(2), signing_key(3)


def text_of(key: SigningKey) -> str:
    """The public key as an auditor is given it."""
    return public_text(key.public_bytes)


@contextmanager
def sealing(url: str, key: Callable[[], SigningKey] = lambda: KEY, **how: Any) -> Iterator[Sealer]:
    """A sealer that holds the lock and has read where it stands."""
    with Sealer(url, key, **how) as sealer:
        assert sealer.try_lock()
        sealer.prepare()
        yield sealer


def sealed(url: str, key: SigningKey = KEY) -> None:
    """Seal and sign what is there."""
    with sealing(url, lambda: key) as sealer:
        while sealer.seal():
            pass
        sealer.sign()


def tampered(url: str, statement: str, *parameters: object) -> None:
    """Change the database as somebody who owns the server can: past every trigger."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        changed = connection.execute(statement.encode(), parameters)
        assert changed.rowcount > 0, "nothing was tampered with"
