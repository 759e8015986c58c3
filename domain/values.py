"""The small values every room speaks in: identities, billing months, quantities.

Identities are text given by the vendor or by ConnectWise; a `NewType` keeps one kind from being taken for another.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NewType, Self

MspId = NewType("MspId", str)
OrganizationId = NewType("OrganizationId", str)
ChangeId = NewType("ChangeId", str)
RunId = NewType("RunId", str)
PushId = NewType("PushId", str)
LineId = NewType("LineId", str)
"""One line of the vendor's catalogue, for example `network`."""
PlanId = NewType("PlanId", str)
"""Plan within a product line, for example `network-core`; unique over the whole catalogue."""
PsaCompanyId = NewType("PsaCompanyId", int)
PsaAgreementId = NewType("PsaAgreementId", int)
PsaProductId = NewType("PsaProductId", int)
PsaAdditionId = NewType("PsaAdditionId", int)

CENT = Decimal("0.01")

FIRST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
"""Where billing months begin; nothing is effective earlier."""

CLOSE_DELAY = timedelta(minutes=30)
"""A month is closed this long after it ended: 00:30 UTC on day 1."""


class Component(StrEnum):
    """What is counted within a plan."""

    LICENSE = "LICENSE"
    SERVER = "SERVER"


class LicenseType(StrEnum):
    """`PAID` is billed; `TRIAL` and `NFR` (not for resale) are counted and shown, billed as 0."""

    PAID = "PAID"
    TRIAL = "TRIAL"
    NFR = "NFR"


class Management(StrEnum):
    """Who manages an organization. Only one managed by an MSP can be mapped."""

    MSP = "MSP"
    SELF = "SELF"


class Rule(StrEnum):
    """How a month's timeline becomes one number (design §4)."""

    CURRENT = "CURRENT"
    PEAK = "PEAK"
    AVERAGE = "AVERAGE"


class DriftPolicy(StrEnum):
    """What the month-end close does with a quantity edited by hand in the PSA."""

    OVERWRITE = "OVERWRITE"
    KEEP = "KEEP"
    HOLD = "HOLD"


def round_quantity(value: Decimal) -> Decimal:
    """Round to the two decimals in which quantities are compared.

    Units: half up, so 0.005 becomes 0.01; negative halves move away from zero.
    """
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def same_quantity(left: Decimal, right: Decimal) -> bool:
    """Whether two quantities are equal once rounded to two decimals."""
    return round_quantity(left) == round_quantity(right)


@dataclass(frozen=True, slots=True, order=True)
class BillingMonth:
    """A calendar month in UTC, half-open: it begins at its first instant and ends before the next one's.

    Units: written `2026-11`; years 2000 to 9998.
    Raises: ValueError for a malformed month.

    >>> BillingMonth.parse("2026-11").next()
    BillingMonth(year=2026, month=12)
    >>> str(BillingMonth(2026, 12).next())
    '2027-01'
    """

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (2000 <= self.year <= 9998 and 1 <= self.month <= 12):
            raise ValueError(f"not a billing month: {self.year:04d}-{self.month:02d}")

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(*_numbers_of_month(text))

    @classmethod
    def of(cls, instant: datetime) -> Self:
        """The month that holds an aware instant."""
        utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
        return cls(utc.year, utc.month)

    @property
    def begins_at(self) -> datetime:
        return _first_instant(self.year, self.month)

    @property
    def ends_at(self) -> datetime:
        """The first instant that no longer belongs to the month."""
        return _first_instant(self.year + self.month // 12, self.month % 12 + 1)

    def next(self) -> Self:
        return type(self)(self.year + self.month // 12, self.month % 12 + 1)

    def previous(self) -> Self:
        return type(self)(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@lru_cache(maxsize=1_000)
def _first_instant(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


@lru_cache(maxsize=1_000)
def _numbers_of_month(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{4})-([0-9]{2})", text)
    if found is None:
        raise ValueError(f"a billing month is written YYYY-MM, for example 2026-11; got {text[:20]!r}")
    return int(found[1]), int(found[2])


@dataclass(frozen=True, slots=True, order=True)
class Tenant:
    """One ConnectWise PSA: the site's identity and the login company id. Record ids mean something only within it.

    `site` is the host people log in to, lower case and without an `api-` prefix; `company_id` is lower case.
    """

    site: str
    company_id: str

    def __str__(self) -> str:
        return f"{self.site}/{self.company_id}"


@dataclass(frozen=True, slots=True, order=True)
class PlanComponent:
    """One thing to map: a component of a plan of the vendor's catalogue."""

    plan: PlanId
    component: Component


@dataclass(frozen=True, slots=True)
class ProductTerms:
    """How a PSA product bills: the plan components mapped to it share one rule and one minimum.

    Units: `minimum` in whole units per organization; 0 means none.
    """

    product: PsaProductId
    items: tuple[PlanComponent, ...]
    rule: Rule
    minimum: int


class LeftBehind(StrEnum):
    """What happens to an addition that its last organization or component leaves."""

    UNTOUCHED = "UNTOUCHED"
    ZERO = "ZERO"
