"""A ledger whose numbers are read over HTTP, as Prometheus does."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

import httpx
import pytest

from projections.reads.standing import StandingReader
from telemetry.listener import listening
from telemetry.numbers import Numbers
from telemetry.settings import Address
from tests.databases import Template
from tests.monitoring.rules import Scrape
from tests.workers.system import NOON, System, ready_system


@dataclass(frozen=True)
class Watched:
    """A system, and where it tells its numbers."""

    system: System
    address: str
    numbers: Numbers

    def text(self) -> str:
        return httpx.get(f"{self.address}/metrics", trust_env=False, timeout=60).raise_for_status().text

    def scrape(self) -> Scrape:
        self.system.fold()
        return Scrape.taken(self.address)

    def ready(self, question: str | None = None) -> httpx.Response:
        return httpx.get(f"{self.address}/ready{f'?ask={question}' if question else ''}", trust_env=False, timeout=60)


@pytest.fixture
def watched_at(template: Template) -> Iterator[Callable[[datetime], Watched]]:
    """Opens a watched system at an instant: the MSP is connected and has Core mapped, licences and servers."""
    with ExitStack() as stack:

        def open_at(at: datetime) -> Watched:
            system = stack.enter_context(ready_system(stack.enter_context(template.copy()), at))
            standing = StandingReader(system.url, remembered_seconds=0)
            numbers = system.tools.numbers
            numbers.look_up(standing.gauges)
            stack.enter_context(numbers.counting_errors())
            port = stack.enter_context(listening(Address("127.0.0.1", 0), numbers, standing.questions))
            return Watched(system, f"http://127.0.0.1:{port}", numbers)

        yield open_at


@pytest.fixture
def watched(watched_at: Callable[[datetime], Watched]) -> Watched:
    """Noon on 10 November 2026."""
    return watched_at(NOON)
