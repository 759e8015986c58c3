"""Jobs that end wait until the views show what they did; one listener per process hears it for all of them.

The projector tells the views' position after each batch. The listener asks as well, once in a while, so a lost
announcement costs a moment, and a lost connection a few; who waits longer than its patience is told so. While a view is
folded anew the position falls back, and jobs wait. A fail-over may take the last batches away, so without a
connection no position is known. The API's twin of this, on its event loop, is `projections.freshness`.
"""

import logging
import threading
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

import psycopg
from psycopg.sql import SQL, Identifier

from projections.freshness import POLL_SECONDS, views_position
from projections.projector import VIEWS_CHANNEL

RECONNECT_SECONDS = 0.5

_log = logging.getLogger(__name__)


class ViewsPosition(AbstractContextManager["ViewsPosition"]):
    """Up to where all views are folded, as last heard. Thread-safe; holds a connection of its own while entered."""

    def __init__(self, url: str, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._url = url
        self._poll_seconds = poll_seconds
        self._position = 0
        self._waiting: list[tuple[int, threading.Event]] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="views' position", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def reach(self, position: int, patience_seconds: float) -> bool:
        """Wait until every view is folded up to a position. Tells whether it is."""
        with self._lock:
            if self._position >= position:
                return True
            reached = threading.Event()
            mine = (position, reached)
            self._waiting.append(mine)
        try:
            return reached.wait(patience_seconds)
        finally:
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)

    def _follow(self) -> None:
        while not self._over.is_set():
            try:
                self._listen()
            except psycopg.OperationalError as error:
                self._tell(0)
                _log.warning("lost the connection that hears of the views' position: %s", error)
                self._over.wait(RECONNECT_SECONDS)

    def _listen(self) -> None:
        with psycopg.connect(
            self._url, autocommit=True, connect_timeout=10, application_name="psa-ledger worker's views"
        ) as connection:
            connection.execute(SQL("LISTEN {}").format(Identifier(VIEWS_CHANNEL)))
            while not self._over.is_set():
                self._tell(views_position(connection))
                for heard in connection.notifies(timeout=self._poll_seconds):
                    self._tell(int(heard.payload))
                    if self._over.is_set():
                        break

    def _tell(self, position: int) -> None:
        with self._lock:
            self._position = position
            for wanted, reached in self._waiting:
                if wanted <= position:
                    reached.set()
            self._waiting = [one for one in self._waiting if not one[1].is_set()]
