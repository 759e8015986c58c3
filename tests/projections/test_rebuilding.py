"""Folding views anew while people read them and facts go on arriving."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest
from typing_extensions import override

from domain.values import MspId
from journal.application import Journal
from journal.entry import Entry
from journal.registry import CODEC
from projections import rebuild as rebuilding
from projections.folds import FoldsByMsp
from projections.follower import all_views, fold_until, rebuild_views, rebuild_what_is_stale
from projections.freshness import wait_until_folded
from projections.projector import REBUILD_LOCK, PositionMoved, Projector
from projections.rebuild import AnotherRebuild, Progress, RebuildTakesLonger, rebuild
from projections.view import EVERY_KIND, Folds, Seen
from tests.projections.dump import dump, rows
from tests.projections.story import Ledger, tell
from tests.projections.test_following import PATIENCE_SECONDS, following


def test_whoever_reads_meanwhile_sees_whole_views_that_only_move_forward(journal: Journal, ledger: str) -> None:
    tell(journal, seed=31, acts=150)
    fold_until(ledger)
    over = threading.Event()

    def read() -> list[tuple[int, int, int]]:
        seen: list[tuple[int, int, int]] = []
        with psycopg.connect(ledger, autocommit=True, prepare_threshold=0) as connection:
            while not over.is_set():
                seen += connection.execute(
                    "SELECT (SELECT count(*) FROM history), (SELECT max(position) FROM history),"
                    " (SELECT min(position) FROM view_positions)"
                ).fetchall()
        return seen

    def write() -> None:
        number = 0
        while not over.is_set():
            Ledger(journal).create(f"newcomer-{number}")
            number += 1

    with following(ledger), ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read) for _ in range(2)]
        writer = threads.submit(write)
        try:
            for _ in range(3):
                rebuild_views(ledger, timeout_seconds=PATIENCE_SECONDS)
        finally:
            over.set()
        writer.result()
        assert wait_until_folded(ledger, journal.head(), PATIENCE_SECONDS)

    for reader in readers:
        seen = reader.result()
        assert len(seen) > 3
        assert seen == sorted(seen)
        assert all(count == last for count, last, _ in seen)
    rebuilt = dump(ledger, all_views())
    with psycopg.connect(ledger) as connection:
        for view in all_views():
            for table in view.tables:
                connection.execute(f"TRUNCATE {table}".encode())
        connection.execute("UPDATE view_positions SET position = 0")
    fold_until(ledger)
    assert rebuilt == dump(ledger, all_views())


def test_rows_of_an_older_version_stay_current_until_they_are_folded_anew(journal: Journal, ledger: str) -> None:
    tell(journal, seed=32, acts=60)
    fold_until(ledger)
    before = dump(ledger, all_views())
    with psycopg.connect(ledger) as older_program:
        older_program.execute("UPDATE view_positions SET version = 0 WHERE view = 'history'")
        older_program.execute("UPDATE history SET subject = 'as the older program wrote it'")

    with following(ledger):
        (entry,) = Ledger(journal).create("newcomer")
        assert wait_until_folded(ledger, entry.position, PATIENCE_SECONDS)
        [*older, (newest,)] = rows(ledger, "history", "subject")
        assert {("as the older program wrote it",)} == set(older)
        assert entry.actor.subject == newest
        stop = threading.Event()
        with ThreadPoolExecutor(1) as threads:
            work = threads.submit(rebuild_what_is_stale, ledger, stop)
            gives_up_at = time.monotonic() + PATIENCE_SECONDS
            while (0,) in rows(ledger, "view_positions", "version") and time.monotonic() < gives_up_at:
                assert not work.done()
            stop.set()
            work.result()

    assert set(before["history"]) < set(dump(ledger, all_views())["history"])


def test_what_a_killed_rebuild_has_left_is_cleared_away(journal: Journal, ledger: str) -> None:
    tell(journal, seed=33, acts=40)
    fold_until(ledger)
    before = dump(ledger, all_views())
    with psycopg.connect(ledger) as killed:
        killed.execute("CREATE SCHEMA views_anew CREATE TABLE history (left_behind int)")
        killed.execute("CREATE SCHEMA views_before CREATE TABLE history (left_behind int)")

    rebuild_views(ledger)

    assert before == dump(ledger, all_views())
    with psycopg.connect(ledger) as connection:
        assert [] == connection.execute("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'views\\_%'").fetchall()


def test_a_rebuild_in_many_batches_gives_the_same_rows(journal: Journal, ledger: str) -> None:
    tell(journal, seed=37, acts=150)
    fold_until(ledger)
    before = dump(ledger, all_views())

    for size, cached in ((1, 20_000), (7, 1), (40, 3)):
        rebuild(ledger, all_views(), CODEC, batch=size, cached_states=cached)

        assert before == dump(ledger, all_views())


def test_a_rebuild_reads_no_fact_twice_however_many_msps_took_turns(journal: Journal, ledger: str) -> None:
    msps = [Ledger(journal, MspId(f"msp-{number}")) for number in range(6)]
    for one in msps:
        one.connect()
        one.create("globex")
    for quantity in range(1, 9):
        for one in msps:
            one.licenses("globex", quantity)
    read: list[int] = []

    class Counting(psycopg.Cursor[Any]):
        @override
        def fetchall(self) -> list[Any]:
            found = super().fetchall()
            read.append(len(found))
            return found

    with psycopg.connect(ledger, autocommit=True, cursor_factory=Counting) as connection:
        few = {"cached_states": 3}
        in_turns = Folds(connection, CODEC, **few)
        while (batch := in_turns.read(7))[0]:
            fold(in_turns, batch[0])
            in_turns.end(batch[1])
        again = sum(read)
        read.clear()
        by_msp = FoldsByMsp(connection, CODEC, goal=journal.head(), **few)
        folded = 0
        while entries := by_msp.read_next(7):
            fold(by_msp, entries)
            by_msp.end_with(entries[-1][1])
            folded += len(entries)

    assert folded == journal.head()
    assert again > 0
    assert sum(read) == 0


def fold(folds: Folds, batch: Sequence[tuple[UUID, Entry[Any]]]) -> None:
    folds.begin(entry for _, entry in batch)
    for _, entry in batch:
        folds.fold(entry)


class _Accident:
    """A view without tables, to which something happens at the n-th entry that it sees."""

    name, version, steps, tables = "accident", 1, (), ()
    kinds = EVERY_KIND

    def __init__(self, number: int, happens: Callable[[], object]) -> None:
        self._left, self._happens = number, happens

    def see(self, seen: Seen, folds: Folds) -> None:
        self._left -= 1
        if self._left == 0:
            self._happens()

    def write(self, connection: psycopg.Connection[Any]) -> None:
        return


def test_a_rebuild_that_loses_its_connection_leaves_the_old_views_and_can_be_done_again(
    journal: Journal, ledger: str
) -> None:
    tell(journal, seed=38, acts=60)
    fold_until(ledger)
    before, positions = dump(ledger, all_views()), rows(ledger, "view_positions", "view", "position")

    def lose_it() -> None:
        with psycopg.connect(ledger) as operator:
            # By the lock, which a rebuild before has given back: the server may list its connection a moment longer.
            ended = operator.execute(
                "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
                " WHERE l.objid = %s AND l.granted AND a.datname = current_database()",
                (REBUILD_LOCK,),
            ).fetchall()
        assert [(True,)] == ended

    with pytest.raises(psycopg.OperationalError):
        rebuild(ledger, (*all_views(), _Accident(33, lose_it)), CODEC, batch=10)

    assert before == dump(ledger, all_views())
    assert positions == rows(ledger, "view_positions", "view", "position")
    rebuild_views(ledger)
    assert before == dump(ledger, all_views())
    assert positions == rows(ledger, "view_positions", "view", "position")


def test_two_rebuilds_in_one_workshop_are_noticed_although_batches_are_confirmed_late(
    journal: Journal, ledger: str
) -> None:
    tell(journal, seed=39, acts=60)
    fold_until(ledger)
    before = dump(ledger, all_views())

    with (
        ThreadPoolExecutor(1) as threads,
        psycopg.connect(ledger) as intruder,
        psycopg.connect(ledger, autocommit=True) as watcher,
    ):

        def intrude() -> None:
            intruder.execute("UPDATE views_anew.view_positions SET position = 5 WHERE view = 'runs'")
            intruder.commit()

        def is_waiting() -> bool:
            pid = intruder.info.backend_pid
            row = watcher.execute("SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone()
            return row == ("Lock",)

        def let_it_in() -> None:
            """The batch before is written, but not yet committed: whoever comes between waits for that."""
            intrusion = threads.submit(intrude)
            while not (is_waiting() or intrusion.done()):
                wait([intrusion], timeout=0.005)

        with pytest.raises(PositionMoved):
            rebuild(ledger, (*all_views(), _Accident(15, let_it_in)), CODEC, batch=10)

    assert before == dump(ledger, all_views())


def test_a_rebuild_whose_time_is_over_gives_up_with_a_batch_half_way(journal: Journal, ledger: str) -> None:
    tell(journal, seed=40, acts=60)
    fold_until(ledger)
    before = dump(ledger, all_views())

    with pytest.raises(RebuildTakesLonger, match="not yet folded"):
        rebuild(ledger, all_views(), CODEC, batch=10, timeout_seconds=0.0)

    assert before == dump(ledger, all_views())
    rebuild_views(ledger)
    assert before == dump(ledger, all_views())


def test_what_is_built_on_a_view_in_the_database_goes_on_over_the_new_one(journal: Journal, ledger: str) -> None:
    tell(journal, seed=34, acts=40)
    fold_until(ledger)
    with psycopg.connect(ledger) as connection:
        connection.execute("CREATE VIEW subjects AS SELECT DISTINCT subject FROM history")
        connection.execute("COMMENT ON VIEW subjects IS 'It''s who acted.'")
        before = connection.execute("SELECT * FROM subjects ORDER BY 1").fetchall()

    rebuild_views(ledger, ["history"])
    fold_until(ledger)

    with psycopg.connect(ledger) as connection:
        assert before == connection.execute("SELECT * FROM subjects ORDER BY 1").fetchall()
        comment = connection.execute("SELECT obj_description('subjects'::regclass, 'pg_class')").fetchone()
        assert ("It's who acted.",) == comment
        connection.execute("DELETE FROM history")
        assert [] == connection.execute("SELECT * FROM subjects").fetchall()
        connection.execute("DROP VIEW subjects")


def test_a_reader_who_holds_a_view_for_long_is_let_through_first(journal: Journal, ledger: str) -> None:
    tell(journal, seed=35, acts=20)
    fold_until(ledger)

    with psycopg.connect(ledger) as reader:
        reader.execute("SELECT count(*) FROM history")
        with pytest.raises(RebuildTakesLonger, match="never free"):
            rebuild_views(ledger, ["history"], timeout_seconds=2.0)
        assert reader.execute("SELECT count(*) > 0 FROM history").fetchone() == (True,)


def is_waiting_for_a_lock(url: str, application: str) -> bool:
    with psycopg.connect(url) as watcher:
        found = watcher.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE %s AND wait_event_type = 'Lock')",
            (application,),
        ).fetchone()
    return found == (True,)


def eventually_waits_for_a_lock(url: str, application: str) -> None:
    gives_up_at = time.monotonic() + PATIENCE_SECONDS
    while not is_waiting_for_a_lock(url, application):
        assert time.monotonic() < gives_up_at


def test_who_goes_through_the_old_tables_one_by_one_meets_nobody_who_holds_several(
    journal: Journal, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a statement does that was planned before the change-over and had to wait for it."""
    tell(journal, seed=38, acts=20)
    fold_until(ledger)
    [*old_ones, last] = [f"views_before.{table}" for view in all_views() for table in view.tables]
    usual = rebuilding._change_over

    with psycopg.connect(ledger) as reader, ThreadPoolExecutor(1) as threads:

        def changed_over(*arguments: Any) -> bool:
            is_over = usual(*arguments)
            if is_over:
                reader.execute(f"LOCK TABLE {last} IN ACCESS SHARE MODE".encode())
            return is_over

        monkeypatch.setattr(rebuilding, "_change_over", changed_over)
        work = threads.submit(rebuild_views, ledger, timeout_seconds=PATIENCE_SECONDS)
        eventually_waits_for_a_lock(ledger, "psa-ledger rebuild")
        for old in old_ones:
            with suppress(psycopg.errors.UndefinedTable), reader.transaction():
                reader.execute(f"LOCK TABLE {old} IN ACCESS SHARE MODE".encode())
        reader.rollback()
        work.result()


