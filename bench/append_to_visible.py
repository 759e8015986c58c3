"""From an append to the views that show it, at 100 facts a second, with the projector as a process of its own.

Promises: half of them within 5 ms, 99 % within 50 ms. The rival is what the event library's own way of waiting could
tell at best: it looks every 100 ms.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import psycopg

from bench.figures import Figure, Told, at_most, percentile
from bench.running import RunningSystem, running_system
from domain.organization import (
    ORGANIZATION,
    Given,
    LicensesChanged,
    OrganizationCreated,
    OrganizationFact,
    OrganizationState,
)
from domain.streams import organization_stream
from domain.values import ChangeId, Component, LicenseType, LineId, Management, MspId, OrganizationId, PlanId
from journal.application import Journal
from journal.entry import Actor, Origin, Role
from journal.follow import FactsListener
from journal.registry import CODEC
from projections.projector import VIEWS_CHANNEL

FACTS, FACTS_A_SECOND = 1_000, 100
LIBRARY_LOOKS_EVERY_MS = 100.0
_EFFECTIVE = datetime(2026, 11, 10, tzinfo=UTC)
ORIGIN = Origin(Actor("platform", Role.PLATFORM), "bench", "bench")


def measure() -> Iterator[Told]:
    with running_system() as system:
        took = _visible(system)
    yield at_most("append → visible, median", percentile(took, 50), "ms", 5)
    yield at_most("append → visible, 99 %", percentile(took, 99), "ms", 50)
    yield Figure(
        "append → visible, median",
        percentile(took, 50),
        "ms",
        "the library's wait",
        LIBRARY_LOOKS_EVERY_MS,
        None,
        is_less_better=True,
    )


def _visible(system: RunningSystem) -> list[float]:
    """Append at an even pace; each time listen until the views are there. Shape: seconds of each."""
    took: list[float] = []
    with (
        Journal(system.database_url, CODEC) as journal,
        FactsListener(system.database_url, channel=VIEWS_CHANNEL) as listener,
        psycopg.connect(system.database_url, autocommit=True) as connection,
    ):
        begun = time.perf_counter()
        for number in range(FACTS):
            time.sleep(max(0.0, begun + number / FACTS_A_SECOND - time.perf_counter()))
            stream = organization_stream(MspId("bench"), OrganizationId(f"organization-{number % 50}"))
            [entry] = journal.execute(ORGANIZATION, stream, partial(_change, number), ORIGIN)
            appended_at = time.perf_counter()
            while not _shows(connection, entry.position):
                listener.wait(0.1)
            took.append(time.perf_counter() - appended_at)
    return took


def _shows(connection: psycopg.Connection[tuple[int]], position: int) -> bool:
    row = connection.execute("SELECT min(position) FROM view_positions").fetchone()
    return row is not None and row[0] >= position


def _change(number: int, state: OrganizationState) -> tuple[OrganizationFact, ...]:
    change = ChangeId(f"change-{number}")
    if not state.exists:
        plan, components = PlanId("network-core"), tuple(Component)
        name, line = f"Organization {number}", LineId("network")
        paid, managed = LicenseType.PAID, Management.MSP
        return (OrganizationCreated(change, _EFFECTIVE, name, line, plan, components, paid, managed),)
    return (LicensesChanged(change, Component.LICENSE, Given.QUANTITY, 1, 1, _EFFECTIVE),)
