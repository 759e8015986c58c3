"""The connections that jobs use for what is no fact: leases, back-offs, views.

Every statement is its own transaction, and does not wait for the disk: what a crash of the server takes away (a lease,
a pause, a look that was noted) only means doing something again, and facts make that harmless. Whoever writes what must
stay says so in a transaction (`lasting`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg_pool import ConnectionPool

MOST_CONNECTIONS = 12
"""A job holds one for a statement at a time, so far fewer are needed than jobs run."""
TRUSTED_SECONDS = 1.0
"""A connection that worked so recently is used without asking the server whether it still does."""


def open_jobs_pool(url: str, threads: int) -> ConnectionPool:
    return ConnectionPool(
        url,
        kwargs={
            "autocommit": True,
            # One plan per statement: planning the dispatcher's questions anew takes as long as answering them. It may
            # be made while a table is empty, or while few runs have all of its rows, and then reading the whole table
            # looks cheap; so an index is used wherever there is one.
            "options": "-c synchronous_commit=off -c plan_cache_mode=force_generic_plan -c enable_seqscan=off",
            "application_name": "psa-ledger worker",
        },
        min_size=1,
        max_size=min(threads + 2, MOST_CONNECTIONS),
        open=True,
        check=trusting_check(),
    )


@contextmanager
def lasting(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """A transaction over many statements, all or none of which the disk holds when it is over."""
    with connection.transaction():
        connection.execute("SET LOCAL synchronous_commit = on")
        yield


def trusting_check() -> Callable[[psycopg.Connection[Any]], None]:
    """A pool's check that asks only a rested connection whether the server is still there.

    It raises psycopg.OperationalError when the server is gone; the pool takes another connection then.
    """
    checked_at: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()

    def check(connection: psycopg.Connection[Any]) -> None:
        now = time.monotonic()
        if now - checked_at.get(connection, float("-inf")) > TRUSTED_SECONDS:
            ConnectionPool.check_connection(connection)
            checked_at[connection] = now

    return check
