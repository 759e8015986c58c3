"""Whoever waits is woken when the views are there, and only then."""

import asyncio
import logging
import time

import psycopg
import pytest

from journal.application import Journal
from projections.follower import fold_until
from projections.freshness import Freshness, views_position, wait_until_folded
from projections.projector import VIEWS_CHANNEL
from tests.projections.story import Ledger, tell

PATIENCE_SECONDS = 120.0


def test_a_waiter_is_woken_by_the_fold_that_reaches_its_position(journal: Journal, ledger: str) -> None:
    (entry,) = Ledger(journal).create("globex")

    async def scenario() -> None:
        async with Freshness(ledger, poll_seconds=60) as freshness:
            waiter = asyncio.create_task(freshness.wait_for(entry.position, PATIENCE_SECONDS))
            assert not await freshness.wait_for(entry.position, 0.1)
            assert not waiter.done()

            await asyncio.to_thread(fold_until, ledger)

            assert await waiter
            assert freshness.position >= entry.position

    asyncio.run(scenario())


def test_many_wait_for_positions_of_their_own(journal: Journal, ledger: str) -> None:
    tell(journal, seed=31, acts=60)
    head = journal.head()

    async def scenario() -> list[int]:
        reached: list[int] = []

        async def wait(position: int) -> None:
            assert await freshness.wait_for(position, PATIENCE_SECONDS)
            reached.append(position)

        async with Freshness(ledger) as freshness:
            waiters = [asyncio.create_task(wait(position)) for position in range(1, head + 1)]
            await asyncio.to_thread(fold_until, ledger, head // 2)
            assert await freshness.wait_for(head // 2, PATIENCE_SECONDS)
            assert not await freshness.wait_for(head // 2 + 1, 0.05)
            await asyncio.to_thread(fold_until, ledger)
            await asyncio.gather(*waiters)
        return reached

    assert set(range(1, head + 1)) == set(asyncio.run(scenario()))


def test_what_was_never_announced_is_found_by_asking(ledger: str) -> None:
    async def scenario() -> bool:
        async with Freshness(ledger, poll_seconds=0.05) as freshness:
            assert not await freshness.wait_for(7, 0.1)
            with psycopg.connect(ledger) as silent:
                silent.execute("INSERT INTO view_positions VALUES ('one', 9, 1), ('other', 7, 1)")
            return await freshness.wait_for(7, PATIENCE_SECONDS) and freshness.position == 7

    assert asyncio.run(scenario())


def test_a_lost_connection_is_replaced(journal: Journal, ledger: str) -> None:
    (entry,) = Ledger(journal).create("globex")

    async def scenario() -> bool:
        async with Freshness(ledger, poll_seconds=0.05) as freshness:
            assert not await freshness.wait_for(entry.position, 0.1)
            with psycopg.connect(ledger) as killer:
                cut = killer.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE application_name = 'psa-ledger freshness' AND datname = current_database()"
                ).fetchall()
            # A moment longer the server may list one that a test before has closed.
            assert (True,) in cut
            await asyncio.to_thread(fold_until, ledger)
            return await freshness.wait_for(entry.position, PATIENCE_SECONDS)

    assert asyncio.run(scenario())


def test_what_was_reached_before_the_connection_was_lost_counts_no_more(
    ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may be another one by now, which has not got the last batches."""

    async def scenario() -> None:
        with psycopg.connect(ledger, autocommit=True) as projector:
            projector.execute("INSERT INTO view_positions VALUES ('one', 7, 1)")
            lost = asyncio.Event()
            monkeypatch.setattr(logging.getLogger("psa_ledger.freshness"), "warning", lambda *_: lost.set())
            async with Freshness(ledger, poll_seconds=60) as freshness:
                assert await freshness.wait_for(7, PATIENCE_SECONDS)
                projector.execute("UPDATE view_positions SET position = 3")
                projector.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE application_name = 'psa-ledger freshness' AND datname = current_database()"
                )
                await lost.wait()

                assert not await freshness.wait_for(7, 0)
                assert freshness.position == 0
                assert await freshness.wait_for(3, PATIENCE_SECONDS)
                assert freshness.position == 3

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await scenario()

    asyncio.run(bounded())


def test_nothing_is_kept_of_those_who_waited_in_vain_on_a_quiet_ledger(ledger: str) -> None:
    async def scenario() -> int:
        async with Freshness(ledger, poll_seconds=60) as freshness:
            assert not await freshness.wait_for(5, 0.01)
            left = asyncio.create_task(freshness.wait_for(6, PATIENCE_SECONDS))
            await asyncio.sleep(0)
            left.cancel()
            await asyncio.wait([left])
            return len(freshness._waiting)

    assert asyncio.run(scenario()) == 0


def test_the_position_is_that_of_the_view_furthest_behind(ledger: str) -> None:
    with psycopg.connect(ledger, autocommit=True) as connection:
        assert views_position(connection) == 0

        connection.execute("INSERT INTO view_positions VALUES ('one', 9, 1), ('other', 4, 1)")

        assert views_position(connection) == 4


def test_waiting_in_a_thread_ends_when_the_time_is_over(journal: Journal, ledger: str) -> None:
    (entry,) = Ledger(journal).create("globex")
    began = time.monotonic()

    assert not wait_until_folded(ledger, entry.position, 0.1)

    assert time.monotonic() - began >= 0.1
    fold_until(ledger)
    assert wait_until_folded(ledger, entry.position, 0.0)


def test_the_position_is_announced_with_each_batch(journal: Journal, ledger: str) -> None:
    tell(journal, seed=32, acts=10)
    with psycopg.connect(ledger, autocommit=True) as listener:
        listener.execute(f"LISTEN {VIEWS_CHANNEL}")

        fold_until(ledger)

        assert [str(journal.head())] == [
            heard.payload for heard in listener.notifies(timeout=PATIENCE_SECONDS, stop_after=1)
        ]
