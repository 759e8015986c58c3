"""When to try an addition again: after a growing, jittered pause, or when the sweeper comes by.

These notes are no facts: losing them means trying earlier, and looking again at acts that once moved nothing. If the
base was moved since by an overwrite of another month or an undo, those acts count then, as the next one would have made
them: the addition gets the current month's number earlier.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectwise.errors import PsaError, Throttled
from domain.addition import PushStarted
from domain.values import BillingMonth
from workers.due import DueRow
from workers.tools import Timing, Tools


def pause_after(tries: int, timing: Timing) -> timedelta:
    """Doubles with each try up to the longest, and spreads over the upper half so that retries do not meet."""
    whole: timedelta = min(timing.first_pause * 2**tries, timing.longest_pause)
    return whole * random.uniform(0.5, 1)  # noqa: S311  # spreads retries, guards nothing


@dataclass(frozen=True, slots=True)
class Notes:
    """What one pass notes of its additions, as long as nobody took its lease or cleared it away.

    Why only so long: a worker that was cut off comes to say it when others have gone on, and would take their pauses
    back, or keep them waiting for what is over. What it does not get to say costs one try without a pause.
    """

    tools: Tools
    job: str
    holder: str

    def postpone(self, row: DueRow) -> None:
        """Come back soon; this was no failed try."""
        self._note(row, tries=row.tries, pause=self.tools.timing.first_pause)

    def wait_for(self, row: DueRow, started: PushStarted, version: int) -> None:
        """Not before the push has ended that is open in this version of the addition, or its writer can not write any
        more; this was no failed try.
        """
        until = self.tools.timing.settled_from(started.deadline)
        self._note(row, tries=row.tries, until=until, open_version=version)

    def failed(self, row: DueRow, error: PsaError) -> None:
        """One try failed and the next comes later."""
        if isinstance(error, Throttled):
            self._note(row, tries=row.tries, pause=timedelta(seconds=error.seconds))
        else:
            self._note(row, tries=row.tries + 1, pause=pause_after(row.tries, self.tools.timing))

    def leave_to_sweeper(self, row: DueRow) -> None:
        """It is an exception now: an admin or a newer fact brings it back at once, the sweeper after a while."""
        self._note(row, tries=0, sweep=self.tools.timing.sweep)

    def checked(self, row: DueRow, month: BillingMonth) -> None:
        """The acts up to the row's position move nothing in the month: do not ask again until a newer one comes, or
        one that was recorded ahead of its month begins.
        """
        self._note(row, tries=0, checked_position=row.due_position, checked_month=str(month))

    def forget(self, row: DueRow) -> None:
        """It worked; the next due row starts without failures. Acts that were found to move nothing stay so."""
        self._note(row, tries=0)

    def _note(
        self,
        row: DueRow,
        *,
        tries: int,
        pause: timedelta = timedelta(0),
        until: datetime | None = None,
        open_version: int | None = None,
        sweep: timedelta = timedelta(0),
        checked_position: int = 0,
        checked_month: str = "",
    ) -> None:
        """`until` is an instant of the ledger's clock, in place of the pause."""
        with self.tools.pool.connection() as connection:
            connection.execute(
                "INSERT INTO push_attempts"
                " (addition, tries, not_before, open_version, sweep_at, checked_position, checked_month)"
                " SELECT %s, %s, clock_timestamp() + coalesce(%s::timestamptz - ledger_now(), %s), %s,"
                "        clock_timestamp() + %s, %s, %s"
                "  WHERE EXISTS (SELECT FROM leases WHERE job = %s AND holder = %s)"
                " ON CONFLICT (addition) DO UPDATE SET tries = excluded.tries, not_before = excluded.not_before,"
                " open_version = excluded.open_version, sweep_at = excluded.sweep_at,"
                " checked_position = greatest(push_attempts.checked_position, excluded.checked_position),"
                " checked_month = greatest(push_attempts.checked_month, excluded.checked_month)",
                (
                    row.addition,
                    tries,
                    until,
                    pause,
                    open_version,
                    sweep,
                    checked_position,
                    checked_month,
                    self.job,
                    self.holder,
                ),
            )
