"""One budget for all processes that call a tenant's PSA, kept in two small tables of PostgreSQL.

Taking a place and giving it back are one statement each, so a request costs two round trips to the database, one while
a place is kept (`staying`), and no lock outlives a statement. The tables are unlogged: after a crash of the server they
are empty, which means a fresh burst and nothing worse.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import LiteralString, Self
from uuid import UUID, uuid4

import psycopg
from psycopg_pool import ConnectionPool

from connectwise.budget import Allowance
from connectwise.errors import Throttled
from domain.values import Tenant

TABLES: LiteralString = """
CREATE UNLOGGED TABLE request_budgets (
  tenant text PRIMARY KEY,
  tokens double precision NOT NULL,
  counted_at timestamptz NOT NULL,
  closed_until timestamptz NOT NULL
);
CREATE UNLOGGED TABLE request_places (
  tenant text NOT NULL,
  holder uuid NOT NULL,
  process uuid NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (tenant, holder)
);
-- Who lives: a place counts as long as its process says so.
CREATE UNLOGGED TABLE request_processes (
  process uuid PRIMARY KEY,
  until timestamptz NOT NULL
);
-- Seconds to wait: 0 when the place is taken, -1 when all places are in use and nobody knows for how long.
CREATE FUNCTION take_request_place(
  of_tenant text, by_holder uuid, of_process uuid, alive interval,
  parallel int, per_second double precision, burst int, lease interval
) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
  now_at timestamptz := clock_timestamp();
  account request_budgets;
  left_tokens double precision;
BEGIN
  INSERT INTO request_budgets VALUES (of_tenant, burst, now_at, '-infinity') ON CONFLICT DO NOTHING;
  SELECT * INTO account FROM request_budgets WHERE tenant = of_tenant FOR UPDATE;
  now_at := clock_timestamp();
  IF account.closed_until > now_at THEN
    RETURN extract(epoch FROM account.closed_until - now_at);
  END IF;
  DELETE FROM request_places p WHERE p.tenant = of_tenant AND (p.until <= now_at OR NOT EXISTS (
    SELECT 1 FROM request_processes l WHERE l.process = p.process AND l.until > now_at));
  IF (SELECT count(*) FROM request_places WHERE tenant = of_tenant) >= parallel THEN
    RETURN -1;
  END IF;
  left_tokens := least(burst, account.tokens
    + greatest(0, extract(epoch FROM now_at - account.counted_at)) * per_second);
  IF left_tokens < 1 THEN
    UPDATE request_budgets SET tokens = left_tokens, counted_at = now_at WHERE tenant = of_tenant;
    RETURN (1 - left_tokens) / per_second;
  END IF;
  UPDATE request_budgets SET tokens = left_tokens - 1, counted_at = now_at WHERE tenant = of_tenant;
  INSERT INTO request_places VALUES (of_tenant, by_holder, of_process, now_at + lease);
  INSERT INTO request_processes VALUES (of_process, now_at + alive)
    ON CONFLICT (process) DO UPDATE SET until = excluded.until;
  RETURN 0;
END $$;
"""

TAKES_WITH_FEWER_WRITES: LiteralString = """
-- As before, but what is there already is not written again: an account exists after a tenant's first request, and a
-- process that said a moment ago that it lives need not repeat it.
CREATE OR REPLACE FUNCTION take_request_place(
  of_tenant text, by_holder uuid, of_process uuid, alive interval,
  parallel int, per_second double precision, burst int, lease interval
) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
  now_at timestamptz;
  account request_budgets;
  left_tokens double precision;
  taken int;
  dead int;
