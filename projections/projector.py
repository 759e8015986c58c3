"""One turn of the follower: read a batch, show it to the views, write rows and position in one transaction.

Should a second projector fold in spite of the lock, the condition on the stored position stops whichever comes later.

    ProjectionError
    ├── NotTheProjector    somebody else holds the lock
    ├── MadeByNewerProgram a view's rows were made by a newer version of its code than this one
    └── PositionMoved      a view's position or version is not what this projector left there
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Identifier

from domain.streams import StreamKind
from journal.codec import Codec
from journal.entry import Entry
from journal.follow import BATCH
from journal.migrate import Step
from journal.only_one import OnlyOne
from projections.folds import CACHED_STATES, EVERY_KIND, Folds, FoldsByMsp
from projections.view import Seen, View

LOCK = 4_071_003
"""Advisory lock of the one active projector; migrations and appends have other numbers."""
REBUILD_LOCK = 4_071_005
"""Advisory lock of the one rebuild, which folds beside the active projector."""
WORKSHOP = "views_anew"
"""Schema in which a rebuild makes its tables; they stand before those of the same name that everybody else sees."""
VIEWS_CHANNEL = "psa_ledger_views"
"""NOTIFY channel on which the views' lowest position is told after each batch."""

STEPS = (
    Step(
        "projections.0001-view-positions",
        """
        CREATE TABLE view_positions (
          view text PRIMARY KEY,
          position bigint NOT NULL CHECK (position >= 0),
          version int NOT NULL
        );
        COMMENT ON TABLE view_positions IS 'Up to which position of the journal each view is folded.';
        """,
    ),
)


