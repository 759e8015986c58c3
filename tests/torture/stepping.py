"""A worker that can be met between any two of its steps: before and after each request and each append.

What happens at a step is up to the test: the process dies, another worker takes over, or it freezes and wakes up late.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from domain.values import MspId
from journal.application import Journal
from tests.scenarios.acts import driven_by
from tests.workers.system import System
from workers.tools import Clients, Tools


class Crash(BaseException):
    """The process is gone. Not an Exception, so that nothing on the way takes it for a failure to handle."""


@dataclass
class Steps:
    """Calls `meet` at the step of number `point`, counted from 0; `passed` tells how many there were."""

    point: int
    meet: Callable[[], None]
    passed: int = 0
    is_late: bool = False
    """After a freeze every deadline of this worker is over."""
    names: list[str] = field(default_factory=list)

    def step(self, name: str) -> None:
        number = self.passed
        self.passed += 1
        self.names.append(name)
        if number == self.point:
            self.meet()

    @property
    def was_met(self) -> bool:
        return self.passed > self.point


class _SteppingClient:
    def __init__(self, client: Any, steps: Steps) -> None:
        self._client = client
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._client, name)
        if not callable(asked):
            return asked

        def stepping(*arguments: Any, **named: Any) -> Any:
            self._steps.step(f"before {name}")
            if self._steps.is_late and "deadline" in named:
                named["deadline"] = time.monotonic() - 1
            answer = asked(*arguments, **named)
            self._steps.step(f"after {name}")
            return answer

        return stepping


class _SteppingJournal:
    def __init__(self, journal: Journal, steps: Steps) -> None:
        self._journal = journal
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._journal, name)
        if name not in {"execute", "transact"}:
            return asked

        def stepping(*arguments: Any, **named: Any) -> Any:
            self._steps.step("before an append")
            entries = asked(*arguments, **named)
            self._steps.step("after an append")
            return entries

        return stepping


@dataclass(frozen=True)
class _SteppingClients:
    clients: Clients
    steps: Steps

    def reading(self, msp: MspId, connection_number: int) -> Any:
        return _SteppingClient(self.clients.reading(msp, connection_number), self.steps)

    def writing(self, msp: MspId, connection_number: int) -> Any:
        return _SteppingClient(self.clients.writing(msp, connection_number), self.steps)


def stepping(tools: Tools, steps: Steps) -> Tools:
    return replace(
        tools,
        clients=_SteppingClients(tools.clients, steps),
        journal=cast(Journal, _SteppingJournal(tools.journal, steps)),
    )


def work_until_met(system: System, point: int, meet: Callable[[Steps], None]) -> Steps:
    """Let a worker do everything that is due, and be met at a step. A crash ends its work."""
    steps = Steps(point, lambda: meet(steps))
    with suppress(Crash):
        driven_by(system, stepping(system.tools, steps)).settle()
    return steps


def free_leases(system: System) -> None:
    """As if a dead or frozen worker's leases had run out."""
    with system.tools.pool.connection() as connection:
        connection.execute("DELETE FROM leases")


def die(_steps: Steps) -> None:
    raise Crash
