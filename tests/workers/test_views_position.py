"""Whoever waits for the views in a worker is woken when they are there, and only then."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg
import pytest

from projections.projector import VIEWS_CHANNEL
from workers.views_position import ViewsPosition

PATIENCE_SECONDS = 120.0


def stand(url: str, position: int, *, is_announced: bool) -> None:
    """Let all views stand at a position."""
    with psycopg.connect(url) as projector:
        projector.execute(
            "INSERT INTO view_positions VALUES ('one', %(at)s, 1), ('other', %(at)s + 1, 1)"
            " ON CONFLICT (view) DO UPDATE SET position = excluded.position",
            {"at": position},
        )
        if is_announced:
            projector.execute("SELECT pg_notify(%s, %s)", (VIEWS_CHANNEL, str(position)))


def test_each_is_woken_by_the_batch_that_reaches_its_position(database: str) -> None:
    with ViewsPosition(database) as views, ThreadPoolExecutor(3) as threads:
        stand(database, 1, is_announced=True)
        assert views.reach(1, PATIENCE_SECONDS)
        near, nearer = threads.submit(views.reach, 3, PATIENCE_SECONDS), threads.submit(views.reach, 2, 120.0)
        far = threads.submit(views.reach, 9, PATIENCE_SECONDS)

        stand(database, 3, is_announced=True)

        assert near.result(PATIENCE_SECONDS)
        assert nearer.result(PATIENCE_SECONDS)
        assert not far.done()
        stand(database, 9, is_announced=True)
        assert far.result(PATIENCE_SECONDS)


def test_what_was_never_announced_is_found_by_asking(database: str) -> None:
    with ViewsPosition(database, poll_seconds=0.05) as views:
        assert not views.reach(7, 0)
        stand(database, 7, is_announced=False)

        assert views.reach(7, PATIENCE_SECONDS)


def test_patience_ends(database: str) -> None:
    with ViewsPosition(database) as views:
        stand(database, 6, is_announced=True)
        assert views.reach(6, PATIENCE_SECONDS)

        assert not views.reach(7, 0.01)


def test_views_that_are_folded_anew_hold_nothing_of_what_was_reached_before(database: str) -> None:
    with ViewsPosition(database) as views:
        stand(database, 7, is_announced=True)
        assert views.reach(7, PATIENCE_SECONDS)
        fallen = Event()
        with ThreadPoolExecutor(1) as threads:

            def fall() -> None:
                while views.reach(7, 0):
                    stand(database, 2, is_announced=True)
                fallen.set()

            threads.submit(fall)
            assert fallen.wait(PATIENCE_SECONDS)


def test_a_lost_connection_is_replaced(database: str, caplog: pytest.LogCaptureFixture) -> None:
    with ViewsPosition(database, poll_seconds=0.05) as views:
        stand(database, 1, is_announced=False)
        assert views.reach(1, PATIENCE_SECONDS)
        with psycopg.connect(database) as killer:
            cut = killer.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = 'psa-ledger worker''s views' AND datname = current_database()"
            ).fetchall()
        assert (True,) in cut

        stand(database, 5, is_announced=False)

        assert views.reach(5, PATIENCE_SECONDS)
    assert "lost the connection that hears of the views' position" in caplog.text


def test_what_was_reached_before_the_connection_was_lost_counts_no_more(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The server may be another one by now, which has not got the last batches."""
    with ViewsPosition(database) as views, psycopg.connect(database, autocommit=True) as other:
        stand(database, 7, is_announced=False)
        assert views.reach(7, PATIENCE_SECONDS)
        stand(database, 3, is_announced=False)
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'psa-ledger worker''s views' AND datname = current_database()"
        )
        while "lost the connection" not in caplog.text:
            pass

        assert not views.reach(7, 0)
        assert views.reach(3, PATIENCE_SECONDS)
