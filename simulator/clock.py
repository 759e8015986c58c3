"""The time a tenant lives in: the process's time, shifted by an offset or standing still.

A story moves it to close a month; agreement statuses, defaults and invoice dates follow at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

Now = Callable[[], datetime]


def system_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class TenantClock:
    base: Now
    offset: timedelta = timedelta(0)
    standing_at: datetime | None = None

    def now(self) -> datetime:
        return self.standing_at if self.standing_at is not None else self.base() + self.offset

    def today(self) -> date:
        return self.now().date()


def instant_text(instant: datetime) -> str:
    """UTC with whole seconds, as records hold it: `2026-09-01T08:30:00Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_instant(text: str) -> datetime:
    """An ISO date or instant in UTC; without an offset it is UTC already.

    Raises: ValueError for anything else, and for years that the PSA's database does not hold (before 1753, after 9990).
    """
    parsed = datetime.fromisoformat(text.strip())
    if not 1753 <= parsed.year <= 9990:
        raise ValueError(f"year {parsed.year} is out of range")
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def day_text(day: date) -> str:
    """A business date: midnight UTC."""
    return f"{day.isoformat()}T00:00:00Z"


def day_of(text: str) -> date:
    """The day a stored date begins."""
    return date.fromisoformat(text[:10])


def month_after(day: date, months: int = 1) -> date:
    """The first day of the month that many months after the day's own."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def month_text(day: date) -> str:
    return f"{day.year:04d}-{day.month:02d}"
