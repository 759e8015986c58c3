"""Who has taken which job, and until when. A lease saves work; what makes a write happen once are the facts.

A dispatcher takes the lease and sends the message; whoever answers it claims the lease, once, so a message that comes
twice is answered once. While a job runs, its worker says that it lives (`Keeper`), so a lease need not last as long as
the slowest job: a worker that died, was frozen or cut off loses its jobs within one lease. A message that waits in the
queue for longer than that is sent again under the same name, and the first of the two is answered.
Leases run on the database's real time, which nobody moves.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from types import TracebackType
from typing import LiteralString, Self

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from workers.wake import CHANNEL

_log = logging.getLogger(__name__)

Pool = ConnectionPool


CLAIM: LiteralString = (
    "UPDATE leases SET until = clock_timestamp() + %(length)s, claimed = true"
    " WHERE job = %(job)s AND holder = %(holder)s AND NOT claimed"
)


def claim(pool: Pool, job: str, holder: str, length: timedelta) -> bool:
    """Whether the job is ours from now on: taken in this name, and answered by nobody else yet."""
    with pool.connection() as connection:
        return connection.execute(CLAIM, {"length": length, "job": job, "holder": holder}).rowcount == 1


def renew(pool: Pool, job: str, holder: str, length: timedelta) -> bool:
    """Whether the job is still ours; if so, for so much longer."""
    with pool.connection() as connection:
        renewed = connection.execute(
            "UPDATE leases SET until = clock_timestamp() + %s WHERE job = %s AND holder = %s", (length, job, holder)
        )
        return renewed.rowcount == 1


def release(pool: Pool, job: str, holder: str) -> None:
    """Give the job back and let the dispatchers look whether more of it is due."""
    with pool.connection() as connection:
        connection.execute(
            "WITH released AS (DELETE FROM leases WHERE job = %s AND holder = %s) SELECT pg_notify(%s, '')",
            (job, holder, CHANNEL),
        )


@contextmanager
def kept(pool: Pool, job: str, holder: str, length: timedelta) -> Iterator[bool]:
    """As `held`, for a job that may take longer than its lease: renewed by the side until the job is over."""
    over = threading.Event()

    def renewing() -> None:
        while not over.wait(length.total_seconds() / 3) and renew(pool, job, holder, length):
            pass

    with held(pool, job, holder, length) as is_ours:
        renewer = threading.Thread(target=renewing, name=f"lease of {job}", daemon=True)
        renewer.start()
        try:
            yield is_ours
        finally:
            over.set()
            renewer.join()


@contextmanager
def held(pool: Pool, job: str, holder: str, length: timedelta) -> Iterator[bool]:
    """Carry out a job under the lease that the dispatcher took for it; false when somebody else has it by now."""
    is_ours = claim(pool, job, holder, length)
    try:
        yield is_ours
    finally:
        if is_ours:
            release(pool, job, holder)


class Keeper(AbstractContextManager["Keeper"]):
    """Renews the leases of the jobs that run in this process, all of them in one statement by one thread."""

    def __init__(self, pool: Pool, length: timedelta) -> None:
        self._pool = pool
        self._length = length
        self._kept: dict[str, str] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @contextmanager
    def keeping(self, job: str, holder: str) -> Iterator[None]:
        """Keep a claimed lease as long as the context lasts; one that was lost meanwhile stays lost."""
        with self._lock:
            self._kept[job] = holder
        try:
            yield
        finally:
            with self._lock:
                self._kept.pop(job, None)

    def _run(self) -> None:
        while not self._over.wait(self._length.total_seconds() / 4):
            with self._lock:
                kept = dict(self._kept)
            if not kept:
                continue
            try:
                with self._pool.connection() as connection:
                    connection.execute(
                        "UPDATE leases l SET until = clock_timestamp() + %s"
                        "  FROM unnest(%s::text[], %s::text[]) AS k (job, holder)"
                        " WHERE l.job = k.job AND l.holder = k.holder",
                        (self._length, list(kept), list(kept.values())),
                    )
            except (psycopg.OperationalError, PoolTimeout) as error:
                _log.warning("the leases of %s jobs could not be renewed: %s", len(kept), error)
