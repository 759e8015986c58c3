"""Testing a connection right by right, before anything of it is stored.

Wrong site, wrong company and wrong keys end the test with their own error; rights are listed one by one, each with
what to tick in ConnectWise. Inquire rights show by reading one record of a list. Add and Edit rights can only be seen
by using them (api-facts §2.9), and the list says so. Nothing is ever written by a test.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from connectwise.auth import Credentials
from connectwise.client import ReadingClient
from connectwise.discovery import Address, discover, site_of
from connectwise.errors import RightMissing
from connectwise.exchange import Wire
from connectwise.rights import (
    AGREEMENTS_INQUIRE,
    CATALOG_INQUIRE,
    COMPANIES_INQUIRE,
    MINIMUM_ROLE,
    TABLE_SETUP_INQUIRE,
    Right,
)


class RightState(StrEnum):
    GRANTED = "GRANTED"
    DENIED = "DENIED"
    SHOWN_WHEN_USED = "SHOWN_WHEN_USED"


@dataclass(frozen=True, slots=True)
class ProbedRight:
    """`refused` names the lists that were denied; a customised Table Setup can deny some of its tables only."""

    right: Right
    state: RightState
    refused: tuple[str, ...] = ()

    @property
    def cure(self) -> str:
        """What to tick in ConnectWise, in its own menu words."""
        return self.right.cure


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """Shape: `rights` in the order of the minimum role, each once."""

    address: Address
    rights: tuple[ProbedRight, ...]

    @property
    def missing(self) -> tuple[ProbedRight, ...]:
        return tuple(each for each in self.rights if each.state is RightState.DENIED)

    @property
    def is_usable(self) -> bool:
        return not self.missing

    @property
    def may_be_our_client_id(self) -> bool:
        """Whether nothing at all could be read: some systems answer a bad clientId with 403, like a missing right."""
        return not any(each.state is RightState.GRANTED for each in self.rights)


LISTS_THAT_SHOW: Final[dict[Right, tuple[str, ...]]] = {
    COMPANIES_INQUIRE: ("/company/companies",),
    TABLE_SETUP_INQUIRE: (
        "/company/companies/types",
        "/company/companies/statuses",
        "/procurement/categories",
        "/procurement/subcategories/",
        "/procurement/types",
    ),
    CATALOG_INQUIRE: ("/procurement/catalog",),
    AGREEMENTS_INQUIRE: ("/finance/agreements",),
}
"""Which lists show an Inquire right. Every table that we read is asked for: they can be given table by table."""


def probe_connection(
    wire: Wire, site_url: str, credentials: Credentials, allowed_origins: frozenset[str]
) -> ProbeReport:
    """Find the tenant and try every right that can be tried.

    Raises: SiteRefused, WrongSite, UnknownCompany, WrongKeys, ClientIdRefused, Unreachable, and as any read.
    """
    address = discover(wire, site_of(site_url, allowed_origins), credentials.company_id)
    client = ReadingClient(wire, address, credentials)
    rights = tuple(probe_right(client, right) for right in MINIMUM_ROLE)
    return ProbeReport(client.address, rights)


def probe_right(client: ReadingClient, right: Right) -> ProbedRight:
    """Try one whole right: the answer to "is it this record, or are we locked out?" after a 403.

    Raises: as any read; a denied right is an answer, not an error.
    """
    lists = LISTS_THAT_SHOW.get(right, ())
    refused = tuple(path for path in lists if not _may_read(client, path, right))
    if refused:
        return ProbedRight(right, RightState.DENIED, refused)
    return ProbedRight(right, RightState.GRANTED if lists else RightState.SHOWN_WHEN_USED)


def _may_read(client: ReadingClient, path: str, right: Right) -> bool:
    try:
        client.touch(path, right)
    except RightMissing:
        return False
    return True
