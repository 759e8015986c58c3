"""What every job needs, put together once in `workers/main.py` and passed on."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

from psycopg_pool import ConnectionPool

from connectwise.client import ReadingClient, WritingClient
from domain.values import MspId
from journal.application import Journal
from journal.entry import Actor, Origin, Role
from telemetry.numbers import Numbers
from telemetry.traces import NOT_TRACED, Traces


class Clients(Protocol):
    """PSA clients by MSP and connection number, with the keys that are in the vault now."""

    def reading(self, msp: MspId, connection_number: int) -> ReadingClient:
        """A client without a writing verb. Raises: as `writing`."""
        ...

    def writing(self, msp: MspId, connection_number: int) -> WritingClient:
        """Raises: NoSecret when the keys were destroyed meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take.

    Units: `deadline` bounds a write from its recorded start; an open push is settled only `grace` later. A lease lasts
    as long as a worker may be silent; one that lives renews it.
    """

    deadline: timedelta = timedelta(seconds=60)
    grace: timedelta = timedelta(seconds=5)
    lease: timedelta = timedelta(seconds=90)
    sweep: timedelta = timedelta(minutes=15)
    first_pause: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(minutes=2)
    tries: int = 6

    def settled_from(self, deadline: datetime) -> datetime:
        """When an open push of this deadline may be settled by others: its writer can not write any more."""
        return deadline + self.grace


def nobody_keeps(_job: str, _holder: str) -> AbstractContextManager[None]:
    """For jobs that end well within their lease."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Tools:
    """`wait_for_views` returns when all views hold a position, or false after a while."""

    journal: Journal
    pool: ConnectionPool
    clients: Clients
    wait_for_views: Callable[[int], bool]
    timing: Timing = Timing()
    new_id: Callable[[], UUID] = uuid4
    monotonic: Callable[[], float] = time.monotonic
    worker: str = "worker"
    keeping: Callable[[str, str], AbstractContextManager[None]] = nobody_keeps
    numbers: Numbers = field(default_factory=Numbers)
    traces: Traces = NOT_TRACED

    def origin(self, *, correlation: str, causation: UUID | None) -> Origin:
        """Workers act in their own name, because of the fact that made the work due."""
        return Origin(Actor(self.worker, Role.WORKER), str(self.new_id()), correlation, causation)
