"""The vault: credentials of each connection, sealed, and gone for good when it is disconnected.

Every connection has a data key of its own. It seals the secret, and a master key seals it in turn, so changing the
master key touches data keys only and destroying a secret is deleting one row. Sealed values name their row and column
as associated data: moved to another row or column they do not open.

Destroying is complete once the backups that hold the row have expired.

    VaultError
    ├── NoSecret      nothing is kept for this connection: it was destroyed, or never put
    ├── KeyMissing    the row was sealed by a master key that is not in the settings
    └── NotOpened     the bytes were altered, or moved from another place
"""

import json
import secrets
from typing import Any

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.values import MspId
from journal.master_keys import KeySource, MasterKeys
from journal.numbered_keys import KEY_BYTES

VERSION = b"\x01"
NONCE_BYTES = 12
KEY_ID_BYTES = 4
TABLE = "vault_secrets"


class VaultError(Exception):
    """A secret can not be had. No message ever holds a part of one."""


class NoSecret(VaultError):
    """Nothing is kept for this connection."""

    def __init__(self, msp: MspId, connection_number: int) -> None:
        super().__init__(f"no credentials are kept for connection {connection_number} of {msp}")


class KeyMissing(VaultError):
    """The row was sealed by a master key that is not in the settings."""

    def __init__(self, number: int) -> None:
        super().__init__(f"credentials are sealed by master key {number}, which is not in the settings")
        self.number = number


class NotOpened(VaultError):
    """The bytes were altered, or moved from another place."""


class Vault:
    """Secrets by MSP and connection number. All methods work within the caller's transaction.

    So a secret can be kept in the very transaction that records its fact (`Journal.transact(alongside=...)`).
    """

    def __init__(self, keys: KeySource) -> None:
        self._source = keys
        self._keys = keys()

    def put(self, connection: psycopg.Connection[Any], msp: MspId, connection_number: int, secret: bytes) -> None:
        """Keep a secret, in place of the one that is there."""
        master = self._with_newest()
        data_key = secrets.token_bytes(KEY_BYTES)
        connection.execute(
            "INSERT INTO vault_secrets (msp, connection_number, master_key_id, data_key, secret)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (msp, connection_number) DO UPDATE"
            " SET master_key_id = excluded.master_key_id, data_key = excluded.data_key, secret = excluded.secret",
            (
                msp,
                connection_number,
                master.newest,
                _seal(master.keys[master.newest], master.newest, _place(msp, connection_number, "data_key"), data_key),
                _seal(data_key, 0, _place(msp, connection_number, "secret"), secret),
            ),
        )

    def get(self, connection: psycopg.Connection[Any], msp: MspId, connection_number: int) -> bytes:
        """Open a secret. Raises: NoSecret, KeyMissing, NotOpened."""
        row = connection.execute(
            "SELECT data_key, secret FROM vault_secrets WHERE msp = %s AND connection_number = %s",
            (msp, connection_number),
        ).fetchone()
        if row is None:
            raise NoSecret(msp, connection_number)
        sealed_key, sealed_secret = row
        data_key = self._open_data_key(msp, connection_number, sealed_key)
        return _open(data_key, _place(msp, connection_number, "secret"), sealed_secret)

    def destroy(self, connection: psycopg.Connection[Any], msp: MspId, connection_number: int) -> bool:
        """Delete a secret and its data key. Says whether there was one; twice is no harm."""
        deleted = connection.execute(
            "DELETE FROM vault_secrets WHERE msp = %s AND connection_number = %s", (msp, connection_number)
        )
        return deleted.rowcount > 0

    def rotate(self, connection: psycopg.Connection[Any]) -> int:
        """Seal every data key anew by the newest master key. Returns how many were sealed by another one.

        Secrets stay as they are; readers go on. Afterwards no row names an older key, so those may leave the settings.
        Raises: KeyMissing, NotOpened; nothing is changed then.
        """
        self._keys = master = self._source()
        rows = connection.execute(
            "SELECT msp, connection_number, data_key FROM vault_secrets WHERE master_key_id <> %s"
            " ORDER BY msp, connection_number FOR UPDATE",
            (master.newest,),
        ).fetchall()
        for msp, number, sealed_key in rows:
            data_key = self._open_data_key(msp, number, sealed_key)
            sealed = _seal(master.keys[master.newest], master.newest, _place(msp, number, "data_key"), data_key)
            connection.execute(
                "UPDATE vault_secrets SET master_key_id = %s, data_key = %s WHERE msp = %s AND connection_number = %s",
                (master.newest, sealed, msp, number),
            )
        return len(rows)

    def key_numbers_in_use(self, connection: psycopg.Connection[Any]) -> tuple[int, ...]:
        """The master keys that rows still name, in rising order; only others may leave the settings."""
        rows = connection.execute("SELECT DISTINCT master_key_id FROM vault_secrets ORDER BY master_key_id").fetchall()
        return tuple(number for (number,) in rows)

    def _with_newest(self) -> MasterKeys:
        """Keys read anew, so that what is put after a rotation began is sealed by the new key."""
        self._keys = self._source()
        return self._keys

    def _open_data_key(self, msp: MspId, connection_number: int, sealed: bytes) -> bytes:
        number = int.from_bytes(sealed[1 : 1 + KEY_ID_BYTES])
        if number not in self._keys.keys:
            self._keys = self._source()
        if number not in self._keys.keys:
            raise KeyMissing(number)
        return _open(self._keys.keys[number], _place(msp, connection_number, "data_key"), sealed)


def _place(msp: MspId, connection_number: int, column: str) -> bytes:
    """Associated data: where a sealed value belongs, written so that no two places read alike."""
    return json.dumps([TABLE, msp, connection_number, column]).encode()


def _seal(key: bytes, key_number: int, place: bytes, plain: bytes) -> bytes:
    """Shape: version, key number, nonce, ciphertext with its tag. The first two are authenticated too."""
    head = VERSION + key_number.to_bytes(KEY_ID_BYTES)
    nonce = secrets.token_bytes(NONCE_BYTES)
    return head + nonce + AESGCM(key).encrypt(nonce, plain, head + place)


def _open(key: bytes, place: bytes, sealed: bytes) -> bytes:
    head, rest = sealed[: 1 + KEY_ID_BYTES], sealed[1 + KEY_ID_BYTES :]
    if head[:1] != VERSION or len(rest) < NONCE_BYTES:
        raise NotOpened("sealed bytes of an unknown form")
    try:
        return AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], head + place)
    except InvalidTag:
        raise NotOpened("sealed bytes were altered or moved from another place") from None
