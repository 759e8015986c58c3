"""Waiting until the views hold what was just recorded.

Whoever records a fact knows its position; what follows may only be shown once every view stands there. The projector
tells its position on a channel after each batch. The listener asks as well, once in a while, so a lost announcement
costs a moment and a lost connection a few; neither costs the truth. While a view is folded anew the position falls
back, and waiters wait. A fail-over may take the last batches away, so without a connection no position is
known.
"""

import asyncio
import logging
import time
from contextlib import AbstractAsyncContextManager, suppress
from heapq import heapify, heappop, heappush
from itertools import count
from types import TracebackType
from typing import Any, Self

import psycopg

from journal.follow import FactsListener
from projections.projector import VIEWS_CHANNEL

POLL_SECONDS = 0.5
_RECONNECT_SECONDS = 0.5
_POSITION = "SELECT coalesce(min(position), 0) FROM view_positions"

_log = logging.getLogger("psa_ledger.freshness")


class Freshness(AbstractAsyncContextManager["Freshness"]):
    """Knows the position up to which all views are folded, and wakes those who wait for more.

    Holds one connection of its own while entered. Belongs to one event loop.
    """

    def __init__(self, url: str, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._url = url
        self._poll_seconds = poll_seconds
        self._position = 0
        self._waiting: list[tuple[int, int, asyncio.Future[bool]]] = []
        """A heap: the position that somebody waits for, the order in which they came, and what wakes them."""
        self._order = count()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._follow(), name="views' position")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    @property
    def position(self) -> int:
        """As last heard, 0 while nothing is heard; the views may be further by now."""
        return self._position

    async def wait_for(self, position: int, timeout_seconds: float) -> bool:
        """Wait until every view is folded up to a position. Tells whether it is.

        Raises: what ended the listening, if anything but a lost connection did.
        """
        assert self._task is not None, "enter it first"
        if self._position >= position:
            return True
        if self._task.done():
            self._task.result()
        loop = asyncio.get_running_loop()
        reached: asyncio.Future[bool] = loop.create_future()
        mine = (position, next(self._order), reached)
        heappush(self._waiting, mine)
        limit = loop.call_later(timeout_seconds, _tell_one, reached, False)
        was_told = False
        try:
            was_told = await reached
        finally:
            limit.cancel()
            if not was_told and mine in self._waiting:
                # It leaves before; on a quiet ledger nobody else would ever take it out.
                self._waiting.remove(mine)
                heapify(self._waiting)
        return was_told or self._position >= position

    async def _follow(self) -> None:
        while True:
            try:
                await self._listen()
            except psycopg.OperationalError as error:
                self._position = 0
                _log.warning("lost the connection that hears of the views' position: %s", error)
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=10, application_name="psa-ledger freshness"
        )
        async with connection:
            await connection.execute(f"LISTEN {VIEWS_CHANNEL}")
            while True:
                await self._ask(connection)
                async for heard in connection.notifies(timeout=self._poll_seconds):
                    self._tell(int(heard.payload))

    async def _ask(self, connection: psycopg.AsyncConnection[Any]) -> None:
        row = await (await connection.execute(_POSITION)).fetchone()
        assert row is not None
        self._tell(row[0])

    def _tell(self, position: int) -> None:
        """Wake those who waited for no more than this, and nobody else: a busy ledger moves many times a second."""
        self._position = position
        while self._waiting and self._waiting[0][0] <= position:
            *_, reached = heappop(self._waiting)
            _tell_one(reached, True)


def _tell_one(reached: "asyncio.Future[bool]", is_reached: bool) -> None:
    if not reached.done():
        reached.set_result(is_reached)


def views_position(connection: psycopg.Connection[Any]) -> int:
    """The position up to which every view is folded; 0 before anything is."""
    row = connection.execute(_POSITION).fetchone()
    assert row is not None
    return int(row[0])


def wait_until_folded(url: str, position: int, timeout_seconds: float) -> bool:
    """Wait in this thread until every view is folded up to a position. Tells whether it is.

    Raises: psycopg.OperationalError, ListenerLost when the database is lost meanwhile.
    """
    give_up_at = time.monotonic() + timeout_seconds
    with FactsListener(url, channel=VIEWS_CHANNEL) as listener, psycopg.connect(url, autocommit=True) as connection:
        while views_position(connection) < position:
            left = give_up_at - time.monotonic()
            if left <= 0:
                return False
            listener.wait(min(left, POLL_SECONDS))
    return True
