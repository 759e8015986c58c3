"""How hard we may lean on one tenant's PSA, shared by everybody who calls it.

ConnectWise throttles "over 1,000 requests per minute" and publishes no number of parallel requests; careful clients run
three or four at a time (api-facts §4, limits). A `Budget` is asked before every request. The one here serves a single
process; the one over PostgreSQL keeps the same contract for all worker processes.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

from connectwise.errors import Throttled
from domain.values import Tenant


class Budget(Protocol):
    """The contract of every budget; `tests/connectwise/budget_contract.py` is its suite.

    - `slot` blocks until the tenant has a free place and a token, holds the place until the block ends, however it
      ends, and gives the place back at once. It waits at most `patience_seconds`, then raises `Throttled` with the
      seconds after which trying again makes sense; nothing was sent then.
    - A place held by a process that died must come free by itself (a shared budget uses a lease or a session lock).
    - `punish` keeps every slot of the tenant closed for so many seconds from now; a longer punishment is never
      shortened.
    - Tenants never wait for each other.
    - Within `staying`, slots of the same thread and tenant, one after another, may hold one place between them for a
      moment; each takes its own token, and none is let through that would not have been otherwise.
    """

    def slot(self, tenant: Tenant, patience_seconds: float) -> AbstractContextManager[None]:
        """Raises: Throttled when no place came free in time."""
        ...

    def staying(self, tenant: Tenant) -> AbstractContextManager[None]: ...

    def punish(self, tenant: Tenant, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one tenant may take.

    Units: `per_second` requests on average, up to `burst` in a row after a rest, at most `parallel` in flight.
    Source: the defaults keep any one minute under the 1,000 requests above which throttling is likely (api-facts §4).
    """

    parallel: int = 4
    per_second: float = 13.0
    burst: int = 200

    @classmethod
    def of_a_minute(cls, requests: int) -> "Allowance":
        """So that no minute sees more than so many requests: a fifth of them at once, the rest evenly.

        >>> Allowance.of_a_minute(1_000)
        Allowance(parallel=4, per_second=13.333333333333334, burst=200)
        """
        burst = max(requests // 5, 1)
        return cls(per_second=(requests - burst) / 60, burst=burst)

    def __post_init__(self) -> None:
        if self.parallel < 1 or self.per_second <= 0 or self.burst < 1:
            raise ValueError("an allowance must let something through")


@dataclass(slots=True)
class _Account:
    tokens: float
    counted_at: float
    in_flight: int = 0
    closed_until: float = field(default=-inf)


MOST_ACCOUNTS = 10_000
"""Connection tests name tenants that do not exist; their accounts must not pile up for as long as a process lives."""


class ProcessBudget:
    """A budget for one process: a token bucket and a number of places per tenant.

    Why a condition and no semaphore: tokens, places and punishment open together or not at all.
    """

    def __init__(
        self,
        allowance: Callable[[Tenant], Allowance] = lambda _: Allowance(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowance = allowance
        self._clock = clock
        self._accounts: dict[Tenant, _Account] = {}
        self._changed = threading.Condition()

    @contextmanager
    def slot(self, tenant: Tenant, patience_seconds: float) -> Iterator[None]:
        gives_up_at = self._clock() + patience_seconds
        with self._changed:
            while (wait := self._take(tenant)) > 0:
                patience = gives_up_at - self._clock()
                if patience <= 0 or patience < wait < inf:
                    raise Throttled(1.0 if wait == inf else wait, f"the request budget of {tenant} is used up")
                self._changed.wait(min(patience, wait))
        try:
            yield
        finally:
            with self._changed:
                self._accounts[tenant].in_flight -= 1
                self._changed.notify_all()

    def staying(self, tenant: Tenant) -> AbstractContextManager[None]:
        """Nothing is kept: a place costs nothing here."""
        return nullcontext()

    def punish(self, tenant: Tenant, seconds: float) -> None:
        with self._changed:
            account = self._account(tenant)
            account.closed_until = max(account.closed_until, self._clock() + seconds)

    def _take(self, tenant: Tenant) -> float:
        """Take a place and a token and return 0, or return how long to wait; infinity until a place is given back."""
        allowance, account, now = self._allowance(tenant), self._account(tenant), self._clock()
        account.tokens = min(allowance.burst, account.tokens + (now - account.counted_at) * allowance.per_second)
        account.counted_at = now
        if account.closed_until > now:
            return account.closed_until - now
        if account.in_flight >= allowance.parallel:
            return inf
        if account.tokens < 1:
            return (1 - account.tokens) / allowance.per_second
        account.tokens -= 1
        account.in_flight += 1
        return 0

    def _account(self, tenant: Tenant) -> _Account:
        if tenant not in self._accounts:
            if len(self._accounts) >= MOST_ACCOUNTS:
                self._forget_rested()
            self._accounts[tenant] = _Account(tokens=self._allowance(tenant).burst, counted_at=self._clock())
        return self._accounts[tenant]

    def _forget_rested(self) -> None:
        """Drop the accounts that a new one would equal: nothing in flight, no punishment, a full bucket."""
        now = self._clock()
        for tenant, account in tuple(self._accounts.items()):
            allowance = self._allowance(tenant)
            tokens = account.tokens + (now - account.counted_at) * allowance.per_second
            if account.in_flight == 0 and account.closed_until <= now and tokens >= allowance.burst:
                del self._accounts[tenant]
