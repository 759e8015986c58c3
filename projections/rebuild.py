"""Folding views anew from the journal, with or without a projector at work.

A rebuild is asked for by taking a view's recorded version away. Whoever is the projector sees within a second that its
views are no longer what it left there, starts again, empties them and folds them from the beginning. Without a
projector the caller does it. Readers see a view filling up meanwhile, and nobody is told that his write is visible
before it is; folding into new tables and changing over at the end would take its place in `Projector.prepare`.
"""

import time
from collections.abc import Sequence

import psycopg

from journal.codec import Codec
from journal.follow import FactsListener
from journal.registry import CODEC
from projections.follower import all_views
from projections.freshness import POLL_SECONDS
from projections.projector import VIEWS_CHANNEL, Projector
from projections.view import View

_STALE = 0
"""No view has this version."""


class UnknownView(Exception):
    """There is no view of this name; the message lists those that there are."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"no view is called {name}; there are {', '.join(known)}")
        self.name = name


class RebuildTakesLonger(Exception):
    """The time to wait is over; the rebuild goes on."""


def rebuild(
    url: str,
    names: Sequence[str] | None = None,
    *,
    views: Sequence[View] | None = None,
    codec: Codec = CODEC,
    timeout_seconds: float = 3_600.0,
) -> int:
    """Empty some views, or all of them, and fold them from the journal; return when they are as far as it was then.

    Shape: the position up to which all views are folded at least.
    Raises: UnknownView, RebuildTakesLonger, and what folding raises when this thread does it.
    """
    known = all_views() if views is None else tuple(views)
    listed = [view.name for view in known]
    for name in names or ():
        if name not in listed:
            raise UnknownView(name, listed)
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT coalesce(max(notification_id), 0) FROM facts").fetchone()
        assert row is not None
        head: int = row[0]
        connection.execute(
            "UPDATE view_positions SET version = %s WHERE view = ANY(%s)",
            (_STALE, listed if names is None else list(names)),
        )
    give_up_at = time.monotonic() + timeout_seconds
    with FactsListener(url, channel=VIEWS_CHANNEL) as listener:
        while not _is_rebuilt(url, known, head):
            if _fold_here(url, known, codec, head):
                continue
            left = give_up_at - time.monotonic()
            if left <= 0:
                raise RebuildTakesLonger(f"not yet folded up to position {head}")
            listener.wait(min(left, POLL_SECONDS))
    return head


def _is_rebuilt(url: str, views: Sequence[View], head: int) -> bool:
    with psycopg.connect(url, autocommit=True) as connection:
        stored = {
            view: (version, position)
            for view, version, position in connection.execute("SELECT view, version, position FROM view_positions")
        }
    return all(
        view.name in stored and stored[view.name][0] == view.version and stored[view.name][1] >= head for view in views
    )


def _fold_here(url: str, views: Sequence[View], codec: Codec, head: int) -> bool:
    """Do it in this thread, unless a projector is at work."""
    with Projector(url, codec, views) as active:
        if not active.try_lock():
            return False
        active.prepare()
        while active.position < head and active.fold():
            pass
        return True
