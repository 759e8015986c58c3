"""Folding views anew from the journal, beside the views that everybody reads meanwhile.

A rebuild makes tables of the same names in a schema of its own, by the very steps that made the first ones, and folds
the journal into them: silently, on a connection and with states of its own, under a lock that only rebuilds take. Up to
where the old tables stand at the beginning it goes through the journal MSP by MSP, from there on in its order. The
active projector knows nothing of it and keeps the old tables current. When the new ones have caught up they change
places in one transaction: it locks the old tables, folds the last few facts, and moves both sets of tables. Whoever
reads waits for that moment; nobody sees a view that is half full, and no position ever goes back.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from journal.codec import Codec
from journal.follow import BATCH
from journal.only_one import is_held
from journal.settings import SERVER_NOTICES
from projections.folds import CACHED_STATES
from projections.projector import LOCK, WORKSHOP, Projector, seldom_collected
from projections.view import View

BEFORE = "views_before"
"""Schema of the tables that were changed for new ones, until they are dropped a moment later."""
LONGEST_LOCK_MILLISECONDS = 400
"""How long the change-over waits for the old tables, and others behind it, before it lets them go first again."""
NEARLY_THERE = 2_000
"""Facts behind which the last ones may be folded while everybody waits: a few hundredths of a second."""
TELL_EVERY_SECONDS = 1.0

_log = logging.getLogger("psa_ledger.rebuild")


class UnknownView(Exception):
    """There is no view of this name; the message lists those that there are."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"no view is called {name}; there are {', '.join(known)}")
        self.name = name


class RebuildTakesLonger(Exception):
    """The time to wait is over; nothing was changed."""


class AnotherRebuild(RebuildTakesLonger):
    """Somebody else folds views anew at the moment."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Units: facts, of which those that concern no view that is folded are counted at the end; `seconds` it took."""

    folded: int
    head: int
    seconds: float

    @property
    def part(self) -> float:
        return self.folded / self.head if self.head else 1.0


Tell = Callable[[Progress], None]


def rebuild(
    url: str,
    views: Sequence[View],
    codec: Codec,
    *,
    batch: int = BATCH,
    cached_states: int = CACHED_STATES,
    timeout_seconds: float = 3_600.0,
    waits_for_others: bool = True,
    tell: Tell = lambda _: None,
) -> int:
    """Fold views from the journal into new tables, and put these in the place of the old ones.

    Shape: the position up to which they are folded at least.
    Raises: RebuildTakesLonger, AnotherRebuild unless it waits for others, and what folding raises.
    """
    gives_up_at = time.monotonic() + timeout_seconds
    with (
        _reading(url) as reader,
        Projector(
            url, codec, views, batch=batch, cached_states=cached_states, in_workshop=True, reader=reader
        ) as builder,
        seldom_collected(),
    ):
        while not builder.try_lock():
            if not waits_for_others:
                raise AnotherRebuild("another rebuild is at work")
            _wait_until(gives_up_at, "another rebuild is at work")
        _make_room(builder.connection, views)
        builder.prepare()
        _fold_most(builder, _goal(reader, views), gives_up_at, tell)
        _catch_up(builder, reader, views, gives_up_at)
        while not _change_over(builder, views):
            _wait_until(gives_up_at, "the views are never free for a moment")
            _catch_up(builder, reader, views, gives_up_at)
        _clear_away(builder.connection)
        return builder.position


def _reading(url: str) -> psycopg.Connection[Any]:
    """A connection for facts, which are read while the builder's is at work on the rows."""
    return psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=10,
        application_name="psa-ledger rebuild reads",
        options=f"-c TimeZone=UTC {SERVER_NOTICES}",
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
    )


def chosen(names: Sequence[str] | None, views: Sequence[View]) -> tuple[View, ...]:
    """The views of these names, or all. Raises: UnknownView."""
    known = [view.name for view in views]
    for name in names or ():
        if name not in known:
            raise UnknownView(name, known)
    return tuple(view for view in views if names is None or view.name in names)


