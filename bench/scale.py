"""What a larger ledger costs those who look at all of it: the dispatchers, and whoever watches.

Promise: with 100 times the data, a look for what is due costs no more than 50 ms while little is due, and a look at how
the ledger stands no more than a second. What costs grow with, and what that means for 10,000 MSPs with 100
organizations each, stands in docs/scale.md; its constants are measured here.

The views are filled by SQL, so a hundredfold takes seconds: 100, 1,000 and 10,000 MSPs with 10 agreements of two
additions each. Nothing here reads facts; `growth` holds what does.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median

import psycopg
from psycopg_pool import ConnectionPool

from bench.figures import Told, at_most
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
INSERT INTO additions (addition, msp, site, company_id, agreement, product, record, base, wrote, is_fresh, is_approved, is_outcome_unknown,
                       version, position)
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
            filled = 0
            for msps in SIZES:
                fill(pool, filled + 1, msps)
                filled = msps
                yield from _measure(pool, msps)
                with pool.connection() as connection:
                    size = connection.execute(
                        "SELECT pg_total_relation_size('additions') / count(*) FROM additions"
                    ).fetchone()
                yield f"{msps} MSPs: {size[0] if size else 0} bytes per addition in its view"


def _measure(pool: ConnectionPool, msps: int) -> Iterator[Told]:
    numbers = count()
    dispatcher = Dispatcher(pool, lambda *_: None, timing=Timing(), new_holder=lambda: f"bench-{next(numbers)}")
    looked = millisecond_median(pool, dispatcher.look)
    stood = millisecond_median(pool, lambda: standing(pool))
    times = f"{msps} MSPs"
    yield at_most(f"{times}: a look at what is due, nothing due", looked, "ms", 50)
    yield at_most(f"{times}: a look at how the ledger stands, nothing due", stood, "ms", 1000)
    with due(pool, "ACT", msps=20, agreements=1):
        yield at_most(
            f"{times}: a look at what is due, 20 agreements due", millisecond_median(pool, dispatcher.look), "ms", 50
        )
    with due(pool, "FINAL", msps=msps, agreements=10):
        # Told, not promised: how much a month's close of everybody costs is what docs/scale.md is about.
        yield f"{times}: {msps * 20:,} finals due: a look {millisecond_median(pool, dispatcher.look):.0f} ms"
        yield at_most(
            f"{times}: a look at how the ledger stands, all finals due",
            millisecond_median(pool, lambda: standing(pool)),
            "ms",
            1000,
        )
        one = DueAgreement("msp-1", "na.example", "company-1", 1)
        yield at_most(
            f"{times}: what is due on one agreement, all finals due",
            millisecond_median(pool, lambda: due_rows(pool, one)),
            "ms",
            20,
        )


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
