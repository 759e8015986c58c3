"""Following the journal: NOTIFY wakes, a poll each second makes sure, and nothing is ever skipped.

The listener listens first and whoever follows reads afterwards, so an append between the two is seen. It holds a
connection of its own, and when that breaks it says so loudly: the caller starts again from its recorded position.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg.sql import SQL, Identifier

from journal.application import Journal
from journal.entry import Entry
from journal.tables import CHANNEL

POLL_SECONDS = 1.0
BATCH = 1_000


class ListenerLost(Exception):
    """The listener's connection broke; what happened since is unknown, so start again from a known position."""


class FactsListener(AbstractContextManager["FactsListener"]):
    """Wakes its owner when something was announced on a channel; by default, when facts were appended.

    Not for sharing between threads.
    Raises: psycopg.OperationalError on entering when the database can not be reached.
    """

    def __init__(self, url: str, *, channel: str = CHANNEL) -> None:
        self._url = url
        self._channel = channel
        self._connection: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        connection = psycopg.connect(
            self._url, autocommit=True, connect_timeout=10, application_name=f"psa-ledger {self._channel} listener"
        )
        connection.execute(SQL("LISTEN {}").format(Identifier(self._channel)))
        self._connection = connection
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def wait(self, timeout: float = POLL_SECONDS) -> bool:
        """Sleep until something is announced or the time is over; many announcements wake once.

        Units: seconds. Whoever polls anyway may ignore the answer.
        Raises: ListenerLost.
        """
        assert self._connection is not None, "enter the listener first"
        try:
            heard = list(self._connection.notifies(timeout=timeout, stop_after=1))
            if heard:  # the rest that is there already would only wake us again for nothing
                list(self._connection.notifies(timeout=0))
        except psycopg.OperationalError as error:
            raise ListenerLost(f"the listener on {self._channel} lost its connection") from error
        return bool(heard)


def follow(
    journal: Journal,
    listener: FactsListener,
    after_position: int,
    *,
    keep_going: Callable[[], bool] = lambda: True,
    limit: int = BATCH,
) -> Iterator[list[Entry[Any]]]:
    """Give everything after a position in batches, in journal order, and then whatever comes, until told to stop.

    Shape: batches are never empty and hold at most `limit` entries. `keep_going` is asked at least each second.
    Raises: ListenerLost.
    """
    while keep_going():
        batch = journal.read(after_position, limit)
        if batch:
            after_position = batch[-1].position
            yield batch
        else:
            listener.wait(POLL_SECONDS)
