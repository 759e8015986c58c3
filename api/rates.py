"""How much one caller may ask, counted over all API processes.

Two accounts are charged: the caller's own (a subject within its MSP) and that of its whole MSP, so that many subjects
of one MSP take nothing from the others. An account is a row with tokens that grow with time. A process leases some
tokens at a time and spends them by itself, so most requests cost no round trip; what it does not spend within a
moment is lost, never lent twice. Whoever is out of tokens is refused by the process itself until there are new ones:
refusing a flood costs neither the database nor anybody else.

The table is unlogged: after a crash of the server it is empty, which means a fresh burst and nothing worse. While the
database is away nobody is refused by it: there is nothing to protect that could still be reached.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Protocol

import psycopg

from api.errors import Told
from api.tokens import Principal
from projections.reads.ask import Views

LOG = logging.getLogger("psa_ledger.rates")

LEASED_SECONDS = 2.0
"""Leased tokens that are not spent by then are lost."""
LONGEST_REFUSAL_SECONDS = 1.0
"""After this the shared row is asked again, however far away the next token seems: others may have spent less."""
HELD_BACK_SECONDS = 0.5
MOST_HELD_BACK = 500
MOST_ACCOUNTS = 10_000
COST_PER_TOKEN = 500
"""Fields of an answer that one token pays for; a request has the first one at the door."""


class RateLimited(Told):
    """The caller has asked more than it may; nothing was done."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, ceil(seconds))
        super().__init__(
            f"too many requests; ask again in {self.seconds} s",
            {"code": "RateLimited", "values": {"retryAfterSeconds": self.seconds}},
        )


@dataclass(frozen=True, slots=True)
class Allowance:
    """Units: tokens, about one a request; `burst` may be spent at once after a rest."""

    per_second: float
    burst: float

    @property
    def lease(self) -> float:
        """So much at a time that a steady caller costs about two round trips a second."""
        return max(1.0, min(self.burst / 4, self.per_second / 2))


@dataclass(frozen=True, slots=True)
class Allowances:
    """What a caller may ask, and what a whole MSP. The vendor's platform speaks for all MSPs, and so may ask more."""

    principal: Allowance = Allowance(per_second=20, burst=100)
    msp: Allowance = Allowance(per_second=50, burst=250)
    platform: Allowance = Allowance(per_second=200, burst=1000)

    @staticmethod
    def of(per_second: float) -> "Allowances":
        """All of them, from what one caller may ask on average: five seconds of it at once."""
        return Allowances(
            Allowance(per_second, per_second * 5),
            Allowance(per_second * 2.5, per_second * 12.5),
            Allowance(per_second * 10, per_second * 50),
        )

    def accounts(self, who: Principal) -> tuple[tuple[str, Allowance], ...]:
        if who.msp is None:
            return ((f"subject {who.role.value} {who.subject}", self.platform),)
        return ((f"subject {who.msp} {who.role.value} {who.subject}", self.principal), (f"msp {who.msp}", self.msp))


class Ledger(Protocol):
    """Where leases come from."""

    async def lease(self, account: str, wanted: float, allowance: Allowance) -> tuple[float, float]:
        """Shape: what is granted (0 to wanted), and the seconds to wait when that is nothing."""
        ...


@dataclass(frozen=True, slots=True)
class SharedLedger:
    """The table that all API processes lease from."""

    views: Views

    async def lease(self, account: str, wanted: float, allowance: Allowance) -> tuple[float, float]:
        try:
            [(granted, wait)] = await self.views.tuples(
                "SELECT granted, wait FROM lease_requests(%s, %s, %s, %s)",
                (account, wanted, allowance.per_second, allowance.burst),
            )
        except (psycopg.OperationalError, psycopg.InterfaceError):
            return wanted, 0.0
        return granted, wait


@dataclass(slots=True)
class _Purse:
    """What this process holds of one account."""

    tokens: float = 0.0
    leased_at: float = 0.0
    refused_until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Rates:
    """The accounts as one process sees them. Belongs to one event loop."""

    def __init__(
        self,
        ledger: Ledger,
        allowances: Allowances,
        clock: Callable[[], float] = time.monotonic,
        *,
        most_held_back: int = MOST_HELD_BACK,
    ) -> None:
        self._ledger = ledger
        self._allowances = allowances
        self._clock = clock
        self._purses: dict[str, _Purse] = {}
        self._most_held_back = most_held_back
        self._held_back = 0

    async def charge(self, who: Principal, tokens: float = 1.0) -> None:
        """Take tokens from every account of the caller. Raises: RateLimited; then nothing is owed."""
        for account, allowance in self._allowances.accounts(who):
            await self._take(account, allowance, min(tokens, allowance.burst))

    async def hold_back(self) -> None:
        """Let a refused caller wait a little for its answer: clients that ask again at once then flood less.

        Waiting costs next to nothing, but not without end: beyond `most_held_back` the answer goes out at once.
        """
        if self._held_back < self._most_held_back:
            self._held_back += 1
            try:
                await asyncio.sleep(HELD_BACK_SECONDS)
            finally:
                self._held_back -= 1

    async def _take(self, account: str, allowance: Allowance, wanted: float) -> None:
        purse = self._purse(account)
        now = self._clock()
        if now - purse.leased_at > LEASED_SECONDS:
            purse.tokens = 0.0
        if purse.tokens >= wanted:
            purse.tokens -= wanted
            return
        if purse.refused_until > now:
            raise RateLimited(purse.refused_until - now)
        async with purse.lock:  # one of them leases, the others find what it brought
            if purse.tokens < wanted and purse.refused_until <= self._clock():
                missing = max(allowance.lease, wanted - purse.tokens)
                granted, wait = await self._ledger.lease(account, missing, allowance)
                purse.tokens += granted
                purse.leased_at = self._clock()
                if purse.tokens < wanted:
                    wait = max(wait, (wanted - purse.tokens) / allowance.per_second)
                    purse.refused_until = self._clock() + min(wait, LONGEST_REFUSAL_SECONDS)
                    LOG.warning("too many requests", extra={"account": account})
        if purse.tokens < wanted:
            raise RateLimited(max(purse.refused_until - self._clock(), 0.0))
        purse.tokens -= wanted

    def _purse(self, account: str) -> _Purse:
        if account not in self._purses:
            if len(self._purses) >= MOST_ACCOUNTS:
                self._forget_idle()
            self._purses[account] = _Purse()
        return self._purses[account]

    def _forget_idle(self) -> None:
        """Drop what holds nothing any more; what was leased and not spent is lost with time anyway."""
        now = self._clock()
        for account, purse in tuple(self._purses.items()):
            if now - purse.leased_at > LEASED_SECONDS and purse.refused_until <= now and not purse.lock.locked():
                del self._purses[account]
