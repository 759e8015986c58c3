"""Signals as values: they wake a waiting loop and are read there, so nothing runs at a surprising place."""

import contextlib
import os
import select
import signal
from collections.abc import Iterator
from typing import Self

STOPPING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


class Signals:
    """Collects the signals that ask a supervisor to stop or to look at its children."""

    def __init__(self, woken: int) -> None:
        self._woken = woken

    @classmethod
    @contextlib.contextmanager
    def collected(cls) -> Iterator[Self]:
        """Collect signals for as long as the context lasts; in the main thread only."""
        woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        numbers = [*STOPPING, signal.SIGCHLD]
        before = {number: signal.signal(number, lambda *_: None) for number in numbers}
        earlier = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        try:
            yield cls(woken)
        finally:
            signal.set_wakeup_fd(earlier)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(woken)
            os.close(wake)

    def wait(self, seconds: float) -> tuple[str, ...]:
        """Sleep until a signal comes or the time is over. Shape: the names of those that asked to stop."""
        ready, _, _ = select.select([self._woken], [], [], seconds)
        numbers = os.read(self._woken, 512) if ready else b""
        return tuple(signal.Signals(number).name for number in numbers if number in STOPPING)
