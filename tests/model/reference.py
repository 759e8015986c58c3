"""The reference: what every number of an organization must be, by the most naive reading of design.md §3 to §5.

It knows no domain code. A history is a list of plain reports in the order in which they were recorded; every
question is answered by walking the whole list again. Nothing is cached, folded or kept sorted.

A month is cut at every instant at which anything was ever reported to be effective; within one such piece nothing
changes, so one look at its first instant tells the quantity of the piece.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Literal

FIVE_MINUTES = timedelta(minutes=5)

Item = tuple[str, str]
"""A plan and one of its components."""


@dataclass(frozen=True)
class Creation:
    at: datetime
    plan: str
    components: tuple[str, ...]
    license_type: str
    management: str


@dataclass(frozen=True)
class Licenses:
    at: datetime
    component: str
    given: Literal["QUANTITY", "DELTA"]
    value: int


@dataclass(frozen=True)
class NewPlan:
    at: datetime
    plan: str
    components: tuple[str, ...]


@dataclass(frozen=True)
class NewType:
    at: datetime
    license_type: str


@dataclass(frozen=True)
class NewManagement:
    at: datetime
    management: str


@dataclass(frozen=True)
class Closing:
    at: datetime


Report = Creation | Licenses | NewPlan | NewType | NewManagement | Closing


@dataclass(frozen=True)
class Product:
    """A PSA product with what is mapped to it."""

    id: int
    items: frozenset[Item]
    rule: str
    minimum: int


@dataclass(frozen=True)
class Usage:
    """What a month closes with: per product id, and per item without a product. Units: exact hundredths."""

    products: tuple[tuple[int, int], ...]
    without_product: tuple[tuple[Item, int], ...]


@dataclass(frozen=True)
class Snapshot:
    """What an organization is at one instant."""

    plan: str
    counted: dict[str, int]
    license_type: str
    management: str
    is_closed: bool

    @property
    def is_managed(self) -> bool:
        return self.management == "MSP" and not self.is_closed

    def billed(self, item: Item) -> int:
        plan, component = item
        is_billed = plan == self.plan and self.license_type == "PAID" and self.is_managed
        return self.counted.get(component, 0) if is_billed else 0


def look(reports: Sequence[Report], instant: datetime) -> Snapshot | None:
    """Everything in force at an instant: replay what is effective by then, in the order of effect, then of record."""
    by_then = sorted((report.at, number) for number, report in enumerate(reports) if report.at <= instant)
    now: Snapshot | None = None
    for _, number in by_then:
        report = reports[number]
        if isinstance(report, Creation):
            nothing = dict.fromkeys(report.components, 0)
            now = Snapshot(report.plan, nothing, report.license_type, report.management, is_closed=False)
            continue
        assert now is not None, "the creation comes first"
        if isinstance(report, Licenses):
            before = now.counted.get(report.component)
            if before is not None:
                after = report.value + (before if report.given == "DELTA" else 0)
                now = replace(now, counted={**now.counted, report.component: after})
        elif isinstance(report, NewPlan):
            carried = {component: now.counted.get(component, 0) for component in report.components}
            now = replace(now, plan=report.plan, counted=carried)
        elif isinstance(report, NewType):
            now = replace(now, license_type=report.license_type)
        elif isinstance(report, NewManagement):
            now = replace(now, management=report.management)
        else:
            now = replace(now, is_closed=True)
    return now


def pieces(reports: Iterable[Report], begins_at: datetime, ends_at: datetime) -> list[tuple[datetime, timedelta]]:
    """The month cut where anything is effective: the first instant and the length of each piece."""
    cuts = sorted({begins_at, ends_at, *(report.at for report in reports if begins_at < report.at < ends_at)})
    return [(here, there - here) for here, there in pairwise(cuts)]


def refusal(reports: Sequence[Report], report: Report, now: datetime) -> str | None:
    """Why a report is not accepted; none when it is. Names follow the refusals of the design."""
    creation = next((one for one in reports if isinstance(one, Creation)), None)
    if isinstance(report, Creation):
        return "OrganizationExists" if creation else "EffectiveInFuture" if report.at > now + FIVE_MINUTES else None
    if creation is None:
        return "UnknownOrganization"
    closing = next((one for one in reports if isinstance(one, Closing)), None)
    if closing is not None and isinstance(report, Closing):
        return "OrganizationIsClosed"
    if report.at > now + FIVE_MINUTES:
        return "EffectiveInFuture"
    if report.at < creation.at:
        return "EffectiveBeforeCreation"
    if closing is not None and report.at >= closing.at:
        return "OrganizationIsClosed"
    if isinstance(report, Licenses):
        there = look(reports, report.at)
        assert there is not None
        if report.component not in there.counted:
            return "PlanLacksComponent"
    for instant in {one.at for one in (*reports, report)}:
        after = look((*reports, report), instant)
        if after is not None and instant >= report.at and any(value < 0 for value in after.counted.values()):
            return "QuantityBelowZero"
    return None


def quantity(reports: Sequence[Report], product: Product, begins_at: datetime, ends_at: datetime) -> int:
    """The number of a product for a month, in hundredths: timeline → rule → round half up → minimum."""
    lasting: list[tuple[int, timedelta]] = []
    for instant, length in pieces(reports, begins_at, ends_at):
        there = look(reports, instant)
        lasting.append((sum(there.billed(item) for item in product.items) if there else 0, length))
    values = [value for value, _ in lasting]
    exact = {
        "CURRENT": Fraction(values[-1]),
        "PEAK": Fraction(max(values)),
        "AVERAGE": sum(
            (value * Fraction(_microseconds(length), _microseconds(ends_at - begins_at)) for value, length in lasting),
            Fraction(0),
        ),
    }[product.rule]
    hundredths = int(exact * 100 + Fraction(1, 2))
    return max(hundredths, 100 * product.minimum) if max(values) > 0 else hundredths


def items_of_month(reports: Sequence[Report], begins_at: datetime, ends_at: datetime) -> set[Item]:
    """The (plan, component) pairs that the organization has for some time within the month."""
    seen = [look(reports, instant) for instant, _ in pieces(reports, begins_at, ends_at)]
    return {(there.plan, component) for there in seen if there for component in there.counted}


def usage(reports: Sequence[Report], products: Iterable[Product], begins_at: datetime, ends_at: datetime) -> Usage:
    """What the month closes with by these reports, which is also what an addition must be told about it."""
    items = items_of_month(reports, begins_at, ends_at)
    mapped = {item for product in products for item in product.items}
    return Usage(
        tuple(
            (product.id, quantity(reports, product, begins_at, ends_at))
            for product in sorted(products, key=lambda product: product.id)
            if items & product.items
        ),
        tuple(
            (item, quantity(reports, Product(0, frozenset({item}), "CURRENT", 0), begins_at, ends_at))
            for item in sorted(items - mapped)
        ),
    )


def is_managed_in(reports: Sequence[Report], begins_at: datetime, ends_at: datetime) -> bool:
    """Whether an MSP managed the organization for some time in the month."""
    seen = [look(reports, instant) for instant, _ in pieces(reports, begins_at, ends_at)]
    return any(there.is_managed for there in seen if there)


def _microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
