"""The reference for one MSP: mappings, what each addition must be told, how months close and are corrected.

Like `reference`, it keeps nothing but the list of what was accepted, and walks it again for every answer. A question
that was asked before, about the very same reports, is answered from memory.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from tests.model import reference
from tests.model.reference import Item, Product, Report, Usage, is_managed_in, look, refusal

HALF_AN_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Reported:
    """The vendor reports something about an organization."""

    organization: str
    report: Report


@dataclass(frozen=True)
class ProductMapping:
    """An admin maps a plan component to a product, or to none."""

    item: Item
    product: int | None


@dataclass(frozen=True)
class ProductRule:
    product: int
    rule: str
    minimum: int


@dataclass(frozen=True)
class CompanyMapping:
    """An admin maps an organization to an agreement, or to none; `is_move` when it may be mapped already."""

    organization: str
    agreement: int | None
    is_move: bool = False


@dataclass(frozen=True)
class MonthEnd:
    """The clock closes a month for every organization."""

    year: int
    month: int


@dataclass(frozen=True)
class LateMonthEnd:
    """A month closes for an organization of which nobody knew, when it did, that the MSP managed it."""

    organization: str
    year: int
    month: int


Act = Reported | ProductMapping | ProductRule | CompanyMapping | MonthEnd | LateMonthEnd


def bounds(year: int, month: int) -> tuple[datetime, datetime]:
    """A month's first instant and the next month's."""
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return datetime(year, month, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)


def usage(reports: Sequence[Report], products: Iterable[Product], begins_at: datetime, ends_at: datetime) -> Usage:
    """What the reference says, which depends on nothing but what it is asked."""
    return _remembered(tuple(reports), tuple(products), begins_at, ends_at)


_remembered = lru_cache(maxsize=10_000)(reference.usage)


@dataclass
class World:
    """Everything that was accepted, in the order of record."""

    accepted: list[Act] = field(default_factory=list)

    def offer(self, act: Act, now: datetime) -> str | None:
        """Accept an act or say why not."""
        reason = self._refusal(act, now)
        if reason is None:
            self.accepted.append(act)
        return reason

    def _refusal(self, act: Act, now: datetime) -> str | None:
        match act:
            case Reported():
                return refusal(self.reports(act.organization), act.report, now)
            case ProductMapping(item, None):
                return None if item in self.mapped_items() else "ProductNotMapped"
            case ProductRule():
                return None if act.product in self.mapped_items().values() else "UnknownProduct"
            case CompanyMapping(organization, None):
                return None if self.agreement_of(organization) is not None else "NotMapped"
            case CompanyMapping(organization, agreement, is_move):
                there = look(self.reports(organization), now)
                if there is None or not there.is_managed:
                    return "OrganizationIsSelfManaged"
                mapped = self.agreement_of(organization)
                return None if mapped is None or (is_move and mapped != agreement) else "AlreadyMapped"
            case _:
                return None

    def reports(self, organization: str, until: int | None = None) -> list[Report]:
        """What was reported about an organization, up to a place in the list."""
        acts = self.accepted[:until]
        return [act.report for act in acts if isinstance(act, Reported) and act.organization == organization]

    @property
    def organizations(self) -> list[str]:
        return sorted({act.organization for act in self.accepted if isinstance(act, Reported)})

    def mapped_items(self, until: int | None = None) -> dict[Item, int]:
        mapped: dict[Item, int] = {}
        for act in self.accepted[:until]:
            if isinstance(act, ProductMapping) and act.product is not None:
                mapped[act.item] = act.product
            elif isinstance(act, ProductMapping):
                mapped.pop(act.item)
        return mapped

    def products(self, until: int | None = None) -> list[Product]:
        """Every product with a mapped item, with the rule that was last set for it."""
        mapped = self.mapped_items(until)
        rules = {act.product: act for act in self.accepted[:until] if isinstance(act, ProductRule)}
        return [
            Product(
                product,
                frozenset(item for item, its in mapped.items() if its == product),
                rules[product].rule if product in rules else "CURRENT",
                rules[product].minimum if product in rules else 0,
            )
            for product in sorted(set(mapped.values()))
        ]

    def agreement_of(self, organization: str) -> int | None:
        moves = [act for act in self.accepted if isinstance(act, CompanyMapping) and act.organization == organization]
        return moves[-1].agreement if moves else None

    def wanted(self, year: int, month: int) -> dict[tuple[int, int], int]:
        """What each addition must hold for a month if nothing else comes: agreement and product → hundredths."""
        told: dict[tuple[int, int], int] = {}
        for organization in self.organizations:
            agreement = self.agreement_of(organization)
            if agreement is not None:
                reports = self.reports(organization)
                for product, number in usage(reports, self.products(), *bounds(year, month)).products:
                    told[agreement, product] = told.get((agreement, product), 0) + number
        return told

    def closings(self) -> dict[tuple[str, int, int], list[Usage]]:
        """Every version of every closed month of every organization.

        A month closes once, by the reports and product terms of that moment. Whatever is reported afterwards adds a
        version where it changes the usage under the terms of the close.
        """
        versions: dict[tuple[str, int, int], list[Usage]] = {}
        terms: dict[tuple[str, int, int], list[Product]] = {}
        for place, act in enumerate(self.accepted, start=1):
            if isinstance(act, MonthEnd | LateMonthEnd):
                month = bounds(act.year, act.month)
                for organization in self.organizations if isinstance(act, MonthEnd) else [act.organization]:
                    key = organization, act.year, act.month
                    reports = self.reports(organization, place)
                    if self.products(place) and key not in versions and is_managed_in(reports, *month):
                        terms[key] = self.products(place)
                        versions[key] = [usage(reports, terms[key], *month)]
            elif isinstance(act, Reported):
                for key, known in versions.items():
                    organization, year, number = key
                    now = usage(self.reports(organization, place), terms[key], *bounds(year, number))
                    if now != known[-1]:
                        known.append(now)
        return versions
