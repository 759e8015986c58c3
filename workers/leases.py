"""Who has taken which job, and until when. A lease saves work; what makes a write happen once are the facts.

A dead holder's lease runs out by itself. Leases run on the database's real time, which nobody moves.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from psycopg_pool import ConnectionPool

from workers.wake import wake_dispatchers

Pool = ConnectionPool


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
        connection.execute("DELETE FROM leases WHERE job = %s AND holder = %s", (job, holder))
        wake_dispatchers(connection)


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
    is_ours = renew(pool, job, holder, length)
    try:
        yield is_ours
    finally:
        if is_ours:
            release(pool, job, holder)
