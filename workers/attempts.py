"""When to try an addition again: after a growing, jittered pause, or when the sweeper comes by.

These notes are no facts: losing them means trying earlier, and looking again at acts that once moved nothing. If the
base was moved since by an overwrite of another month or an undo, those acts count then, as the next one would have made
them: the addition gets the current month's number earlier.
"""

import random
from datetime import datetime, timedelta

from psycopg_pool import ConnectionPool

from connectwise.errors import PsaError, Throttled
from domain.values import BillingMonth
from workers.due import DueRow
from workers.tools import Timing, Tools


def postpone(pool: ConnectionPool, row: DueRow, pause: timedelta) -> None:
    """Not before so much time has passed; this was no failed try."""
    _note(pool, row, tries=row.tries, pause=pause)


def postpone_until(pool: ConnectionPool, row: DueRow, at: datetime) -> None:
    """Not before an instant of the ledger's clock; this was no failed try.

    Why: a worker that was cut off may come to say it only when the instant is long past and others have done the work.
    """
    _note(pool, row, tries=row.tries, until=at)


def failed(tools: Tools, row: DueRow, error: PsaError) -> None:
    """One try failed and the next comes later."""
    if isinstance(error, Throttled):
        _note(tools.pool, row, tries=row.tries, pause=timedelta(seconds=error.seconds))
    else:
        _note(tools.pool, row, tries=row.tries + 1, pause=pause_after(row.tries, tools.timing))


def leave_to_sweeper(tools: Tools, row: DueRow) -> None:
    """It is an exception now: an admin or a newer fact brings it back at once, the sweeper after a while."""
    _note(tools.pool, row, tries=0, sweep=tools.timing.sweep)


def pause_after(tries: int, timing: Timing) -> timedelta:
    """Doubles with each try up to the longest, and spreads over the upper half so that retries do not meet."""
    whole: timedelta = min(timing.first_pause * 2**tries, timing.longest_pause)
    return whole * random.uniform(0.5, 1)  # noqa: S311  # spreads retries, guards nothing


def checked(pool: ConnectionPool, row: DueRow, month: BillingMonth) -> None:
    """The acts up to the row's position move nothing in the month: do not ask again until a newer one comes, or one
    that was recorded ahead of its month begins.
    """
    _note(pool, row, tries=0, checked_position=row.due_position, checked_month=str(month))


def forget(pool: ConnectionPool, row: DueRow) -> None:
    """It worked; the next due row starts without failures. Acts that were found to move nothing stay so."""
    _note(pool, row, tries=0)


def _note(
    pool: ConnectionPool,
    row: DueRow,
    *,
    tries: int,
    pause: timedelta = timedelta(0),
    until: datetime | None = None,
    sweep: timedelta = timedelta(0),
    checked_position: int = 0,
    checked_month: str = "",
) -> None:
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO push_attempts (addition, tries, not_before, sweep_at, checked_position, checked_month)"
            " VALUES (%s, %s, clock_timestamp() + greatest(%s, %s::timestamptz - ledger_now()), clock_timestamp() + %s,"
            " %s, %s)"
            " ON CONFLICT (addition) DO UPDATE SET tries = excluded.tries, not_before = excluded.not_before,"
            " sweep_at = excluded.sweep_at,"
            " checked_position = greatest(push_attempts.checked_position, excluded.checked_position),"
            " checked_month = greatest(push_attempts.checked_month, excluded.checked_month)",
            (row.addition, tries, pause, until, sweep, checked_position, checked_month),
        )
