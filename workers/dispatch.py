"""From what waits to messages: looks at the views whenever they move, takes a lease, and sends the job.

Every worker process has a dispatcher; the lease decides which of them sends. Messages carry names only, so a broker
that is emptied or sends twice loses and doubles nothing: what still waits is found again at the next look.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg.sql import SQL, Identifier
from psycopg_pool import ConnectionPool

from domain.values import MspId
from journal.tables import CLOCK_CHANNEL
from projections.projector import VIEWS_CHANNEL
from projections.reads.gates import MONTH, MONTH_IS_CLOSED
from projections.reads.standing import DISPATCHER
from workers.brokers import BrokerGone
from workers.carry_out_runs import run_job
from workers.due import Rota, due_agreements
from workers.tools import Timing
from workers.wake import CHANNEL

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
REST_TO_LOOK, LONGEST_REST_SECONDS = 3, 0.5
"""Between two looks the dispatcher rests so many times as long as the last one took, and no longer than this."""
AGREEMENTS_PER_LOOK = 200
PROBE_EVERY = timedelta(seconds=60)
WATCH_AGAIN = timedelta(minutes=10)
"""A watch whose worker died is taken up again after this; one that ConnectWise did not answer, the next night."""
CHANNELS = (VIEWS_CHANNEL, CHANNEL, CLOCK_CHANNEL)


@dataclass(frozen=True, slots=True)
class Message:
    """What an actor is to answer, and with which arguments."""

    actor: str
    arguments: tuple[str | int, ...]


class Send(Protocol):
    """Hands messages to the broker. Raises: BrokerGone, when it may have taken some of them."""

    def __call__(self, messages: Sequence[Message]) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """One message to be sent once its lease is taken; the lease's holder is added to its arguments."""

    lease: str
    msp: str
    message: Message
    length: timedelta


_RUNS: LiteralString = f"""
SELECT r.msp, r.run FROM runs r LEFT JOIN connections c ON c.msp = r.msp
{MONTH}
 WHERE r.finished_at IS NULL
   AND CASE
       WHEN c.number IS NULL OR c.status = 'NOT_CONNECTED' THEN true
       WHEN r.planned_at IS NOT NULL OR r.status = 'CANCELLED'
            THEN NOT EXISTS (SELECT 1 FROM due_pushes d WHERE d.run = r.run AND d.state = 'DUE')
       WHEN r.kind = 'PREVIEW' THEN true
       WHEN r.kind = 'IMPORT'
            THEN NOT EXISTS (SELECT 1 FROM runs o
                              WHERE o.msp = r.msp AND o.kind = 'IMPORT' AND o.finished_at IS NULL
                                AND (o.requested_at, o.run) < (r.requested_at, r.run))
       ELSE c.status = 'ACTIVE' AND {MONTH_IS_CLOSED} AND NOT EXISTS (
            SELECT 1 FROM runs o
             WHERE o.msp = r.msp AND o.run <> r.run AND o.finished_at IS NULL
               AND o.kind IN ('OVERWRITE', 'FINAL', 'UNDO')
               AND (o.planned_at IS NOT NULL OR (o.requested_at, o.run) < (r.requested_at, r.run)))
       END
 ORDER BY r.requested_at LIMIT 200
"""  # noqa: S608 - put together from this program's own constants
"""Runs that can be brought a step on. One writing run and one import per MSP at a time; the others wait in the order
asked for. A writing run is planned only once the month that ended is closed: the lines of a month that is over are
those that it was closed on.
"""

