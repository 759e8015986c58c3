"""Who is calling: the login company and the API member behind a Basic header.

`Authorization: Basic base64(companyId + "+" + publicKey + ":" + privateKey)`. Whatever is wrong with it gets the same
answer, so that nothing can be learned about which part was wrong.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping

from simulator.errors import Refused, refused
from simulator.switches import Switches
from simulator.tenant import ApiKey, Tenant

BODIES = {
    "unauthorized": ("Unauthorized", "Incorrect company id, public key or private key."),
    "user_not_authenticated": ("ConnectWiseApi", "UserNotAuthenticated"),
    "incorrect_key": ("Unauthorized", "Incorrect public/private key"),
}


def not_authenticated(switches: Switches) -> Refused:
    if switches.wrong_keys_status == 404:
        return refused(404, "ConnectWiseApi", "The endpoint does not exist.")
    code, message = BODIES[switches.wrong_keys_body]
    return refused(401, code, message)


def read_header(header: str) -> tuple[str, str, str] | None:
    """Company id, public and private key; None when the header is not of the form."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, colon, private = decoded.partition(":")
    company_id, plus, public = user.partition("+")
    return (company_id, public, private) if colon and plus else None


def named_company(header: str) -> str | None:
    """The login company id that a header names, whatever its keys are worth."""
    parts = read_header(header)
    return None if parts is None else parts[0]


def authenticate(tenants: Mapping[str, Tenant], header: str, fallback: Switches) -> tuple[Tenant, ApiKey]:
    """The caller's tenant and key; `tenants` is keyed by company id in lower case.

    Raises: Refused (401, or 404 where the tenant answers so) for anything else than a key of the company.
    """
    parts = read_header(header)
    tenant = None if parts is None else tenants.get(parts[0].lower())
    if parts is None or tenant is None:
        raise not_authenticated(fallback)
    if tenant.switches.company_id_case_sensitive and parts[0] != tenant.company_id:
        raise not_authenticated(tenant.switches)
    key = tenant.keys.get(parts[1])
    if key is None or not hmac.compare_digest(key.private.encode(), parts[2].encode()):
        raise not_authenticated(tenant.switches)
    return tenant, key
