"""How a question is put: one connection from the pool, one query, rows as frozen dataclasses."""

import select
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import class_row, tuple_row
from psycopg.sql import SQL, Composed
from psycopg_pool import AsyncConnectionPool

T = TypeVar("T")

Query = LiteralString | SQL | Composed


TRUSTED_IDLE_SECONDS = 5.0
"""So long a connection that was in use is believed to be open as long as nothing comes from the server."""


class ViewConnection(AsyncConnection[Any]):
    """A connection that knows when it was last found open."""

    found_open_at: float = -TRUSTED_IDLE_SECONDS


Pool = AsyncConnectionPool[ViewConnection]


@dataclass(frozen=True, slots=True)
class Views:
    """The views as questions see them. A connection that the server dropped is replaced before it is used."""

    pool: Pool

    async def rows(self, shape: type[T], query: Query, parameters: Sequence[object] = ()) -> list[T]:
        """Shape: one `shape` per row, its fields named as the columns."""
        async with self.pool.connection() as connection, connection.cursor(row_factory=class_row(shape)) as cursor:
            await cursor.execute(query, parameters)
            return await cursor.fetchall()

    async def one(self, shape: type[T], query: Query, parameters: Sequence[object] = ()) -> T | None:
        found = await self.rows(shape, query, parameters)
        return found[0] if found else None

    async def tuples(self, query: Query, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(query, parameters)
            return await cursor.fetchall()

    async def number(self, query: Query, parameters: Sequence[object] = ()) -> int:
        """The one number that a counting query answers."""
        [(number,)] = await self.tuples(query, parameters)
        return int(number)


def open_pool(url: str, size: int) -> Pool:
    """A pool that is still closed; open it in the event loop that will use it."""
    return AsyncConnectionPool(
        url,
        connection_class=ViewConnection,
        min_size=1,
        max_size=size,
        open=False,
        timeout=20,
        check=check_open,
        kwargs={
            "autocommit": True,
            "options": "-c TimeZone=UTC -c statement_timeout=30s",
            "application_name": "psa-ledger api",
        },
    )


async def check_open(connection: ViewConnection) -> None:
    """Find out whether a connection is still open before it is used.

    Why not always by asking the server: that is a round trip more for each question. A server that ends a connection
    says so, and then there is something to read; one that was idle for long may have been dropped on the way, silently.
    Raises: psycopg.OperationalError when it is not.
    """
    now = time.monotonic()
    if now - connection.found_open_at > TRUSTED_IDLE_SECONDS or _has_something_to_read(connection.fileno()):
        await AsyncConnectionPool.check_connection(connection)
    connection.found_open_at = now


def _has_something_to_read(descriptor: int) -> bool:
    looking = select.poll()
    looking.register(descriptor, select.POLLIN)
    return bool(looking.poll(0))


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that must all hold, gathered one by one with their values."""

    conditions: tuple[LiteralString, ...] = ()
    values: tuple[object, ...] = ()

    def both(self, condition: LiteralString, *values: object) -> "Filter":
        return Filter((*self.conditions, condition), (*self.values, *values))

    def when(self, given: bool, condition: LiteralString, *values: object) -> "Filter":
        return self.both(condition, *values) if given else self

    @property
    def sql(self) -> LiteralString:
        return " AND ".join(self.conditions) if self.conditions else "true"


def like_prefix(key: str) -> str:
    """A LIKE pattern that holds for texts beginning with the key."""
    return _escaped(key) + "%"


def like_anywhere(key: str) -> str:
    return "%" + _escaped(key) + "%"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
