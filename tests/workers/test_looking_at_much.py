"""The dispatcher's look while more is due than can be looked at in one go."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

import workers.due
from bench.scale import _DUE, _FILL, due, fill
from tests.inline_jobs import answered_by
from workers.dispatch import Dispatcher
from workers.due import DueAgreement, Rota, claim_rows, due_agreements, due_rows
from workers.pool import open_jobs_pool
from workers.tools import Timing

MSPS = 120
EVERYTHING = 10_000


@pytest.fixture
def pool(database: str) -> Iterator[ConnectionPool]:
    """120 MSPs with ten agreements each, all of whose finals are due."""
    with ConnectionPool(database, min_size=1, max_size=2, open=True) as opened:
        fill(opened, 1, MSPS)
        with due(opened, "FINAL", msps=MSPS, agreements=10):
            yield opened


def test_looking_at_some_msps_after_others_finds_what_one_look_finds(pool: ConnectionPool) -> None:
    at_once = due_agreements(pool, EVERYTHING, Rota())

    piecewise = due_agreements(pool, EVERYTHING, Rota(), much=0)
    from_the_middle = due_agreements(pool, EVERYTHING, Rota("msp-5"), much=0)

    assert 4 * MSPS == len(at_once)
    assert set(at_once) == set(piecewise) == set(from_the_middle)
    assert len(at_once) == len(piecewise) == len(from_the_middle)


def test_each_look_goes_on_where_the_last_one_stopped_so_that_every_msp_has_its_turn(pool: ConnectionPool) -> None:
    rota = Rota()

    looks = [{due.msp for due in due_agreements(pool, 200, rota, much=0)} for _ in range(3)]

    assert MSPS == len(set.union(*looks))
    assert not looks[0] & looks[1]


def test_where_nothing_can_be_taken_up_ever_more_msps_are_looked_at_in_one_go(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, execute = list[object](), psycopg.Connection.execute

    def counting(connection: Any, query: Any, *given: Any, **named: Any) -> Any:
        looks.extend([query] if query == workers.due._NEXT_MSPS else [])
        return execute(connection, query, *given, **named)

    with pool.connection() as connection:
        connection.cursor().executemany(
            "INSERT INTO leases (job, msp, holder, until) VALUES (%s, %s, 'me', now() + interval '1 hour')",
            [(due.job, due.msp) for due in due_agreements(pool, EVERYTHING, Rota())],
        )
    monkeypatch.setattr(psycopg.Connection, "execute", counting)

    assert [] == due_agreements(pool, 1, Rota(), much=0)
    assert 1 < len(looks) <= 12


def test_a_lease_is_claimed_along_with_what_is_due_and_once(pool: ConnectionPool) -> None:
    first, second, *_ = due_agreements(pool, 2, Rota())
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO leases (job, msp, holder, until) SELECT job, msp, 'me', now() + interval '1 minute'"
            " FROM unnest(%s::text[], %s::text[]) AS l (job, msp)",
            ([first.job, second.job], [first.msp, second.msp]),
        )
        connection.execute("DELETE FROM due_pushes WHERE msp = %s", (second.msp,))
    waiting = due_rows(pool, first)

    not_mine = claim_rows(pool, first, "somebody else", timedelta(minutes=1))
    mine = claim_rows(pool, first, "me", timedelta(minutes=1))
    twice = claim_rows(pool, first, "me", timedelta(minutes=1))
    nothing_due = claim_rows(pool, second, "me", timedelta(minutes=1))

    assert waiting
    assert mine is not None
    assert {addition: [row.ref for row in rows] for addition, rows in waiting.items()} == {
        addition: [row.ref for row in rows] for addition, rows in mine.items()
    }
    assert (None, None, {}) == (not_mine, twice, nothing_due)


def test_no_more_wait_in_the_queue_than_workers_can_take_up_soon(pool: ConnectionPool) -> None:
    sent: list[str] = []
    holders = iter(map(str, range(EVERYTHING)))
    dispatcher = Dispatcher(
        pool,
        answered_by(lambda job, *_: sent.append(job)),
        timing=Timing(),
        new_holder=lambda: next(holders),
        most_waiting=30,
    )

    def taken_up(count: int) -> None:
        with pool.connection() as connection:
            connection.execute(
                "UPDATE leases SET claimed = true WHERE job IN (SELECT job FROM leases WHERE NOT claimed LIMIT %s)",
                (count,),
            )

    first = dispatcher.look()
    taken_up(14)
    more_than_half_wait = dispatcher.look(at_the_clock=False)
    taken_up(1)
    half_waits = dispatcher.look(at_the_clock=False)

    assert (30, 0, 15) == (first, more_than_half_wait, half_waits)
    assert ["addition.push"] * 45 == sent


def test_what_was_planned_over_empty_tables_reads_no_whole_table_later(database: str) -> None:
    one = DueAgreement("msp-1", "na.example", "company-1", 1)
    with ConnectionPool(database, min_size=1, max_size=1, open=True) as opened, open_jobs_pool(database, 1) as jobs:

        def look() -> None:
            Dispatcher(jobs, answered_by(lambda *_: None), timing=Timing(), new_holder=lambda: "nobody").look()
            due_rows(jobs, one)
            claim_rows(jobs, one, "nobody", timedelta(minutes=1))

        for _ in range(10):  # more often than it takes until the server keeps a plan
            look()
        with opened.connection() as connection, psycopg.ClientCursor(connection) as cursor:
            cursor.execute(_FILL, {"first": 1, "last": MSPS})
            cursor.execute(_DUE, {"lane": "FINAL", "msps": MSPS, "agreements": 10})
        read_before = rows_read_one_after_the_other(jobs)
        look()

        assert read_before == rows_read_one_after_the_other(jobs)


def rows_read_one_after_the_other(pool: ConnectionPool) -> dict[str, int]:
    """From the tables that are large when much is due, by whoever uses this pool of one connection."""
    with pool.connection() as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        return dict(
            connection.execute(
                "SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE relname IN ('additions', 'due_pushes')"
            ).fetchall()
        )
