"""What happens, while it happens: the tail of the history, and a run's progress.

Both look at the views again whenever these have moved on, so what is told is what a query would show. A tail ends when
the caller's token does. However many follow a run, it is looked at once for all of them.
"""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import strawberry

from api import paging
from api.context import Asking, Info
from api.fields import READERS, subscription
from api.history import HistoryEntry, HistoryFilterInput, history_filter, shown
from api.paging import Edge
from api.runs import Run
from api.runs import shown as shown_run
from domain.refusals import UnknownRun
from domain.values import RunId
from projections.reads import history as history_rows

PATIENCE_SECONDS = 5.0
"""How long a tail sleeps at most before it looks whether the caller's token is still good."""
MOST_AT_ONCE = 100


@strawberry.type
class TailSubscriptions:
    @subscription(READERS, "Every fact from now on, or after a cursor that this or `history` gave; the oldest first.")
    async def facts(
        self,
        info: Info,
        *,
        filter: HistoryFilterInput | None = None,
        after: str | None = None,
        msp: strawberry.ID | None = None,
    ) -> AsyncGenerator[Edge[HistoryEntry], None]:
        asking = info.context
        known = await asking.known_msp(msp)
        wanted = history_filter(filter)
        key = paging.page(1, after, (int,)).after
        told = await history_rows.newest_number(asking.views, known) if key is None else int(key[0] or 0)
        while True:
            folded = asking.parts.freshness.position
            rows = await history_rows.history(
                asking.views, known, wanted, newest_first=False, limit=MOST_AT_ONCE, after=told
            )
            for row in rows:
                yield Edge(cursor=paging.cursor((row.number,)), node=shown(row))
            told = rows[-1].number if rows else told
            if _is_over(asking) or (len(rows) < MOST_AT_ONCE and not await _moved_on(asking, folded)):
                return

    @subscription(
        READERS, "A run now and whenever it has moved on, until its last line has ended; also when cancelled."
    )
    async def run_progress(
        self, info: Info, run: strawberry.ID, *, msp: strawberry.ID | None = None
    ) -> AsyncGenerator[Run, None]:
        asking = info.context
        known = await asking.known_msp(msp)
        told = None
        while True:
            folded = asking.parts.freshness.position
            seen = await asking.parts.followed.look((known, run))
            if seen is None:
                raise UnknownRun(RunId(run))
            if seen != told:
                told = seen
                yield shown_run(known, seen.row, seen.progress)
            if seen.row.finished_at is not None:
                return
            if not await _moved_on(asking, folded):
                return


def _is_over(asking: Asking) -> bool:
    return datetime.now(UTC) >= asking.principal.expires_at


async def _moved_on(asking: Asking, position: int) -> bool:
    """Wait until the views are beyond a position. False when the caller's token expired meanwhile."""
    while not _is_over(asking):
        if await asking.parts.freshness.wait_for(position + 1, PATIENCE_SECONDS):
            return True
    return False
