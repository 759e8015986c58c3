"""Random histories: what may happen to one MSP over some months, late, early, doubled and on the very edge.

Instants are drawn where things go wrong: at the ends of months to the microsecond, five minutes ahead of the clock,
and exactly where something else is effective already.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import strategies as st

from tests.model.reference import FIVE_MINUTES, Closing, Creation, Licenses, NewManagement, NewPlan, NewType, Report
from tests.model.world import HALF_AN_HOUR, Act, CompanyMapping, MonthEnd, ProductMapping, ProductRule, Reported, bounds

MICROSECOND = timedelta(microseconds=1)
PLANS = {"lite": ("LICENSE",), "core": ("LICENSE", "SERVER"), "farm": ("SERVER",)}
ITEMS = [(plan, component) for plan, components in PLANS.items() for component in components]
ORGANIZATIONS = ["globex", "initech"]
BEGINNINGS = [(2024, 1), (2026, 1), (2026, 10), (2026, 11)]
"""Histories run over a leap February, a common one, and the end of a year."""

HASTE = st.one_of(
    st.sampled_from([timedelta(0), MICROSECOND, timedelta(minutes=4)]),
    st.timedeltas(timedelta(0), timedelta(days=2)),
    st.timedeltas(timedelta(0), timedelta(days=20)),
)
LATENESS = st.one_of(
    st.sampled_from([timedelta(0), MICROSECOND, -MICROSECOND, FIVE_MINUTES, FIVE_MINUTES + MICROSECOND]),
    st.timedeltas(-timedelta(days=3), timedelta(minutes=6)),
    st.timedeltas(-timedelta(days=75), timedelta(0)),
)
EDGES = st.sampled_from([-MICROSECOND, timedelta(0), MICROSECOND])


@dataclass
class Telling:
    """A history while it is told: the clock, and what is to be effective on the same instants as something else."""

    now: datetime
    year: int
    month: int
    instants: list[datetime] = field(default_factory=list)
    acts: list[tuple[datetime, Act]] = field(default_factory=list)

    def tell(self, act: Act) -> None:
        self.acts.append((self.now, act))

    def pass_time(self, draw: st.DrawFn) -> None:
        """Move the clock; at 00:30 of each day 1 that it passes, the month is closed, now and then told twice."""
        _, ends_at = bounds(self.year, self.month)
        to_the_edge = draw(st.booleans()) and draw(st.booleans())
        then = ends_at - timedelta(minutes=2) if to_the_edge and self.now < ends_at else self.now + draw(HASTE)
        while then >= (closes_at := bounds(self.year, self.month)[1] + HALF_AN_HOUR):
            self.acts.extend([(closes_at, MonthEnd(self.year, self.month))] * draw(st.sampled_from([1, 1, 2])))
            self.year, self.month = (self.year + 1, 1) if self.month == 12 else (self.year, self.month + 1)
        self.now = then

    def effective_at(self, draw: st.DrawFn) -> datetime:
        if self.instants and draw(st.integers(0, 3)) == 0:
            return draw(st.sampled_from(self.instants))
        if draw(st.integers(0, 3)) == 0:
            begins_at, ends_at = bounds(self.year, self.month)
            at = draw(st.sampled_from([begins_at, ends_at])) + draw(EDGES)
        else:
            at = self.now + draw(LATENESS)
        self.instants.append(at)
        return at


def report(draw: st.DrawFn, at: datetime) -> Report:
    """Anything the vendor may report, mostly licences."""
    plan = draw(st.sampled_from(list(PLANS)))
    match draw(st.sampled_from(["quantity", "quantity", "delta", "delta", "delta", "plan", "plan", "type", "hands"])):
        case "quantity":
            return Licenses(at, draw(st.sampled_from(["LICENSE", "SERVER"])), "QUANTITY", draw(st.integers(-1, 12)))
        case "delta":
            return Licenses(at, draw(st.sampled_from(["LICENSE", "SERVER"])), "DELTA", draw(st.integers(-6, 9)))
        case "plan":
            return NewPlan(at, plan, PLANS[plan])
        case "type":
            return NewType(at, draw(st.sampled_from(["PAID", "PAID", "TRIAL", "NFR"])))
        case _:
            return NewManagement(at, draw(st.sampled_from(["MSP", "MSP", "SELF"])))


def something(draw: st.DrawFn, telling: Telling) -> Act:
    organization = draw(st.sampled_from(ORGANIZATIONS))
    match draw(st.integers(0, 19)):
        case 0:
            product = draw(st.sampled_from([1, 2, None]))
            return ProductMapping(draw(st.sampled_from(ITEMS)), product)
        case 1 | 2:
            rule = draw(st.sampled_from(["CURRENT", "PEAK", "AVERAGE"]))
            return ProductRule(draw(st.sampled_from([1, 2])), rule, draw(st.sampled_from([0, 0, 5])))
        case 3 | 4:
            agreement = draw(st.sampled_from([7, 7, 8, None]))
            return CompanyMapping(organization, agreement, draw(st.booleans()))
        case 5 if draw(st.booleans()):
            return Reported(organization, Closing(telling.effective_at(draw)))
        case _:
            return Reported(organization, report(draw, telling.effective_at(draw)))


def beginnings(draw: st.DrawFn, telling: Telling) -> Iterator[Act]:
    """Mostly a set-up in which something can be billed; sometimes with holes."""
    for item in ITEMS:
        if draw(st.integers(0, 3)):
            yield ProductMapping(item, draw(st.sampled_from([1, 1, 2])))
    for product in (1, 2):
        yield ProductRule(
            product, draw(st.sampled_from(["CURRENT", "PEAK", "AVERAGE"])), draw(st.sampled_from([0, 0, 5]))
        )
    for organization in ORGANIZATIONS:
        plan = draw(st.sampled_from(list(PLANS)))
        at = telling.now + draw(st.one_of(LATENESS, st.just(-timedelta(days=60))))
        telling.instants.append(at)
        kind = draw(st.sampled_from(["PAID", "PAID", "PAID", "TRIAL"]))
        hands = draw(st.sampled_from(["MSP", "MSP", "MSP", "SELF"]))
        yield Reported(organization, Creation(at, plan, PLANS[plan], kind, hands))
        if draw(st.integers(0, 3)):
            yield CompanyMapping(organization, draw(st.sampled_from([7, 7, 8])))


@st.composite
def histories(draw: st.DrawFn, least: int = 8, most: int = 30) -> list[tuple[datetime, Act]]:
    """Acts with the instant at which each is recorded, never going back in time."""
    year, month = draw(st.sampled_from(BEGINNINGS))
    begins_at, _ = bounds(year, month)
    telling = Telling(begins_at + timedelta(days=draw(st.integers(0, 27))), year, month)
    for act in beginnings(draw, telling):
        telling.tell(act)
    for _ in range(draw(st.integers(least, most))):
        telling.pass_time(draw)
        telling.tell(something(draw, telling))
    return telling.acts