def _wait_until(gives_up_at: float, why: str) -> None:
    if time.monotonic() >= gives_up_at:
        raise RebuildTakesLonger(why)
    time.sleep(random.uniform(0.05, 0.2))  # noqa: S311 - spreads tries, guards nothing


def _make_room(connection: psycopg.Connection[Any], views: Sequence[View]) -> None:
    """New, empty tables; what a rebuild that was killed has left goes first."""
    _clear_away(connection)
    with connection.transaction():
        for schema in (WORKSHOP, BEFORE):
            connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
        connection.execute(
            SQL("CREATE TABLE {}.view_positions (LIKE public.view_positions INCLUDING ALL)").format(
                Identifier(WORKSHOP)
            )
        )
        for view in views:
            for step in view.steps:
                connection.execute(step.sql)


def _clear_away(connection: psycopg.Connection[Any]) -> None:
    """Drop both schemas with what is in them, each table by itself.

    Why: who waited for the change-over with a statement that was planned before it goes on to lock the old tables, one
    after the other, and only then sees that they are out of use. Who holds several of them meets that halfway, and the
    database ends one of the two.
    """
    for schema in (BEFORE, WORKSHOP):
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
        for (table,) in found:
            connection.execute(SQL("DROP TABLE {}.{}").format(Identifier(schema), Identifier(table)))
        connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(schema)))


def _fold_most(builder: Projector, goal: int, gives_up_at: float, tell: Tell) -> None:
    """Fold up to where the old tables stand at the beginning, which takes long."""
    began = time.monotonic()
    told_at = began
    with builder.running_ahead():
        for folded in builder.fold_msp_by_msp(goal):
            now = time.monotonic()
            if now >= gives_up_at:
                raise RebuildTakesLonger(f"not yet folded up to position {goal}")
            if now - told_at >= TELL_EVERY_SECONDS:
                told_at = now
                tell(Progress(folded, goal, now - began))
    tell(Progress(goal, goal, time.monotonic() - began))


def _catch_up(builder: Projector, reader: psycopg.Connection[Any], views: Sequence[View], gives_up_at: float) -> None:
    """Fold until the new tables stand where the old ones do by now, or just before."""
    with builder.running_ahead():
        while builder.position < (goal := _goal(reader, views)) and builder.fold(goal):
            if time.monotonic() >= gives_up_at:
                raise RebuildTakesLonger(f"not yet folded up to position {goal}")
    # From here on commits wait for the disk: the change-over's has to, and finds all but its own written.
    builder.connection.execute("SET synchronous_commit = on")
    for table in _tables(views):
        builder.connection.execute(SQL("ANALYZE {}.{}").format(Identifier(WORKSHOP), Identifier(table)))


def _goal(connection: psycopg.Connection[Any], views: Sequence[View]) -> int:
    """Where the old tables stand; without a projector at work, or when they were never folded, the end of the journal.

    Why not always the end: a position ahead of the active projector's would make it start again.
    """
    row = connection.execute(
        "SELECT (SELECT max(position) FROM public.view_positions WHERE view = ANY(%s)),"
        " (SELECT coalesce(max(notification_id), 0) FROM facts)",
        ([view.name for view in views],),
    ).fetchone()
    assert row is not None
    standing, head = row
    return int(standing if is_held(connection, LOCK) and standing is not None else max(head, standing or 0))


