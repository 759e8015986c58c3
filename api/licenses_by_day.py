"""How many licences are in force on each day of a month, over all organizations of an MSP."""

from datetime import UTC, timedelta
from decimal import Decimal

import strawberry

from api.context import Info
from api.fields import EVERYBODY, query
from domain.refusals import MonthHasNotBegun
from domain.values import BillingMonth
from projections.reads import organizations as rows


@strawberry.type(description="`inForce` at the end of a day, in UTC; of today, as far as it is recorded.")
class LicensesOfDay:
    day: int
    in_force: Decimal


@strawberry.type(
    description="Licences in force in a month. Billed ones count: of PAID organizations that the MSP manages and that"
    " are not closed, mapped or not; servers never do. They are what `usageToDate` adds up to, but for what is"
    " recorded ahead of its day; what is effective late counts from then on. `opening` is before the month's first"
    " instant; days that have not begun are left out."
)
class LicensesByDay:
    month: BillingMonth
    opening: Decimal
    days: list[LicensesOfDay]


@strawberry.type
class LicensesByDayQueries:
    @query(EVERYBODY, "Billed licences in force on each day, of all organizations; without `month` of the current one.")
    async def licenses_by_day(
        self, info: Info, month: BillingMonth | None = None, msp: strawberry.ID | None = None
    ) -> LicensesByDay:
        asking = info.context
        known = await asking.known_msp(msp)
        now = await asking.in_thread(asking.journal.now)
        chosen = month or BillingMonth.of(now)
        if chosen.begins_at > now:
            raise MonthHasNotBegun(chosen)
        last = min(now, chosen.ends_at - timedelta(microseconds=1)).astimezone(UTC).date()
        first = chosen.begins_at.date()
        opening, moved = await rows.licenses_moved(asking.views, known, first, last)
        days: list[LicensesOfDay] = []
        in_force = opening
        for past in range((last - first).days + 1):
            in_force += moved.get(first + timedelta(days=past), 0)
            days.append(LicensesOfDay(day=past + 1, in_force=Decimal(in_force)))
        return LicensesByDay(month=chosen, opening=Decimal(opening), days=days)
