"""Who we are to the PSA: the MSP's API keys, our clientId, and the model version that we understand."""

from base64 import b64encode
from dataclasses import dataclass, field

MODEL_VERSION = "2026.4"
ACCEPT = f"application/vnd.connectwise.com+json; version={MODEL_VERSION}"
"""A model stays supported for 12 months after it is replaced. Source: api-facts §1.9."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API member's keys for one login company.

    Raises: ValueError for an empty part or a character that the Basic scheme would split at.

    >>> Credentials("acme_msp", "public", "private")
    Credentials(…)
    """

    company_id: str = field(repr=False)
    public_key: str = field(repr=False)
    private_key: str = field(repr=False)

    def __post_init__(self) -> None:
        for name, value, splitters in (
            ("company id", self.company_id, "+:"),
            ("public key", self.public_key, ":"),
            ("private key", self.private_key, ""),
        ):
            if not value or not value.isascii() or not value.isprintable() or any(c.isspace() for c in value):
                raise ValueError(f"the {name} must be printable text without spaces")
            if any(c in value for c in splitters):
                raise ValueError(f"the {name} can not contain any of {splitters!r}")

    def __repr__(self) -> str:
        return "Credentials(…)"


def anonymous_headers(client_id: str) -> dict[str, str]:
    """What discovery sends: it needs no keys."""
    return {"Accept": "application/json", "clientId": client_id}


def signed_headers(credentials: Credentials, client_id: str) -> dict[str, str]:
    """Source: api-facts §2.1, §2.2: Basic `companyId+publicKey:privateKey`, and the clientId on every call."""
    identity = f"{credentials.company_id}+{credentials.public_key}:{credentials.private_key}"
    return {
        "Authorization": "Basic " + b64encode(identity.encode()).decode(),
        "clientId": client_id,
        "Accept": ACCEPT,
    }
