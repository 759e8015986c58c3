"""Being the only one of a kind: an advisory lock on the very connection that the work is done on.

When that connection breaks, the lock is gone, and so is the one that held it; there is no moment in which two believe
to be the one. A host that is cut off is noticed by keepalives, here and at the server (`SERVER_NOTICES`).
"""

from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import psycopg

from journal.settings import SERVER_NOTICES


class OnlyOne:
    """Works on one connection. Use as a context: leaving it frees the lock. Not for sharing between threads.

    `lock` is the number of the advisory lock; `name` is what the server's lists show; `options` are the session's.
    Raises: psycopg.OperationalError when the database can not be reached.
    """

    def __init__(self, url: str, lock: int, *, name: str, options: str = "") -> None:
        self._lock = lock
        self._connection: psycopg.Connection[Any] = psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=10,
            application_name=name,
            options=f"-c TimeZone=UTC {SERVER_NOTICES} {options}",
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            # The server lets go of a closed connection's lock a moment later; whoever follows need not wait for that.
            with suppress(psycopg.OperationalError):
                self._connection.execute("SELECT pg_advisory_unlock_all()")
        self._connection.close()

    def try_lock(self) -> bool:
        """Become the only one, if nobody is."""
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (self._lock,)).fetchone()
        assert row is not None
        return bool(row[0])

    @property
    def holds_lock(self) -> bool:
        row = self._connection.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            " AND classid = 0 AND objid = %s AND granted)",
            (self._lock,),
        ).fetchone()
        assert row is not None
        return bool(row[0])


def is_held(connection: psycopg.Connection[Any], lock: int) -> bool:
    """Whether somebody holds the lock of this number in this database."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = %s AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        (lock,),
    ).fetchone()
    return row is not None and bool(row[0])
