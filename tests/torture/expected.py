"""What ConnectWise must hold after any history, by the words of design §4 to §6 and nothing of the code.

`World` (tests/model) says what each month closes with; here stands what is done about it: base, wrote and found of
every line, what is due on it, and in which order it is carried out. Everything is told in the order in which it
happens; `settle` carries out what may be carried out, as workers that never sleep would.

Quantities are hundredths in whole numbers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.model.reference import Usage, usage
from tests.model.world import (
    HALF_AN_HOUR,
    Act,
    CompanyMapping,
    MonthEnd,
    ProductMapping,
    ProductRule,
    Reported,
    World,
    bounds,
)

Month = tuple[int, int]
LineKey = tuple[int, int]
"""Agreement and product."""


def month_of(instant: datetime) -> Month:
    return instant.year, instant.month


def next_month(month: Month) -> Month:
    return (month[0] + 1, 1) if month[1] == 12 else (month[0], month[1] + 1)


@dataclass
class Due:
    """An act that moved the line's number for a month. `leaving` is the admin's choice, when it was a leaving."""

    leaving: str | None = None
    is_over: bool = False
    """Looked at, and nothing is to be done or a person has to act; a newer act brings it back."""


@dataclass
class Line:
    """One line of an agreement in ConnectWise. `held` is none as long as there is no record."""

    held: int | None = None
    base: int = 0
    wrote: int | None = None
    is_fresh: bool = True
    acts: dict[Month, Due] = field(default_factory=dict)
    finals: list[Month] = field(default_factory=list)
    verified: tuple[Month, datetime] | None = None
    """The newest month with a settled final, and when that was."""
    stuck: str | None = None
    """Why the newest final waits for a person: `HELD` or `BELOW_ZERO`."""
    missed: list[Month] = field(default_factory=list)


@dataclass
class Expected:
    """One MSP, connected at `now` with nothing mapped."""

    now: datetime
    world: World = field(default_factory=World)
    lines: dict[LineKey, Line] = field(default_factory=dict)
    policy: str = "OVERWRITE"
    hold_days: int = 0
    is_connected: bool = True
    is_paused: bool = False
    is_confirmed: bool = False
    connected_at: datetime = field(init=False)
    products_mapped_at: datetime | None = None
    first_mapped: dict[str, datetime] = field(default_factory=dict)
    closed_on: dict[tuple[str, int, int], int | None] = field(default_factory=dict)
    """The agreement at the close, by organization, year and month."""

    def __post_init__(self) -> None:
        self.connected_at = self.now

    def line(self, key: LineKey) -> Line:
        return self.lines.setdefault(key, Line())

    # --- what happens ------------------------------------------------------------------------------------------

    def offer(self, act: Act, leaving: str = "UNTOUCHED") -> str | None:
        """An act of the platform or of an admin. Says why it is not accepted, if so."""
        if not self.is_connected and not isinstance(act, Reported):
            return "NotConnected"
        months = {month_of(self.now)}
        if isinstance(act, Reported):
            months.add(max(month_of(self.now), month_of(act.report.at)))
        before = {month: self._billed(month) for month in months}
        was_at = self._agreements()
        refusal = self.world.offer(act, self.now)
        if refusal is not None:
            return refusal
        if isinstance(act, ProductMapping) and act.product is not None and self.products_mapped_at is None:
            self.products_mapped_at = self.now
        if isinstance(act, CompanyMapping) and act.agreement is not None:
            self.first_mapped.setdefault(act.organization, self.now)
        for month in months:
            self._mark_due(
                act=act,
                month=month,
                before=before[month],
                after=self._billed(month),
                was_at=was_at,
                leaving=leaving,
            )
        return None

    def _mark_due(
        self,
        *,
        act: Act,
        month: Month,
        before: Mapping[str, Usage],
        after: Mapping[str, Usage],
        was_at: Mapping[str, int],
        leaving: str,
    ) -> None:
        if not self.is_connected:
            return
        is_at = self._agreements()
        for organization in sorted({*was_at, *is_at}):
            old, new = dict(before[organization].products), dict(after[organization].products)
            if isinstance(act, CompanyMapping):
                if organization != act.organization:
                    continue
                for product in new:
                    if organization in was_at:
                        self._due((was_at[organization], product), month, leaving)
                    if organization in is_at:
                        self._due((is_at[organization], product), month, None)
                continue
            for product in {*old, *new}:
                if old.get(product) != new.get(product):
                    leaves = isinstance(act, ProductMapping) and product not in new
                    self._due((is_at[organization], product), month, leaving if leaves else None)

    def _due(self, key: LineKey, month: Month, leaving: str | None) -> None:
        earlier = self.line(key).acts.get(month)
        self.line(key).acts[month] = Due(leaving or (earlier.leaving if earlier else None))

    def hand_edit(self, key: LineKey, quantity: int) -> None:
        self.lines[key].held = quantity

    def disconnect(self) -> None:
        """All mappings are gone, and so is everything that waited."""
        self.is_connected = False
        for organization in self._agreements():
            self.world.accepted.append(CompanyMapping(organization, None))
        products = set(self.world.mapped_items().values())
        for item in list(self.world.mapped_items()):
            self.world.accepted.append(ProductMapping(item, None))
        rules = {act.product for act in self.world.accepted if isinstance(act, ProductRule)}
        for product in sorted(products | rules):
            self.world.accepted.append(ProductRule(product, "CURRENT", 0))
        for line in self.lines.values():
            line.is_fresh, line.stuck = True, None
            line.acts.clear()
            line.finals.clear()
        self.first_mapped.clear()

    def connect(self) -> None:
        self.is_connected, self.is_paused, self.is_confirmed = True, False, False
        self.connected_at, self.products_mapped_at = self.now, None

    # --- the clock ---------------------------------------------------------------------------------------------

    def move_clock(self, to: datetime) -> None:
        """At 00:30 of day 1 the month that ended is closed; of several that were missed the oldest comes first."""
        month = month_of(self.now - HALF_AN_HOUR)
        self.now = to
        while bounds(*month)[1] + HALF_AN_HOUR <= to:
            if self._closes(month):
                self._close(month)
            month = next_month(month)

    def _closes(self, month: Month) -> bool:
        ends_at = bounds(*month)[1]
        return (
            self.is_connected
            and self.connected_at < ends_at
            and bool(self.world.products())
            and self.products_mapped_at is not None
            and self.products_mapped_at < ends_at + HALF_AN_HOUR
        )

    def _close(self, month: Month) -> None:
        ends_at = bounds(*month)[1]
        self.world.accepted.append(MonthEnd(*month))
        agreements = {
            organization: agreement
            for organization, agreement in self._agreements().items()
            if self.first_mapped[organization] < ends_at
        }
        lines = self.outlived(set(agreements.values()))
        for (organization, *closed), versions in self.world.closings().items():
            if tuple(closed) == month:
                self.closed_on[organization, *month] = agreements.get(organization)
                if organization in agreements:
                    lines |= {(agreements[organization], product) for product, _ in versions[-1].products}
        for key in lines:
            self.line(key).finals.append(month)

    def closes(self) -> list[MonthEnd]:
        return [act for act in self.world.accepted if isinstance(act, MonthEnd)]

    def outlived(self, agreements: set[int]) -> set[LineKey]:
        """Lines that still bill what nobody has any more, on agreements that are mapped."""
        mapped = set(self.world.mapped_items().values())
        return {
            key
            for key, line in self.lines.items()
            if key[0] in agreements
            and key[1] in mapped
            and not line.is_fresh
            and line.base != 0
            and not any(due.leaving for due in line.acts.values())
        }

    # --- what is done about it ---------------------------------------------------------------------------------

    @property
    def may_push(self) -> bool:
        """Not while paused or not set up; nor between midnight and the close of the month that ended."""
        if not (self.is_connected and self.is_confirmed) or self.is_paused:
            return False
        begins_at = bounds(*month_of(self.now))[0]
        waits_for_close = self._closes(month_of(begins_at - timedelta(days=1)))
        return not (waits_for_close and self.now < begins_at + HALF_AN_HOUR)

    def settle(self) -> None:
        if self.may_push:
            for key, line in sorted(self.lines.items()):
                self._settle(key, line)

    def _settle(self, key: LineKey, line: Line) -> None:
        line.missed.extend(line.finals[:-1])
        if len(line.finals) > 1:
            line.stuck = None
        line.finals = line.finals[-1:]
        if line.finals and line.stuck is None:
            self._final(key, line, line.finals[0], self.policy)
        if not line.finals:
            self._acts(key, line)

    def closed(self, key: LineKey, month: Month) -> int:
        """What the organizations that were on the agreement at the close add up to, by the month's newest version."""
        total = 0
        for (organization, *closed), versions in self.world.closings().items():
            if tuple(closed) == month and self.closed_on[organization, *month] == key[0]:
                total += dict(versions[-1].products).get(key[1], 0)
        return total

    def _final(self, key: LineKey, line: Line, month: Month, policy: str) -> None:
        closed = self.closed(key, month)
        target = closed
        found = line.held or 0
        if not line.is_fresh and found != line.base:
            match policy:
                case "KEEP":
                    target = closed + found - line.base
                case "HOLD":
                    line.stuck = "HELD"
                    return
                case "LEAVE":
                    target = found
                case _:
                    pass
        if target < 0:
            line.stuck = "BELOW_ZERO"
            return
        self._write(line, target, closed, month)
        line.finals.clear()
        line.stuck = None
        line.verified = month, self.now

    def answer(self, key: LineKey, answer: str) -> None:
        """An admin answers a held final."""
        line = self.lines[key]
        line.stuck = None
        self._final(key, line, line.finals[0], answer)
        if not line.finals:
            self._acts(key, line)

    def _acts(self, key: LineKey, line: Line) -> None:
        now = month_of(self.now)
        if self._is_on_hold(line):
            return
        for month in sorted(line.acts):
            due = line.acts.get(month)
            if due is None or due.is_over or month > now:
                continue
            wanted = self.wanted(now).get(key)
            if line.is_fresh and wanted is None:
                due.is_over = True
            elif wanted is None and due.leaving is not None:
                self._write(line, 0 if due.leaving == "ZERO" else line.held or 0, 0, now)
                line.is_fresh = True
            elif line.is_fresh:
                self._write(line, wanted or 0, wanted or 0, now)
            elif (wanted or 0) == line.base:
                due.is_over = True
            else:
                assert line.held is not None
                target = line.held + (wanted or 0) - line.base
                if line.held != line.wrote and line.held == (wanted or 0):
                    target = line.held
                if target < 0:
                    due.is_over = True
                else:
                    self._write(line, target, wanted or 0, now)

    def _is_on_hold(self, line: Line) -> bool:
        """Until 00:00 of date(final verified; day 1 if none) + hold days + 1 (design §5)."""
        begins_at = bounds(*month_of(self.now))[0]
        since = begins_at
        if line.verified is not None and next_month(line.verified[0]) == month_of(self.now):
            since = line.verified[1]
        ends_at = bounds(since.year, since.month)[0] + timedelta(days=since.day - 1 + self.hold_days + 1)
        return self.hold_days > 0 and self.now < ends_at

    def overwrite(self, month: Month) -> None:
        """Sync now for a closed month: its newest version on every addition that it closed on."""
        keys = {
            (agreement, product)
            for (organization, *closed), versions in self.world.closings().items()
            if tuple(closed) == month and (agreement := self.closed_on[organization, *month]) is not None
            for product, _ in versions[-1].products
        }
        for key in sorted(keys):
            line, closed = self.line(key), self.closed(key, month)
            line.held, line.wrote, line.base, line.is_fresh = closed, closed, closed, False
            line.finals = [final for final in line.finals if final > month]
            line.stuck = None

    def sync_now(self) -> None:
        """An overwrite of the current month for everything that is mapped."""
        now = month_of(self.now)
        keys = {
            (agreement, product)
            for organization, agreement in self._agreements().items()
            for product, _ in self._billed(now)[organization].products
        }
        for key in sorted(keys | self.outlived(set(self._agreements().values()))):
            wanted = self.wanted(now).get(key, 0)
            line = self.line(key)
            self._write(line, wanted, wanted, now)
            line.finals.clear()
            line.stuck = None

    def _write(self, line: Line, target: int, base: int, month: Month) -> None:
        line.held, line.wrote, line.base, line.is_fresh = target, target, base, False
        for acted in [acted for acted in line.acts if acted <= month]:
            del line.acts[acted]

    # --- looking -----------------------------------------------------------------------------------------------

    def wanted(self, month: Month) -> dict[LineKey, int]:
        return self.world.wanted(*month)

    def held(self) -> dict[LineKey, int]:
        return {key: line.held for key, line in self.lines.items() if line.held is not None}

    def _agreements(self) -> dict[str, int]:
        return {
            organization: agreement
            for organization in self.organizations
            if (agreement := self.world.agreement_of(organization)) is not None
        }

    @property
    def organizations(self) -> Iterable[str]:
        return self.world.organizations

    def _billed(self, month: Month) -> dict[str, Usage]:
        """What each organization brings to each product in a month, mapped or not."""
        products = self.world.products()
        return {
            organization: usage(self.world.reports(organization), products, *bounds(*month))
            for organization in self.organizations
        }
