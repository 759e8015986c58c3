"""What ConnectWise must hold after any history, by the words of design §4 to §6 and nothing of the code.

`World` (tests/model) says what each month closes with; here stands what is done about it: base, wrote and found of
every line, what is due on it, and in which order it is carried out. Everything is told in the order in which it
happens; `settle` carries out what may be carried out, as workers that never sleep would.

Quantities are hundredths in whole numbers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.model.reference import Usage, is_managed_in
from tests.model.world import (
    HALF_AN_HOUR,
    Act,
    CompanyMapping,
    LateMonthEnd,
    MonthEnd,
    ProductMapping,
    ProductRule,
    Reported,
    World,
    bounds,
    usage,
)

Month = tuple[int, int]
LineKey = tuple[int, int]
"""Agreement and product."""


def month_of(instant: datetime) -> Month:
    return instant.year, instant.month


def final_run(month: Month) -> str:
    """The run that writes a month's finals."""
    return f"finals of {month[0]:04d}-{month[1]:02d}"


def next_month(month: Month) -> Month:
    return (month[0] + 1, 1) if month[1] == 12 else (month[0], month[1] + 1)


@dataclass
class Due:
    """An act that moved the line's number for a month. `leaving` is the admin's choice, when it was a leaving."""

    leaving: str | None = None
    is_over: bool = False
    """Looked at, and nothing is to be done or a person has to act; a newer act brings it back."""
    is_held: bool = False
    """Its INITIAL waits for an admin."""


@dataclass(frozen=True)
class Hold:
    """A push that waits for an admin: a `FINAL`, `INITIAL` or `OVERWRITE`, by reason of a `HAND_EDIT` or a `DROP`."""

    kind: str
    month: Month
    reason: str
    found: int
    target: int
    run: str | None = None


@dataclass(frozen=True)
class Settled:
    """What the last settled push found here; with this an undo of its run puts it back."""

    run: str | None
    found: int
    base: int
    was_fresh: bool


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
    hold: Hold | None = None
    """The newest hold that nobody answered."""
    last: Settled | None = None
    missed: list[Month] = field(default_factory=list)