def _change_over(builder: Projector, views: Sequence[View]) -> bool:
    """Put the new tables in the old ones' place; false when that has to be tried again.

    The tables are locked in the order in which the projector writes them, and before the positions, as it does. The SQL
    views over them come first, as for those who read them, and with each what it reads: where that is not in the
    projector's order, a try fails now and then.
    """
    connection, names = builder.connection, [view.name for view in views]
    tables = _tables(views)
    try:
        with connection.transaction():
            over_them = _lock(connection, tables)
            began = time.monotonic()
            standing = [
                position
                for (position,) in connection.execute(
                    "SELECT position FROM public.view_positions WHERE view = ANY(%s) FOR UPDATE", (names,)
                )
            ]
            last = max(standing, default=0)
            if last - builder.position > NEARLY_THERE:
                raise _NotNow
            while builder.position < last and builder.fold(last):
                pass
            _move_tables(connection, tables, over_them)
            connection.execute("DELETE FROM public.view_positions WHERE view = ANY(%s)", (names,))
            connection.execute(
                SQL("INSERT INTO public.view_positions SELECT * FROM {}.view_positions").format(Identifier(WORKSHOP))
            )
    except _NotNow:
        return False
    _log.info("the views %s changed over in %.0f ms", ", ".join(names), (time.monotonic() - began) * 1000)
    return True


class _NotNow(Exception):
    """Somebody holds one of the tables or changes what is built on them, or too much is still to be folded."""


def _lock(connection: psycopg.Connection[Any], tables: Sequence[str]) -> list[str]:
    """Take the tables for the rest of the transaction. Shape: the SQL views over them. Raises: _NotNow.

    All of them within one bound, well below the second after which PostgreSQL looks for deadlocks: a reader who holds
    one table and waits for another must find us gone, not be the one who is ended.
    """
    connection.execute("SELECT set_config('statement_timeout', %s, true)", (f"{LONGEST_LOCK_MILLISECONDS}ms",))
    over_them = _sql_views_over(connection, tables)
    listed = SQL(", ").join(SQL("public.{}").format(Identifier(name)) for name in (*over_them, *tables))
    try:
        connection.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(listed))
    except (psycopg.errors.QueryCanceled, psycopg.errors.UndefinedTable) as error:
        raise _NotNow from error
    connection.execute("SELECT set_config('statement_timeout', '0', true)")
    if over_them != _sql_views_over(connection, tables):
        raise _NotNow
    return over_them


def _sql_views_over(connection: psycopg.Connection[Any], tables: Sequence[str]) -> list[str]:
    found = connection.execute(
        "SELECT DISTINCT v.relname FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid"
        " JOIN pg_class v ON v.oid = r.ev_class JOIN pg_class t ON t.oid = d.refobjid"
        " WHERE v.relkind = 'v' AND v.oid <> t.oid AND t.relname = ANY(%s) AND t.relnamespace = 'public'::regnamespace"
        " ORDER BY v.relname",
        (list(tables),),
    )
    return [name for (name,) in found]


def _move_tables(connection: psycopg.Connection[Any], tables: Sequence[str], over_them: Sequence[str]) -> None:
    """Out with the old ones and in with the new; SQL views over them are made again, since they go by the table."""
    made = connection.execute(
        "SELECT v.relname, pg_get_viewdef(v.oid), obj_description(v.oid, 'pg_class') FROM pg_class v"
        " WHERE v.relname = ANY(%s) AND v.relnamespace = 'public'::regnamespace",
        (list(over_them),),
    ).fetchall()
    for name in over_them:
        connection.execute(SQL("DROP VIEW public.{}").format(Identifier(name)))
    for table in tables:
        for source, target in (("public", BEFORE), (WORKSHOP, "public")):
            connection.execute(
                SQL("ALTER TABLE {}.{} SET SCHEMA {}").format(Identifier(source), Identifier(table), Identifier(target))
            )
    for name, definition, comment in made:
        beginning = SQL("CREATE VIEW public.{} AS ").format(Identifier(name)).as_bytes(connection)
        connection.execute(beginning + definition.encode())
        if comment is not None:
            connection.execute(SQL("COMMENT ON VIEW public.{} IS {}").format(Identifier(name), Literal(comment)))


def _tables(views: Sequence[View]) -> list[str]:
    return [table for view in views for table in view.tables]
