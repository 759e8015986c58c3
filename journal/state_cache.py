"""Folded states by stream, each with the version it has reached; the least recently used leave first.

A cached state is never wrong, only old: whoever uses it reads what is newer than its version. States are frozen values,
so threads share them freely.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar
from uuid import UUID

S_co = TypeVar("S_co", covariant=True)

Evolve = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Folded(Generic[S_co]):
    """A stream's state and the version of the last fact in it; version 0 is a stream without facts."""

    state: S_co
    version: int


class StateCache:
    """A bounded map from (stream, evolve) to its folded state; `evolve` belongs to the key because two may differ."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._states: OrderedDict[tuple[UUID, Evolve], Folded[Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, stream_id: UUID, evolve: Evolve) -> Folded[Any] | None:
        with self._lock:
            found = self._states.get((stream_id, evolve))
            if found is not None:
                self._states.move_to_end((stream_id, evolve))
            return found

    def put(self, stream_id: UUID, evolve: Evolve, folded: Folded[Any]) -> None:
        """Keep a state unless a newer one of the stream is there."""
        with self._lock:
            known = self._states.get((stream_id, evolve))
            if known is not None and known.version >= folded.version:
                return
            self._states[(stream_id, evolve)] = folded
            self._states.move_to_end((stream_id, evolve))
            while len(self._states) > self._capacity:
                self._states.popitem(last=False)
