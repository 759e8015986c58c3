"""Calls that come while others are being recorded are recorded together, in one append.

A call that comes alone goes at once: it waits for no more company than is being read already. While an append is under
way the next ones gather, and go all at once when it is done; so the busier the process, the more calls share one lock
and one wait for the disk.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from anyio import to_thread

from journal.application import Journal
from journal.entry import Entry
from journal.together import Outcome, Part, record_together

AT_ONCE = 2
"""Appends under way: a small one need not wait until a large one has been decided."""
SMALL = 100
"""Changes up to which an append is small. Two small ones at a time would only take each other's time."""
_GATHERING_TURNS = 3
"""Of the event loop, in which whatever has arrived is read and comes to wait as well. An idle loop takes 0.1 ms."""


@dataclass(slots=True)
class _Waiting:
    part: Part
    size: int
    answer: "asyncio.Future[tuple[Entry[Any], ...]]"


@dataclass(slots=True)
class Intake:
    """Belongs to one event loop. `most_changes` bounds one append; 0 closes the intake."""

    journal: Journal
    most_changes: int
    _waiting: deque[_Waiting] = field(default_factory=deque)
    _ways: set["asyncio.Task[None]"] = field(default_factory=set)
    _open_ways: int = 0
    _is_gathering: bool = False
    _under_way: list[int] = field(default_factory=list)
    """How many changes each append under way brings."""

    @property
    def is_open(self) -> bool:
        return self.most_changes > 0

    async def record(self, part: Part, size: int) -> tuple[Entry[Any], ...]:
        """Record a part along with whatever waits; `size` is how many changes it brings.

        Raises: what the part's decision raises, and what `Journal.transact` does.
        """
        answer: asyncio.Future[tuple[Entry[Any], ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(part, size, answer))
        self._open_way()
        return await answer

    def _open_way(self) -> None:
        """Begin another append, if something waits that need not wait for those under way."""
        if self._open_ways < AT_ONCE and not self._is_gathering and self._may_begin():
            self._open_ways += 1
            self._is_gathering = True
            way = asyncio.create_task(self._record_all())
            self._ways.add(way)
            way.add_done_callback(self._ways.discard)

    def _may_begin(self) -> bool:
        return bool(self._waiting) and all(size > SMALL for size in self._under_way)

    async def _record_all(self) -> None:
        try:
            await self._gather()
            while self._may_begin():
                await self._record_batch()
        finally:
            self._open_ways -= 1

    async def _gather(self) -> None:
        try:
            for _ in range(_GATHERING_TURNS):
                await asyncio.sleep(0)
        finally:
            self._is_gathering = False

    async def _record_batch(self) -> None:
        batch = self._next_batch()
        size = sum(one.size for one in batch)
        self._under_way.append(size)
        self._open_way()  # whatever did not fit into a large one
        outcomes: Sequence[Outcome]
        try:
            outcomes = await to_thread.run_sync(record_together, self.journal, [one.part for one in batch])
        except Exception as error:  # noqa: BLE001 - raised to each of those who asked
            outcomes = [error] * len(batch)
        except BaseException:
            for one in batch:
                _tell(one, asyncio.CancelledError())
            raise
        finally:
            self._under_way.remove(size)
        for one, outcome in zip(batch, outcomes, strict=True):
            _tell(one, outcome)

    def _next_batch(self) -> list[_Waiting]:
        """Whoever waits longest first; at least one, however large."""
        batch = [self._waiting.popleft()]
        changes = batch[0].size
        while self._waiting and changes + self._waiting[0].size <= self.most_changes:
            batch.append(self._waiting.popleft())
            changes += batch[-1].size
        return batch


def _tell(one: _Waiting, outcome: Outcome | BaseException) -> None:
    """Whoever was cancelled meanwhile is not told any more; what it brought is recorded all the same."""
    if one.answer.done():
        return
    if isinstance(outcome, BaseException):
        one.answer.set_exception(outcome)
    else:
        one.answer.set_result(outcome)
