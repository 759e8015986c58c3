"""The one clock: the database's time, moved by an offset where demo and tests may move it.

Everything that asks for the time asks here (or `Reader.now`, which is the same), so a moved clock moves all
processes at once. Production refuses to start while an offset is recorded. Time never runs back behind a recorded fact.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from journal.settings import Mode
from journal.tables import APPEND_LOCK, CLOCK_CHANNEL


class ClockError(Exception):
    """The clock can not be used so."""


class ClockIsFixed(ClockError):
    """Only demo and tests may move the clock."""


class ClockIsMoved(ClockError):
    """Production would run on a clock that somebody moved."""


class ClockRunsForward(ClockError):
    """The clock would be set back behind a recorded fact."""

    def __init__(self, wanted: datetime, last_recorded_at: datetime) -> None:
        super().__init__(f"{wanted.isoformat()} lies before the last recorded fact ({last_recorded_at.isoformat()})")
        self.last_recorded_at = last_recorded_at


class Clock:
    """The ledger's time as the database gives it.

    Each call makes a connection of its own, so the clock holds none and survives restarts of the server.
    Raises: ClockIsMoved on construction in production when an offset is recorded.
    """

    def __init__(self, url: str, mode: Mode) -> None:
        self._url = url
        self._mode = mode
        if mode is Mode.PRODUCTION and self.shift():
            raise ClockIsMoved("the clock of this database was moved; production does not run on it")

    def now(self) -> datetime:
        """The ledger's time, aware and in UTC."""
        with psycopg.connect(self._url, connect_timeout=10) as connection:
            now: datetime = _one(connection, "SELECT ledger_now()")
            return now.astimezone(UTC)

    def shift(self) -> timedelta:
        """By how much the ledger's time differs from the real one."""
        with psycopg.connect(self._url, connect_timeout=10) as connection:
            row = connection.execute("SELECT shift FROM ledger_clock").fetchone()
            return timedelta(0) if row is None else row[0]

    def move_to(self, instant: datetime) -> datetime:
        """Let it be this instant now, and tell everybody who listens.

        Raises: ClockIsFixed in production; ClockRunsForward; ValueError for a naive instant.
        """
        if instant.utcoffset() is None:
            raise ValueError("an instant has a time zone")
        return self._move("SELECT %s - clock_timestamp()", instant)

    def advance(self, delta: timedelta) -> datetime:
        """Let it be so much later, and tell everybody who listens. Raises: as `move_to`."""
        return self._move("SELECT %s + ledger_now() - clock_timestamp()", delta)

    def _move(self, query: str, given: datetime | timedelta) -> datetime:
        if self._mode is Mode.PRODUCTION:
            raise ClockIsFixed("only demo and tests may move the clock")
        with psycopg.connect(self._url, connect_timeout=10) as connection:
            # No append may slip in between the look at the last fact and the new time.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
            shift = _one(connection, query, given)
            connection.execute(
                "INSERT INTO ledger_clock (shift) VALUES (%s) ON CONFLICT (one) DO UPDATE SET shift = excluded.shift",
                (shift,),
            )
            now: datetime = _one(connection, "SELECT ledger_now()").astimezone(UTC)
            last = _one(connection, "SELECT max(recorded_at) FROM facts")
            if last is not None and now < last:
                raise ClockRunsForward(now, last.astimezone(UTC))
            connection.execute("SELECT pg_notify(%s, '')", (CLOCK_CHANNEL,))
        return now


def _one(connection: psycopg.Connection[Any], query: str, *parameters: object) -> Any:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row[0]