COLLECTED_EVERY = 50_000
"""Objects that are made between two looks of the garbage collector in a process that folds facts all the time."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let the garbage collector look less often: folding makes a great many objects, and next to none form circles."""
    usual = gc.get_threshold()
    gc.set_threshold(COLLECTED_EVERY, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


class ProjectionError(Exception):
    """This projector has to stop; the next one starts from the stored positions."""


class NotTheProjector(ProjectionError):
    """Somebody else holds the projector's lock."""


class MadeByNewerProgram(ProjectionError):
    """A view's rows were made by a newer version of its code; folding on, or anew, would undo an upgrade."""

    def __init__(self, view: str) -> None:
        super().__init__(
            f"the rows of {view} were made by a newer program; start that one, or ask for a rebuild to go back"
        )
        self.view = view


class PositionMoved(ProjectionError):
    """A view's position or version is not what this projector left there: another one works, or a rebuild is asked."""

    def __init__(self, views: Sequence[str]) -> None:
        super().__init__(f"the stored positions of {', '.join(views)} were moved by somebody else")
        self.views = tuple(views)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A batch whose rows and position PostgreSQL was given to write, in a transaction that is still open."""

    pipeline: psycopg.Pipeline
    moved: psycopg.Cursor[Any]
    names: Sequence[str]


class Projector(OnlyOne):
    """Folds views; the lock makes it the one active projector, or in the workshop the one rebuild.

    One in the workshop folds into tables of its own there, tells nobody, and works beside the active one (`rebuild`).
    Facts are read on `reader` if one is given: a connection in autocommit mode that nobody else uses.
    """

    def __init__(
        self,
        url: str,
        codec: Codec,
        views: Sequence[View],
        *,
        batch: int = BATCH,
        cached_states: int = CACHED_STATES,
        in_workshop: bool = False,
        reader: psycopg.Connection[Any] | None = None,
    ) -> None:
        if in_workshop:
            # Nobody misses what a crash takes from the workshop; before the change-over this ends (`rebuild`).
            options = f"-c search_path={WORKSHOP},public -c synchronous_commit=off"
            super().__init__(url, REBUILD_LOCK, name="psa-ledger rebuild", options=options)
        else:
            super().__init__(url, LOCK, name="psa-ledger projector")
            # A batch changes few rows and names them by their keys; PostgreSQL, which can not see how few they are,
            # would read whole tables for it.
            self._connection.execute("SET enable_seqscan = off")
        self._codec = codec
        self._views = tuple(views)
        self._batch = batch
        self._cached_states = cached_states
        self._in_workshop = in_workshop
        self._reader = reader or self._connection
        self._ahead: ExitStack | None = None
        self._sent: _Sent | None = None
        self._positions: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        self._folds: Folds | None = None

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """What it folds on, for whoever changes the tables over."""
        return self._connection

    def prepare(self) -> None:
        """Read where the views stand; begin those that hold nothing yet.

        Rows that an older version of a view's code has made stay, and are kept current, until they are rebuilt.
        Raises: NotTheProjector unless this projector holds the lock; MadeByNewerProgram.
        """
        if not self.holds_lock:
            raise NotTheProjector("another projector is active")
        with self._connection.transaction():
            stored: dict[str, tuple[int, int]] = {
                view: (position, version)
                for view, position, version in self._connection.execute(
                    "SELECT view, position, version FROM view_positions FOR UPDATE"
                )
            }
            for view in self._views:
                if view.name in stored and stored[view.name][1] > view.version:
                    raise MadeByNewerProgram(view.name)
                if view.name not in stored or (stored[view.name][1] < view.version and not stored[view.name][0]):
                    self._start_over(view)
                    stored[view.name] = (0, view.version)
            self._connection.execute(
                "DELETE FROM view_positions WHERE view <> ALL(%s)", ([view.name for view in self._views],)
            )
        self._positions = {view.name: stored[view.name][0] for view in self._views}
        self._versions = {view.name: stored[view.name][1] for view in self._views}
        self._folds = None

    def _start_over(self, view: View) -> None:
        for table in view.tables:
            self._connection.execute(SQL("TRUNCATE {}").format(Identifier(table)))
        self._connection.execute(
            "INSERT INTO view_positions (view, position, version) VALUES (%s, 0, %s)"
            " ON CONFLICT (view) DO UPDATE SET position = 0, version = excluded.version",
            (view.name, view.version),
        )

    @property
    def stale(self) -> tuple[str, ...]:
        """Views whose rows were made by an older version of their code."""
        return tuple(view.name for view in self._views if self._versions[view.name] < view.version)

    @property
    def position(self) -> int:
        """Up to where all views are folded."""
        return min(self._positions.values())

    def fold(self, until: int | None = None) -> int:
        """Fold the next batch into the views that are furthest behind, at most up to position `until`.

        Views that lag behind the others come first and alone, until they have caught up.
        Shape: how many entries were folded; 0 when there is nothing new.
        Raises: PositionMoved, BrokenStream, CodecError; after any error the projector is of no further use.
        """
        start = self.position
        views = [view for view in self._views if self._positions[view.name] == start]
        ahead = [position for position in self._positions.values() if position > start]
        stop = min([*ahead, *([] if until is None else [until])], default=None)
        folds = self._folds_at(start)
        kinds = frozenset[StreamKind]().union(*(view.kinds for view in views))
        batch, end = folds.read(self._batch, stop, kinds)
        if end == start:
            return 0
        _show(batch, views, folds)
        self._settle()
        self._write(views, start, end)
        folds.end(end)
        return end - start

    def fold_msp_by_msp(self, until: int) -> Iterator[int]:
        """Fold everything up to position `until` into empty tables of a workshop, one MSP after the other.

        Meanwhile the stored positions say how many entries are folded, and with the last one that it is up to `until`.
        Shape: that number after each batch. Raises: as `fold`.
        """
        assert self._in_workshop
        assert set(self._positions.values()) == {0}
        folds = FoldsByMsp(self._reader, self._codec, goal=until, cached_states=self._cached_states)
        kinds = frozenset[StreamKind]().union(*(view.kinds for view in self._views))
        folded = 0
        while batch := folds.read_next(self._batch, kinds):
            _show(batch, self._views, folds)
            self._settle()
            self._write(self._views, folded, folded + len(batch))
            folded += len(batch)
            _, last = batch[-1]
            folds.end_with(last)
            yield folded
        self._settle()
        self._write(self._views, folded, until)

    @contextmanager
    def running_ahead(self) -> Iterator[None]:
        """Within it, PostgreSQL writes a batch's rows while the next batch is read and folded; needs a `reader`.

        Until its end, tables and stored positions may be one batch behind `position`.
        Raises: as `fold`, also on leaving.
        """
        with ExitStack() as ahead:
            self._ahead = ahead
            try:
                yield
                self._settle()
            finally:
                self._ahead = self._sent = None

    def _folds_at(self, position: int) -> Folds:
        """The states as of a position. Thrown away when a lagging group of views caught up with the next one."""
        if self._folds is None or self._folds.position != position:
            self._folds = Folds(self._reader, self._codec, position=position, cached_states=self._cached_states)
        return self._folds

    def _write(self, views: Sequence[View], start: int, end: int) -> None:
        with ExitStack() as batch:
            sent = self._send(batch, views, start, end)
            if self._ahead is None:
                self._confirm(sent)
            else:
                self._sent = sent
                self._ahead.push(batch.pop_all())

    def _send(self, batch: ExitStack, views: Sequence[View], start: int, end: int) -> _Sent:
        names = [view.name for view in views]
        batch.enter_context(self._connection.transaction())
        # The pipeline lets PostgreSQL work on one view's rows while the next view still gathers its own.
        pipeline = batch.enter_context(self._connection.pipeline())
        for view in views:
            view.write(self._connection)
        moved = self._connection.execute(
            "UPDATE view_positions p SET position = %s FROM unnest(%s::text[], %s::int[]) AS v (view, version)"
            " WHERE p.view = v.view AND p.version = v.version AND p.position = %s",
            (end, names, [self._versions[name] for name in names], start),
        )
        self._positions.update(dict.fromkeys(names, end))
        return _Sent(pipeline, moved, names)

    def _confirm(self, sent: _Sent) -> None:
        """Wait until all is written, and may be committed."""
        sent.pipeline.sync()
        if sent.moved.rowcount != len(sent.names):
            raise PositionMoved(sent.names)
        if not self._in_workshop:
            self._connection.execute("SELECT pg_notify(%s, %s)", (VIEWS_CHANNEL, str(self.position)))

    def _settle(self) -> None:
        """Commit the batch before, if it is still being written."""
        if self._ahead is not None and self._sent is not None:
            self._confirm(self._sent)
            self._sent = None
            self._ahead.close()

    def check(self) -> None:
        """Look, while there is nothing to fold, whether the stored positions are still this projector's.

        Raises: PositionMoved.
        """
        stored = {
            (view, position, version)
            for view, position, version in self._connection.execute(
                "SELECT view, position, version FROM view_positions"
            )
        }
        mine = {(view.name, self._positions[view.name], self._versions[view.name]) for view in self._views}
        if stored != mine:
            raise PositionMoved(sorted({view for view, *_ in stored ^ mine}))


def _show(batch: Sequence[tuple[UUID, Entry[Any]]], views: Sequence[View], folds: Folds) -> None:
    folds.begin(entry for _, entry in batch)
    concerned = {kind: [view.see for view in views if kind in view.kinds] for kind in EVERY_KIND}
    for stream_id, entry in batch:
        before, after = folds.fold(entry)
        seen = Seen(entry, stream_id, before, after)
        for see in concerned[entry.stream.kind]:
            see(seen, folds)