def test_who_reads_an_sql_view_waits_for_the_change_over_and_neither_is_ended(
    journal: Journal, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(journal, seed=39, acts=20)
    fold_until(ledger)
    monkeypatch.setattr(rebuilding, "LONGEST_LOCK_MILLISECONDS", 1_000 * PATIENCE_SECONDS)

    def count() -> Any:
        with psycopg.connect(ledger, application_name="reads a view") as connection:
            return connection.execute("SELECT count(*) FROM waiting_pushes").fetchone()

    before = count()
    with psycopg.connect(ledger) as first, ThreadPoolExecutor(2) as threads:
        first.execute("LOCK TABLE due_pushes IN ACCESS SHARE MODE")
        work = threads.submit(rebuild_views, ledger, timeout_seconds=PATIENCE_SECONDS)
        eventually_waits_for_a_lock(ledger, "psa-ledger rebuild")
        reading = threads.submit(count)
        eventually_waits_for_a_lock(ledger, "reads a view")
        first.rollback()
        work.result()
        assert before == reading.result()


@pytest.mark.parametrize(
    "change",
    [
        "CREATE OR REPLACE VIEW subjects AS SELECT 'newer' AS subject FROM history",
        "CREATE VIEW newer AS SELECT subject FROM history",
        "DROP VIEW subjects",
    ],
)
def test_a_migration_during_a_change_over_keeps_its_sql_views(
    journal: Journal, ledger: str, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    tell(journal, seed=40, acts=20)
    fold_until(ledger)
    monkeypatch.setattr(rebuilding, "LONGEST_LOCK_MILLISECONDS", 1_000 * PATIENCE_SECONDS)

    def views(connection: psycopg.Connection[Any]) -> list[Any]:
        return connection.execute(
            "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY viewname"
        ).fetchall()

    with psycopg.connect(ledger, autocommit=True) as connection, ThreadPoolExecutor(1) as threads:
        connection.execute("CREATE VIEW subjects AS SELECT subject::text FROM history")
        try:
            with connection.transaction():
                connection.execute(change.encode())
                migrated = views(connection)
                work = threads.submit(rebuild_views, ledger, timeout_seconds=PATIENCE_SECONDS)
                eventually_waits_for_a_lock(ledger, "psa-ledger rebuild")
            work.result()
            assert migrated == views(connection)
        finally:
            connection.execute("DROP VIEW IF EXISTS subjects, newer")


def test_one_rebuild_at_a_time(ledger: str) -> None:
    with Projector(ledger, CODEC, all_views(), in_workshop=True) as other:
        assert other.try_lock()

        with pytest.raises(AnotherRebuild):
            rebuild(ledger, all_views(), CODEC, waits_for_others=False)
        with pytest.raises(RebuildTakesLonger):
            rebuild_views(ledger, timeout_seconds=0.1)
        with psycopg.connect(ledger) as connection:
            held = connection.execute(
                "SELECT count(*) FROM pg_locks WHERE objid = %s"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                (REBUILD_LOCK,),
            ).fetchone()
        assert held == (1,)


def test_progress_is_told_up_to_the_end(journal: Journal, ledger: str) -> None:
    tell(journal, seed=36, acts=20)
    fold_until(ledger)
    told: list[Progress] = []

    rebuild_views(ledger, tell=told.append)

    assert (journal.head(), journal.head(), 1.0) == (told[-1].folded, told[-1].head, told[-1].part)
