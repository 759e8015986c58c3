"""Clients by MSP: one for each live connection, built from what the vault keeps and used again until that changes.

The secret of a connection is its address and its keys, as JSON. It is read anew for every job, which costs one row; so
keys replaced by another process are used at once, and a destroyed secret stops everything. What is kept between jobs
is the client alone: it knows that its keys work, and the codebase that its tenant has moved to.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeVar

from connectwise.auth import Credentials
from connectwise.client import ReadingClient, WritingClient
from connectwise.discovery import Address, Site
from connectwise.exchange import Wire
from domain.values import MspId

Secrets = Callable[[MspId, int], bytes]
"""The secret of an MSP's connection number; raises what the vault raises when there is none."""

_Key = tuple[MspId, int, bytes]
C = TypeVar("C", bound=ReadingClient)

CLIENTS_KEPT = 500


class SecretUnreadable(Exception):
    """What the vault kept is no secret of a connection. The message holds no part of it."""


@dataclass(frozen=True, slots=True)
class TenantSecret:
    """Everything needed to call one tenant. `repr` shows no key."""

    address: Address
    credentials: Credentials = field(repr=False)


def secret_bytes(secret: TenantSecret) -> bytes:
    address, keys = secret.address, secret.credentials
    return json.dumps(
        {
            "login_origin": address.site.login_origin,
            "api_origin": address.site.api_origin,
            "codebase": address.codebase,
            "is_cloud": address.is_cloud,
            "company_id": keys.company_id,
            "public_key": keys.public_key,
            "private_key": keys.private_key,
        }
    ).encode()


def read_secret(stored: bytes) -> TenantSecret:
    """Raises: SecretUnreadable."""
    try:
        told = json.loads(stored)
        site = Site(login_origin=told["login_origin"], api_origin=told["api_origin"])
        return TenantSecret(
            Address(site, told["company_id"], told["codebase"], told["is_cloud"]),
            Credentials(told["company_id"], told["public_key"], told["private_key"]),
        )
    except (ValueError, KeyError, TypeError):
        raise SecretUnreadable("the stored credentials of a connection can not be read") from None


class Tenants:
    """The clients of one process. Thread-safe.

    Every method raises what `secrets` raises, and SecretUnreadable.
    """

    def __init__(self, wire: Wire, secrets: Secrets, clients_kept: int = CLIENTS_KEPT) -> None:
        self._wire = wire
        self._secrets = secrets
        self._readers: OrderedDict[_Key, ReadingClient] = OrderedDict()
        self._writers: OrderedDict[_Key, WritingClient] = OrderedDict()
        self._clients_kept = clients_kept
        self._lock = threading.Lock()

    def reading(self, msp: MspId, connection_number: int) -> ReadingClient:
        """A client that has no writing verb."""
        return self._client(self._readers, ReadingClient, msp, connection_number)

    def writing(self, msp: MspId, connection_number: int) -> WritingClient:
        return self._client(self._writers, WritingClient, msp, connection_number)

    def company_id(self, msp: MspId, connection_number: int) -> str:
        """The login company as it was typed; `Tenant` holds it in lower case."""
        return read_secret(self._secrets(msp, connection_number)).credentials.company_id

    def _client(
        self, kept: "OrderedDict[_Key, C]", make: Callable[[Wire, Address, Credentials], C], msp: MspId, number: int
    ) -> C:
        stored = self._secrets(msp, number)
        key = (msp, number, sha256(stored).digest())
        with self._lock:
            client = kept.get(key)
            if client is None:
                secret = read_secret(stored)
                client = kept[key] = make(self._wire, secret.address, secret.credentials)
            kept.move_to_end(key)
            while len(kept) > self._clients_kept:
                kept.popitem(last=False)
            return client
