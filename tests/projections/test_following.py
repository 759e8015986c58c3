"""The projector as a process: current within moments, one at a time, gone without a trace and back without a gap."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import psycopg
import pytest

from journal.application import Journal
from journal.registry import CODEC
from journal.settings import MissingSetting, Settings
from projections.follower import all_views, fold_until, keep_following, main, rebuild_views
from projections.freshness import wait_until_folded
from projections.projector import LOCK, Projector
from tests.projections.dump import dump, empty
from tests.projections.story import Ledger, tell

PATIENCE_SECONDS = 120.0


@contextmanager
def following(url: str) -> Iterator[threading.Thread]:
    """A projector in a thread of its own."""
    stop = threading.Event()
    thread = threading.Thread(target=keep_following, args=(url, stop))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


@contextmanager
def projector_process(url: str) -> Iterator[subprocess.Popen[bytes]]:
    program = (
        "import sys; from pathlib import Path; from journal.settings import Mode, Settings;"
        " from projections.follower import main;"
        " sys.exit(main(Settings(mode=Mode.TEST, database_url=sys.argv[1], data_dir=Path(sys.argv[2]))))"
    )
    with TemporaryDirectory() as data_dir:
        process = subprocess.Popen([sys.executable, "-c", program, url, data_dir])
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE_SECONDS)


def backends(url: str, name: str) -> set[int]:
    with psycopg.connect(url) as connection:
        return {
            pid
            for (pid,) in connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()", (name,)
            )
        }


def test_what_is_recorded_is_in_the_views_moments_later(journal: Journal, ledger: str) -> None:
    with following(ledger):
        for number in range(20):
            (entry,) = Ledger(journal).create(f"organization-{number}")

            assert wait_until_folded(ledger, entry.position, PATIENCE_SECONDS)


def test_a_projector_whose_connections_were_cut_goes_on(journal: Journal, ledger: str) -> None:
    with following(ledger):
        tell(journal, seed=21, acts=40)
        assert wait_until_folded(ledger, journal.head(), PATIENCE_SECONDS)
        for name in ("psa-ledger projector", "psa-ledger facts listener"):
            with psycopg.connect(ledger) as killer:
                for pid in backends(ledger, name):
                    killer.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

            (entry,) = Ledger(journal).create(f"after {name}")

            assert wait_until_folded(ledger, entry.position, PATIENCE_SECONDS)


def test_the_one_that_stands_by_takes_over_when_the_active_one_is_killed(journal: Journal, ledger: str) -> None:
    tell(journal, seed=22, acts=60)
    with projector_process(ledger) as active:
        assert wait_until_folded(ledger, journal.head(), PATIENCE_SECONDS)
        with following(ledger):
            active.send_signal(signal.SIGKILL)
            active.wait(PATIENCE_SECONDS)
            tell(journal, seed=23, acts=60)

            assert wait_until_folded(ledger, journal.head(), PATIENCE_SECONDS)

    taken_over = dump(ledger, all_views())
    empty(ledger, all_views())
    fold_until(ledger)
    assert dump(ledger, all_views()) == taken_over


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_stops_cleanly_when_asked(journal: Journal, ledger: str, number: signal.Signals) -> None:
    with projector_process(ledger) as process:
        (entry,) = Ledger(journal).create("globex")
        assert wait_until_folded(ledger, entry.position, PATIENCE_SECONDS)

        process.send_signal(number)

        assert process.wait(PATIENCE_SECONDS) == 0


def test_a_rebuild_is_done_beside_the_projector_at_work(journal: Journal, ledger: str) -> None:
    tell(journal, seed=24, acts=80)
    fold_until(ledger)
    before = dump(ledger, all_views())
    with following(ledger):
        with psycopg.connect(ledger) as vandal:
            vandal.execute("UPDATE organizations SET name = 'nobody'")

        rebuild_views(ledger, ["usage_to_date"], timeout_seconds=PATIENCE_SECONDS)

        assert before == dump(ledger, all_views())


def test_the_lock_is_free_once_the_projector_is_closed(ledger: str) -> None:
    with Projector(ledger, CODEC, all_views()) as first:
        assert first.try_lock()

    with Projector(ledger, CODEC, all_views()) as second:
        assert second.try_lock()
        with psycopg.connect(ledger) as connection:
            held = connection.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                (LOCK,),
            ).fetchone()
        assert held == (1,)


def test_the_projector_needs_a_database() -> None:
    with pytest.raises(MissingSetting, match="PSA_LEDGER_DATABASE_URL"):
        main(Settings())