BEGIN
  SELECT * INTO account FROM request_budgets WHERE tenant = of_tenant FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO request_budgets VALUES (of_tenant, burst, clock_timestamp(), '-infinity') ON CONFLICT DO NOTHING;
    SELECT * INTO account FROM request_budgets WHERE tenant = of_tenant FOR UPDATE;
  END IF;
  now_at := clock_timestamp();
  IF account.closed_until > now_at THEN
    RETURN extract(epoch FROM account.closed_until - now_at);
  END IF;
  SELECT count(*), count(*) FILTER (WHERE p.until <= now_at OR l.process IS NULL) INTO taken, dead
    FROM request_places p LEFT JOIN request_processes l ON l.process = p.process AND l.until > now_at
   WHERE p.tenant = of_tenant;
  IF dead > 0 THEN
    DELETE FROM request_places p WHERE p.tenant = of_tenant AND (p.until <= now_at OR NOT EXISTS (
      SELECT 1 FROM request_processes l WHERE l.process = p.process AND l.until > now_at));
  END IF;
  IF taken - dead >= parallel THEN
    RETURN -1;
  END IF;
  left_tokens := least(burst, account.tokens
    + greatest(0, extract(epoch FROM now_at - account.counted_at)) * per_second);
  IF left_tokens < 1 THEN
    UPDATE request_budgets SET tokens = left_tokens, counted_at = now_at WHERE tenant = of_tenant;
    RETURN (1 - left_tokens) / per_second;
  END IF;
  UPDATE request_budgets SET tokens = left_tokens - 1, counted_at = now_at WHERE tenant = of_tenant;
  INSERT INTO request_places VALUES (of_tenant, by_holder, of_process, now_at + lease);
  IF NOT EXISTS (SELECT 1 FROM request_processes WHERE process = of_process AND until > now_at + alive / 2) THEN
    INSERT INTO request_processes VALUES (of_process, now_at + alive)
      ON CONFLICT (process) DO UPDATE SET until = excluded.until;
  END IF;
  RETURN 0;
END $$;
"""

LEASE = timedelta(minutes=5)
"""No place is held longer than this; longer than any request lasts."""
ALIVE = timedelta(seconds=6)
"""The places of a process that died come free after this; as long as one is held, the process says that it lives."""
LOOK_AGAIN_SECONDS = 0.02
"""While all places are in use; each waits a random part more, so that they do not come at once."""


KEPT_SECONDS = 1.0
"""How long a thread keeps its place from one request to the next, while it stays; so that others have their turn."""
_GO_ON: LiteralString = """
UPDATE request_budgets b
   SET tokens = least(%(burst)s, b.tokens
         + greatest(0, extract(epoch FROM clock_timestamp() - b.counted_at)) * %(per_second)s) - 1,
       counted_at = clock_timestamp()
 WHERE b.tenant = %(tenant)s AND b.closed_until <= clock_timestamp()
   AND least(%(burst)s, b.tokens
         + greatest(0, extract(epoch FROM clock_timestamp() - b.counted_at)) * %(per_second)s) >= 1
   AND EXISTS (SELECT FROM request_places p JOIN request_processes l USING (process)
                WHERE p.tenant = %(tenant)s AND p.holder = %(holder)s AND p.until > clock_timestamp() + %(least)s
                  AND l.until > clock_timestamp())
"""
"""For who has a place already, as long as there is a token at once; everything else is told by `take_request_place`."""


@dataclass(slots=True)
class _Stay:
    """A thread's requests to one tenant: the place that they have, and since when."""

    tenant: Tenant
    holder: UUID
    taken_at: float | None = None


