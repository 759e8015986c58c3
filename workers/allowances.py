"""What an MSP's setting allows its tenant, remembered for a few seconds: every request to the PSA asks."""

import time
from collections.abc import Callable
from dataclasses import replace

from psycopg_pool import ConnectionPool

from connectwise.budget import Allowance
from domain.values import Tenant

REMEMBERED_SECONDS = 5.0


class Allowances:
    """Allowances by tenant. Thread-safe; a changed setting counts after a few seconds."""

    def __init__(self, pool: ConnectionPool, usual: Allowance, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._usual = usual
        self._clock = clock
        self._known: dict[Tenant, tuple[float, Allowance]] = {}

    def __call__(self, tenant: Tenant) -> Allowance:
        known = self._known.get(tenant)
        now = self._clock()
        if known is not None and known[0] > now:
            return known[1]
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT max(parallel_requests) FROM connections WHERE site = %s AND company_id = %s",
                (tenant.site, tenant.company_id),
            ).fetchone()
        chosen = row[0] if row is not None else None
        allowance = self._usual if chosen is None else replace(self._usual, parallel=chosen)
        self._known[tenant] = (now + REMEMBERED_SECONDS, allowance)
        return allowance
