"""At most so many requests of one MSP at a time in a process; what comes on top waits for its turn, a little.

Threads, database connections and the processor are shared by all MSPs. One that asks for much at once, or for slow
things, then waits for itself and for nobody else.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from api.rates import RateLimited
from api.tokens import Principal

MOST_WAITING = 250
"""Of one MSP; more of them would only wait until their callers have given up."""


@dataclass(slots=True)
class _Place:
    free: asyncio.Semaphore
    users: int = 0


@dataclass(slots=True)
class Turns:
    """`at_once` requests of one MSP, or of one caller for all MSPs. Belongs to one event loop."""

    at_once: int
    _places: dict[str, _Place] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, who: Principal) -> AsyncIterator["Turn"]:
        """Wait for a turn and hold it. Raises: RateLimited when too many wait already."""
        name = f"msp {who.msp}" if who.msp is not None else f"subject {who.subject}"
        place = self._places.setdefault(name, _Place(asyncio.Semaphore(self.at_once)))
        if place.users >= self.at_once + MOST_WAITING:
            raise RateLimited(1.0)
        place.users += 1
        try:
            await place.free.acquire()
            turn = Turn(place.free)
            try:
                yield turn
            finally:
                turn.end()
        finally:
            place.users -= 1
            if place.users == 0:
                del self._places[name]


@dataclass(slots=True)
class Turn:
    """A turn that is held; `end` gives it back early, for an answer that goes on for long."""

    _free: asyncio.Semaphore
    _is_held: bool = True

    def end(self) -> None:
        if self._is_held:
            self._is_held = False
            self._free.release()