_CLOSES: LiteralString = """
SELECT c.msp
  FROM connections c
 CROSS JOIN LATERAL (
       SELECT date_trunc('month', (ledger_now() - interval '30 minutes') AT TIME ZONE 'UTC') AS begins
       ) AS running
 CROSS JOIN LATERAL (
       SELECT running.begins AT TIME ZONE 'UTC' AS begins_at,
              to_char(running.begins - interval '1 day', 'YYYY-MM') AS previous
       ) AS month
 WHERE c.status <> 'NOT_CONNECTED' AND c.has_products
   AND c.connected_at < month.begins_at
   AND c.products_mapped_at < month.begins_at + interval '30 minutes'
   AND NOT EXISTS (SELECT 1 FROM runs r
                    WHERE r.msp = c.msp AND r.kind = 'FINAL' AND r.month = month.previous AND r.planned_at IS NOT NULL)
 LIMIT 500
"""
"""MSPs whose last month is over for half an hour and not closed: at 00:30 UTC on day 1, or when we are back later.

Half an hour ago decides which month is the last one, so that one missed altogether does not wait for the next close.
"""

_IN_ATTENTION: LiteralString = "SELECT msp FROM connections WHERE status = 'ATTENTION' LIMIT 500"

_WATCHES: LiteralString = """
WITH now AS MATERIALIZED (SELECT ledger_now() AS at),
     today AS MATERIALIZED (SELECT at, date_trunc('day', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS begins FROM now)
SELECT c.msp FROM connections c CROSS JOIN today LEFT JOIN watches w ON w.msp = c.msp
 WHERE c.status = 'ACTIVE'
   AND today.at >= today.begins + interval '2 hours'
   AND (w.msp IS NULL OR w.watched_on < (today.at AT TIME ZONE 'UTC')::date)
   AND c.connected_at < today.begins
 LIMIT 500
"""
"""MSPs that were not looked at today; from 02:00 UTC on, well after the month's close."""

_TAKE: LiteralString = """
INSERT INTO leases (job, msp, holder, until)
SELECT job, msp, holder, clock_timestamp() + length
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::interval[]) AS wanted (job, msp, holder, length)
    ON CONFLICT (job) DO UPDATE SET until = excluded.until, claimed = false,
       holder = CASE WHEN leases.claimed THEN excluded.holder ELSE leases.holder END
 WHERE leases.until <= clock_timestamp()
RETURNING job, holder
"""


_WAITING: LiteralString = """
SELECT (SELECT count(*) FROM leases WHERE job LIKE 'push:%%' AND NOT claimed AND until > clock_timestamp()),
       (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s)
"""
"""Messages about pushes that nobody has begun to answer, and workers that could."""


def note_watch(pool: ConnectionPool, msp: MspId) -> None:
    """The MSP was looked at today; a night without an answer is not noted and so tried again."""
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO watches VALUES (%s, (ledger_now() AT TIME ZONE 'UTC')::date)"
            " ON CONFLICT (msp) DO UPDATE SET watched_on = excluded.watched_on",
            (msp,),
        )