@dataclass
class Expected:
    """One MSP, connected at `now` with nothing mapped."""

    now: datetime
    world: World = field(default_factory=World)
    lines: dict[LineKey, Line] = field(default_factory=dict)
    policy: str = "OVERWRITE"
    hold_days: int = 0
    guard: tuple[int, int] = (0, 10)
    """Percent and units: a push below that much of what stands, and by more than that many units, is held."""
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
        if isinstance(act, Reported) and month_of(act.report.at) < month_of(self.now):
            self._close_late(act.organization)
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
            line.is_fresh, line.stuck, line.hold = True, None, None
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

    def _close_late(self, organization: str) -> None:
        """Months that would have closed for the organization, had all that is known of it been reported in time."""
        month = month_of(self.connected_at)
        while bounds(*month)[1] + HALF_AN_HOUR <= self.now:
            is_new = (organization, *month) not in self.world.closings()
            if is_new and self._closes(month) and is_managed_in(self.world.reports(organization), *bounds(*month)):
                self.world.accepted.append(LateMonthEnd(organization, *month))
                is_on = organization in self.first_mapped and self.first_mapped[organization] < bounds(*month)[1]
                self.closed_on[organization, *month] = self.world.agreement_of(organization) if is_on else None
            month = next_month(month)

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
            line.stuck, line.hold = None, None
        line.finals = line.finals[-1:]
        if line.finals and line.stuck is None:
            self._final(key, line, line.finals[0])
        if not line.finals:
            self._acts(key, line)

    def closed(self, key: LineKey, month: Month) -> int:
        """What the organizations that were on the agreement at the close add up to, by the month's newest version."""
        total = 0
        for (organization, *closed), versions in self.world.closings().items():
            if tuple(closed) == month and self.closed_on[organization, *month] == key[0]:
                total += dict(versions[-1].products).get(key[1], 0)
        return total

    def _final(self, key: LineKey, line: Line, month: Month, answered: Hold | None = None, answer: str = "") -> None:
        """Answers bind to what was shown: where that has moved, the final is judged anew."""
        closed, found = self.closed(key, month), line.held or 0
        target = closed
        is_answered = answered == Hold("FINAL", month, "HAND_EDIT", found, closed)
        if not line.is_fresh and found != line.base:
            match answer if is_answered else self.policy:
                case "KEEP":
                    target = closed + found - line.base
                case "HOLD":
                    line.stuck, line.hold = "HELD", Hold("FINAL", month, "HAND_EDIT", found, closed)
                    return
                case "LEAVE":
                    target = found
                case _:
                    pass
        if target < 0:
            line.stuck, line.hold = "BELOW_ZERO", None
            return
        is_explained = not line.is_fresh and found == line.wrote
        held = Hold("FINAL", month, "DROP", found, target)
        if not is_answered and not is_explained and self._is_stopped(line, held, answered):
            line.stuck = "HELD"
            return
        self._write(line, target, closed, month, final_run(month))
        line.finals.clear()
        line.verified = month, self.now

    def _is_stopped(self, line: Line, push: Hold, answered: Hold | None) -> bool:
        """The drop guard: far below the higher of found and wrote, unless an admin let exactly this pass."""
        percent, units = self.guard
        stands = max(push.found, line.wrote or 0)
        is_drop = 100 * push.target < percent * stands and stands - push.target > 100 * units
        if not is_drop:
            return False
        if answered is not None and (answered.kind, answered.found, answered.target) == (
            push.kind,
            push.found,
            push.target,
        ):
            return False
        line.hold = push
        return True

    def answer(self, key: LineKey, answer: str) -> None:
        """An admin answers what is held: `APPROVE` a drop, or `OVERWRITE`, `KEEP` or `LEAVE` a hand edit."""
        line = self.lines[key]
        hold = line.hold
        assert hold is not None
        line.hold = None
        match hold.kind:
            case "FINAL":
                line.stuck = None
                self._final(key, line, hold.month, hold, answer)
            case "OVERWRITE":
                self._overwrite(key, hold.month, hold.run, hold)
            case _:
                self._acts(key, line, hold)
        if not line.finals:
            self._acts(key, line)

    def _acts(self, key: LineKey, line: Line, answered: Hold | None = None) -> None:
        now = month_of(self.now)
        if self._is_on_hold(line):
            return
        for month in sorted(line.acts):
            due = line.acts.get(month)
            if due is None or due.is_over or month > now or (due.is_held and answered is None):
                continue
            wanted = self.wanted(now).get(key)
            if line.is_fresh and wanted is None:
                due.is_over = True
                line.hold = None
            elif wanted is None and (leaving := self._leaving(line)) is not None:
                self._write(line, 0 if leaving == "ZERO" else line.held or 0, 0, now)
                line.is_fresh = True
            elif line.is_fresh:
                if self._is_stopped(line, Hold("INITIAL", now, "DROP", line.held or 0, wanted or 0), answered):
                    for acted in [acted for acted in line.acts if acted <= now]:
                        line.acts[acted].is_held = True
                else:
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

    def _leaving(self, line: Line) -> str | None:
        """What the admin chose last, when somebody left the line by mapping, whichever act is looked at."""
        return next((due.leaving for _, due in sorted(line.acts.items(), reverse=True) if due.leaving), None)

    def _is_on_hold(self, line: Line) -> bool:
        """Until 00:00 of date(final verified; day 1 if none) + hold days + 1 (design §5)."""
        begins_at = bounds(*month_of(self.now))[0]
        since = begins_at
        if line.verified is not None and next_month(line.verified[0]) == month_of(self.now):
            since = line.verified[1]
        ends_at = bounds(since.year, since.month)[0] + timedelta(days=since.day - 1 + self.hold_days + 1)
        return self.hold_days > 0 and self.now < ends_at

    def lines_of(self, month: Month) -> list[LineKey]:
        """What Sync now for a month is about: what it closed on, or for the current one everything that is mapped."""
        if month == month_of(self.now):
            keys = {
                (agreement, product)
                for organization, agreement in self._agreements().items()
                for product, _ in self._billed(month)[organization].products
            }
            return sorted(keys | self.outlived(set(self._agreements().values())))
        return sorted(
            {
                (agreement, product)
                for (organization, *closed), versions in self.world.closings().items()
                if tuple(closed) == month and (agreement := self.closed_on[organization, *month]) is not None
                for product, _ in versions[-1].products
            }
        )

    def sync(self, month: Month, run: str, only: set[LineKey] | None = None) -> None:
        """Sync now for the current month, or for a closed one: its newest version on every addition it closed on."""
        for key in self.lines_of(month):
            if only is None or key in only:
                self._overwrite(key, month, run, None)

    def overwritten(self, key: LineKey, month: Month) -> int | None:
        """What Sync now would write; none where its month closed without this line, as it may while a push is held,
        and none while a final of an earlier month waits, which would go over it later.
        """
        if month != month_of(self.now):
            return self.closed(key, month) if key in self.lines_of(month) else None
        return None if self.line(key).finals else self.wanted(month).get(key, 0)

    def _overwrite(self, key: LineKey, month: Month, run: str | None, answered: Hold | None) -> None:
        line, target = self.line(key), self.overwritten(key, month)
        if target is None:
            return
        if self._is_stopped(line, Hold("OVERWRITE", month, "DROP", line.held or 0, target, run), answered):
            return
        is_current = month == month_of(self.now)
        self._write(line, target, target, month if is_current else None, run)
        if not is_current:
            line.finals = [final for final in line.finals if final > month]
            line.stuck = line.stuck if line.finals else None

    def undo(self, undone: str, run: str) -> None:
        """Back to what the run found, where its push was the last and ConnectWise still holds what it wrote."""
        for line in self.lines.values():
            last = line.last
            if last is not None and last.run == undone and line.held == line.wrote:
                self._write(line, last.found, last.base, None, run)
                line.is_fresh = last.was_fresh

    def _write(self, line: Line, target: int, base: int, month: Month | None, run: str | None = None) -> None:
        """A push settles. `month` tells up to which month it carries what acts had made due.

        Whatever was held was held about numbers that are gone, so it is judged anew.
        """
        line.last = Settled(run, line.held or 0, line.base, line.is_fresh)
        line.held, line.wrote, line.base, line.is_fresh = target, target, base, False
        line.hold = None
        line.stuck = None if line.stuck == "HELD" else line.stuck
        for acted, due in list(line.acts.items()):
            if month is not None and acted <= month:
                del line.acts[acted]
            else:
                due.is_held = False

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
