"""What a larger ledger costs those who look at all of it: the dispatchers, and whoever watches.

Promise: with 100 times the data a look for what is due costs at most five times as much, also while everything is due
as at the end of a month. What costs grow with, and what that means for 10,000 MSPs with 100 organizations each, stands
in docs/scale.md; its constants are measured here.

The views are filled by SQL, so a hundredfold takes seconds: 100, 1,000 and 10,000 MSPs with 10 agreements of two
additions each. Nothing here reads facts; `growth` holds what does.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

import psycopg
from psycopg_pool import ConnectionPool

from bench.figures import Figure, Told
from journal.migrate import migrate
from journal.postgres import EmbeddedPostgres
from projections.follower import ledger_steps
from projections.reads.standing import read_standing
from workers.dispatch import Dispatcher
from workers.due import DueAgreement, due_rows
from workers.tables import WORKER_STEPS
from workers.tools import Timing

SIZES = (100, 1_000, 10_000)
"""MSPs; each has 10 agreements, 10 organizations and 20 additions."""
ROUNDS = 5

_FILL = """
INSERT INTO connections (msp, version, position, status, number, site, company_id, connected_at, products_mapped_at,
                         has_products, is_confirmed, hold_days, drift_policy, drop_guard_percent, drop_guard_units,
                         parallel_requests, changed_at)
SELECT 'msp-' || m, 10, m, 'ACTIVE', 1, 'na.example', 'company-' || m, now() - interval '70 days',
       now() - interval '70 days', true, true, 0, 'OVERWRITE', 50, 10, 4, now() - interval '70 days'
  FROM generate_series(%(first)s::int, %(last)s::int) AS m;
INSERT INTO watches SELECT 'msp-' || m, (now() AT TIME ZONE 'UTC')::date
  FROM generate_series(%(first)s::int, %(last)s::int) AS m;
INSERT INTO runs (msp, run, kind, status, month, requested_at, planned_at, finished_at, lines, version, position)
SELECT 'msp-' || m, 'final', 'FINAL', 'FINISHED', to_char(date_trunc('month', now()) - interval '1 day', 'YYYY-MM'),
       now(), now(), now(), 20, 3, m FROM generate_series(%(first)s::int, %(last)s::int) AS m;
INSERT INTO additions (addition, msp, site, company_id, agreement, product, record, base, wrote, is_fresh, is_approved,
                       is_outcome_unknown, version, position)
SELECT md5(m || '/' || a || '/' || p)::uuid, 'msp-' || m, 'na.example', 'company-' || m, a, p, a * 10 + p, 12, 12,
       false, false, false, 3, m
  FROM generate_series(%(first)s::int, %(last)s::int) AS m, generate_series(1, 10) AS a, generate_series(1, 2) AS p;
"""
_DUE = """
INSERT INTO due_pushes (addition, lane, ref, msp, site, company_id, agreement, product, month, kind, due_position,
                        due_since, cause, correlation, state)
SELECT addition, %(lane)s, 'now', msp, site, company_id, agreement, product,
       to_char(date_trunc('month', now()) - interval '1 day', 'YYYY-MM'), NULL, 1, now(), addition, 'bench', 'DUE'
  FROM additions WHERE position <= %(msps)s AND agreement <= %(agreements)s
"""


def measure() -> Iterator[Told]:
    with tempfile.TemporaryDirectory(prefix="psa-ledger-bench-") as data, EmbeddedPostgres(Path(data)) as server:
        migrate(server.url, (*ledger_steps(), *WORKER_STEPS))
        with ConnectionPool(server.url, min_size=1, max_size=2, open=True) as pool:
            least: dict[str, float] = {}
            for before, msps in zip((0, *SIZES), SIZES, strict=False):
                fill(pool, before + 1, msps)
                for name, milliseconds in _measured(pool, msps):
                    if msps == SIZES[0]:
                        least[name] = milliseconds
                        yield f"{name}, {msps} MSPs: {milliseconds:.1f} ms"
                    else:
                        yield Figure(
                            f"{name}, {msps:,} MSPs",
                            milliseconds,
                            "ms",
                            f"with {SIZES[0]} MSPs",
                            least[name],
                            0.2 if name.startswith("what is due") else None,
                            is_less_better=True,
                        )
            with pool.connection() as connection:
                row = connection.execute(
                    "SELECT pg_total_relation_size('additions') / count(*) FROM additions"
                ).fetchone()
            assert row is not None
            yield f"{row[0]} bytes per addition in its view"


def _measured(pool: ConnectionPool, msps: int) -> Iterator[tuple[str, float]]:
    numbers = count()
    dispatcher = Dispatcher(pool, lambda *_: None, timing=Timing(), new_holder=lambda: f"bench-{next(numbers)}")
    stands = partial(standing, pool)
    look = partial(dispatcher.look, at_the_clock=False)
    yield "what is due, nothing is", millisecond_median(pool, look)
    yield "what the clock brings, once a second, and what is due", millisecond_median(pool, dispatcher.look)
    yield "how the ledger stands, nothing due", millisecond_median(pool, stands)
    with due(pool, "ACT", msps=20, agreements=1):
        yield "what is due, 20 agreements are", millisecond_median(pool, look)
    with due(pool, "FINAL", msps=msps, agreements=10):
        yield "what is due, all finals are", millisecond_median(pool, look)
        yield "how the ledger stands, all finals due", millisecond_median(pool, stands)
        one = DueAgreement("msp-1", "na.example", "company-1", 1)
        yield "what is due on one agreement, all finals are", millisecond_median(pool, partial(due_rows, pool, one))


def millisecond_median(pool: ConnectionPool, work: Callable[[], object]) -> float:
    """Of some rounds, each of which finds no lease taken."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
        with pool.connection() as connection:
            connection.execute("TRUNCATE leases")
    return median(took)


def standing(pool: ConnectionPool) -> None:
    with pool.connection() as connection:
        read_standing(connection)


def fill(pool: ConnectionPool, first: int, last: int) -> None:
    with pool.connection() as connection, psycopg.ClientCursor(connection) as cursor:
        cursor.execute(_FILL, {"first": first, "last": last})
    analyze(pool)


@contextmanager
def due(pool: ConnectionPool, lane: str, *, msps: int, agreements: int) -> Iterator[None]:
    """Additions that are due in a lane as long as the context lasts."""
    with pool.connection() as connection:
        connection.execute(_DUE, {"lane": lane, "msps": msps, "agreements": agreements})
    analyze(pool)
    yield
    with pool.connection() as connection:
        connection.execute("TRUNCATE due_pushes")


def analyze(pool: ConnectionPool) -> None:
    """As autovacuum does by itself after a while."""
    with pool.connection() as connection:
        connection.execute("ANALYZE connections, additions, due_pushes, runs")