class Dispatcher:
    """Looks for what can be done now and sends it. `look` is one round; `run` goes on until told to stop."""

    def __init__(
        self,
        pool: ConnectionPool,
        send: Send,
        *,
        timing: Timing,
        new_holder: Callable[[], str],
        most_waiting: int = AGREEMENTS_PER_LOOK,
    ) -> None:
        """`most_waiting` messages about pushes wait in the queue per worker; more would only outlive their leases."""
        self._pool = pool
        self._send = send
        self._timing = timing
        self._new_holder = new_holder
        self._most_waiting = most_waiting
        self._rota = Rota()

    def look(self, *, at_the_clock: bool = True) -> int:
        """Send everything that can be done now and that nobody has taken. Tells how many jobs were sent.

        What only the clock brings about is left out where it was looked at a moment ago.
        """
        with self._pool.connection() as connection:
            jobs = [
                Job(run_job(run), msp, Message("run.carry_out", (msp, run)), self._timing.lease)
                for msp, run in connection.execute(_RUNS)
            ]
            if at_the_clock:
                jobs += self._of_the_clock(connection)
            [(waiting, workers)] = connection.execute(_WAITING, (DISPATCHER,))
        most = max(workers, 1) * self._most_waiting
        # Looking for one more costs as much as looking for many, so a full queue is left to empty by half; but once a
        # second there is a look anyway, since a broker may have lost what seems to wait.
        room = most - waiting if at_the_clock or 2 * waiting <= most else 0
        jobs.extend(
            Job(
                due.job,
                due.msp,
                Message("addition.push", (due.msp, due.site, due.company_id, due.agreement)),
                self._timing.lease,
            )
            for due in (due_agreements(self._pool, min(room, AGREEMENTS_PER_LOOK), self._rota) if room > 0 else ())
        )
        return self._send_taken(jobs)

    def _of_the_clock(self, connection: psycopg.Connection[Any]) -> Iterator[Job]:
        for (msp,) in connection.execute(_CLOSES):
            yield Job(f"close:{msp}", msp, Message("month.close", (msp,)), self._timing.lease)
        for (msp,) in connection.execute(_IN_ATTENTION):
            yield Job(f"probe:{msp}", msp, Message("connection.probe", (msp,)), PROBE_EVERY)
        for (msp,) in connection.execute(_WATCHES):
            yield Job(f"watch:{msp}", msp, Message("connection.watch", (msp,)), WATCH_AGAIN)

    def _send_taken(self, jobs: Iterable[Job]) -> int:
        by_lease = {job.lease: (job, self._new_holder()) for job in jobs}
        if not by_lease:
            return 0
        wanted = [by_lease[lease] for lease in sorted(by_lease)]
        with self._pool.connection() as connection:
            taken = connection.execute(
                _TAKE,
                (
                    [job.lease for job, _ in wanted],
                    [job.msp for job, _ in wanted],
                    [holder for _, holder in wanted],
                    [job.length for job, _ in wanted],
                ),
            ).fetchall()
        if not taken:
            return 0
        messages = [by_lease[lease][0].message for lease, _ in taken]
        try:
            self._send(
                [
                    Message(message.actor, (*message.arguments, holder))
                    for message, (_, holder) in zip(messages, taken, strict=True)
                ]
            )
        except BrokerGone as error:
            log.warning("the broker takes no messages: %s", error)
            self._give_back(taken)
            raise
        return len(taken)

    def _give_back(self, leases: Sequence[tuple[str, str]]) -> None:
        """Let go of what could not be sent, so that it need not wait for its lease to run out.

        What a worker has begun to answer is its own. A message that was taken all the same, and not begun with, finds
        its lease gone, or in another name, and is answered with nothing.
        """
        with self._pool.connection() as connection:
            connection.cursor().executemany("DELETE FROM leases WHERE job = %s AND holder = %s AND NOT claimed", leases)

    def run(self, url: str, stopping: threading.Event) -> None:
        """Look whenever the views, the clock or a finished job announce themselves, and each second anyway.

        A lost connection is told and tried again; what waits does not get lost by waiting.
        """
        while not stopping.is_set():
            try:
                with psycopg.connect(
                    url, autocommit=True, connect_timeout=10, application_name=DISPATCHER
                ) as listening:
                    for channel in CHANNELS:
                        listening.execute(SQL("LISTEN {}").format(Identifier(channel)))
                    clock_looked_at = -math.inf
                    while not stopping.is_set():
                        began = time.monotonic()
                        at_the_clock = began - clock_looked_at >= POLL_SECONDS
                        if at_the_clock:
                            clock_looked_at = began
                        self.look(at_the_clock=at_the_clock)
                        # A look through a long list of what waits costs the database as much as some pushes do.
                        stopping.wait(min(REST_TO_LOOK * (time.monotonic() - began), LONGEST_REST_SECONDS))
                        _sleep(listening)
            except psycopg.OperationalError as error:
                log.warning("the dispatcher lost the database: %s", error)
                stopping.wait(POLL_SECONDS)
            except BrokerGone:
                stopping.wait(POLL_SECONDS)


def _sleep(listening: psycopg.Connection[Any]) -> None:
    """Until something is announced; many announcements wake once."""
    if list(listening.notifies(timeout=POLL_SECONDS, stop_after=1)):
        list(listening.notifies(timeout=0))