class SharedBudget(AbstractContextManager["SharedBudget"]):
    """The budget of all processes on one database. Thread-safe; see `budget.Budget` for the contract.

    A process enters it for as long as it lives; one that dies loses its places within seconds.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        allowance: Callable[[Tenant], Allowance] = lambda _: Allowance(),
        *,
        new_holder: Callable[[], UUID] = uuid4,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pool = pool
        self._allowance = allowance
        self._new_holder = new_holder
        self._clock = clock
        self._sleep = sleep
        self._process = uuid4()
        self._stay = threading.local()
        self._over = threading.Event()
        self._beating = threading.Thread(target=self._say_alive, name="request budget", daemon=True)

    def __enter__(self) -> Self:
        """From now on this process says that it lives, so that a long request keeps its place."""
        self._beating.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._beating.join()

    def _say_alive(self) -> None:
        while not self._over.wait(ALIVE.total_seconds() / 3):
            try:
                with self._pool.connection() as connection:
                    connection.execute(
                        "UPDATE request_processes SET until = clock_timestamp() + %s WHERE process = %s",
                        (ALIVE, self._process),
                    )
            except psycopg.OperationalError:
                continue  # the next beat tries again; without a database no place can be taken either

    @contextmanager
    def slot(self, tenant: Tenant, patience_seconds: float) -> Iterator[None]:
        stay: _Stay | None = getattr(self._stay, "now", None)
        if stay is None or stay.tenant != tenant:
            stay = _Stay(tenant, self._new_holder())
            is_kept = False
        else:
            is_kept = True
        if stay.taken_at is None or not self._take_token(stay):
            self._give_back(stay)
            self._wait_for_place(stay, patience_seconds)
        is_answered = False
        try:
            yield
            is_answered = True
        finally:
            # Whoever failed pauses before it tries again.
            is_kept = is_kept and is_answered
            if not is_kept or stay.taken_at is None or self._clock() - stay.taken_at > KEPT_SECONDS:
                self._give_back(stay)

    @contextmanager
    def staying(self, tenant: Tenant) -> Iterator[None]:
        """Why: giving a place back and taking the next one are two statements for each request of a pass."""
        assert getattr(self._stay, "now", None) is None, "a thread stays at one tenant at a time"
        self._stay.now = stay = _Stay(tenant, self._new_holder())
        try:
            yield
        finally:
            self._stay.now = None
            self._give_back(stay)

    def _wait_for_place(self, stay: _Stay, patience_seconds: float) -> None:
        """Raises: Throttled."""
        tenant = stay.tenant
        gives_up_at = self._clock() + patience_seconds
        while (wait := self._take(tenant, stay.holder)) != 0:
            patience = gives_up_at - self._clock()
            if patience <= 0 or 0 < patience < wait:
                raise Throttled(1.0 if wait < 0 else wait, f"the request budget of {tenant} is used up")
            pause = LOOK_AGAIN_SECONDS * random.uniform(0.5, 1.5) if wait < 0 else wait  # noqa: S311  # spreads waiters
            self._sleep(min(patience, pause))
        stay.taken_at = self._clock()

    def _give_back(self, stay: _Stay) -> None:
        if stay.taken_at is None:
            return
        stay.taken_at = None
        with self._pool.connection() as connection:
            connection.execute(
                "DELETE FROM request_places WHERE tenant = %s AND holder = %s", (str(stay.tenant), stay.holder)
            )

    def _take_token(self, stay: _Stay) -> bool:
        """Whether another request may go at once on the place that is held."""
        allowance = self._allowance(stay.tenant)
        with self._pool.connection() as connection:
            taken = connection.execute(
                _GO_ON,
                {
                    "tenant": str(stay.tenant),
                    "holder": stay.holder,
                    "burst": allowance.burst,
                    "per_second": allowance.per_second,
                    "least": LEASE / 2,
                },
            )
            return taken.rowcount == 1

    def punish(self, tenant: Tenant, seconds: float) -> None:
        with self._pool.connection() as connection:
            connection.execute(
                "INSERT INTO request_budgets AS b"
                " VALUES (%s, %s, clock_timestamp(), clock_timestamp() + %s) ON CONFLICT (tenant) DO UPDATE"
                " SET closed_until = greatest(b.closed_until, excluded.closed_until)",
                (str(tenant), self._allowance(tenant).burst, timedelta(seconds=seconds)),
            )

    def _take(self, tenant: Tenant, holder: UUID) -> float:
        allowance = self._allowance(tenant)
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT take_request_place(%s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    str(tenant),
                    holder,
                    self._process,
                    ALIVE,
                    allowance.parallel,
                    allowance.per_second,
                    allowance.burst,
                    LEASE,
                ),
            ).fetchone()
        assert row is not None
        wait: float = row[0]
        return wait
