"""Runs that somebody follows: each is looked at once for all its followers, and no more often than a person can see.

A run of thousands of lines moves the views many times a second, and twenty followers would each ask about each move:
so much that the run itself goes slower for it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf

from domain.values import MspId
from projections.reads import runs as run_rows
from projections.reads.ask import Views
from projections.reads.runs import RunRow

PAUSE_SECONDS = 0.2
"""Between two looks at one run."""

Followed = tuple[MspId, str]


@dataclass(frozen=True, slots=True)
class RunSeen:
    """A run with its lines by outcome, WAITING among them."""

    row: RunRow
    progress: dict[str, int]


class FollowedRuns:
    """Looks at runs for their followers. Belongs to one event loop."""

    def __init__(
        self, read: Callable[[Followed], Awaitable[RunSeen | None]], pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._read = read
        self._pause_seconds = pause_seconds
        self._coming: dict[Followed, asyncio.Task[RunSeen | None]] = {}
        """Looks that did not begin to read yet: what they see is never older than the question."""
        self._looked_at: dict[Followed, float] = {}

    async def look(self, followed: Followed) -> RunSeen | None:
        """The run as it is now or a moment later; none when there is none of that id."""
        look = self._coming.get(followed)
        if look is None:
            look = self._coming[followed] = asyncio.create_task(self._look(followed), name="look at a run")
        return await asyncio.shield(look)

    async def _look(self, followed: Followed) -> RunSeen | None:
        try:
            pause = self._looked_at.get(followed, -inf) + self._pause_seconds - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
        finally:
            del self._coming[followed]
        now = time.monotonic()
        self._looked_at = {one: at for one, at in self._looked_at.items() if at > now - self._pause_seconds}
        self._looked_at[followed] = now
        return await self._read(followed)


def followed_runs(views: Views) -> FollowedRuns:
    async def read(followed: Followed) -> RunSeen | None:
        msp, run = followed
        row = await run_rows.run(views, msp, run)
        return None if row is None else RunSeen(row, await run_rows.progress(views, msp, run))

    return FollowedRuns(read)
