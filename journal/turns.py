"""Those who were overtaken on a stream try again one at a time.

Threads of a process that write the same stream come again all at once, and all but one of them are overtaken again:
where a commit takes long, nearly every pause is too short to tell them apart, and some give up. Who was not overtaken
waits for nobody, so a stream that one thread writes at a time costs nothing.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID
from weakref import WeakValueDictionary

LONGEST_WAIT_SECONDS = 5.0
"""Then it goes without its turn: it may be overtaken once more, but never waits for somebody who is stuck."""


class Turns:
    """A queue for each stream, there as long as somebody stands in it."""

    def __init__(self, longest_wait_seconds: float = LONGEST_WAIT_SECONDS) -> None:
        self._longest_wait_seconds = longest_wait_seconds
        self._queues: WeakValueDictionary[UUID | str, _Queue] = WeakValueDictionary()
        self._lock = threading.Lock()

    @contextmanager
    def of(self, stream: UUID | str) -> Iterator[None]:
        """Wait until it is this thread's turn; leaving the context gives it to the next."""
        with self._lock:
            queue = self._queues.get(stream)
            if queue is None:
                queue = self._queues[stream] = _Queue()
        is_mine = queue.turn.acquire(timeout=self._longest_wait_seconds)
        try:
            yield
        finally:
            if is_mine:
                queue.turn.release()


class _Queue:
    __slots__ = ("__weakref__", "turn")

    def __init__(self) -> None:
        # Whoever decides on a stream while it decides on it already is let in.
        self.turn = threading.RLock()
