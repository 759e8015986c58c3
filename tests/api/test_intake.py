"""Calls that come while others are being recorded are recorded together; one that comes alone goes at once."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from api.intake import AT_ONCE, SMALL, Intake
from domain.organization import ORGANIZATION, Given, LicensesChanged
from domain.streams import organization_stream
from domain.values import ChangeId, Component, MspId, OrganizationId
from journal.application import Journal
from journal.entry import Actor, Origin, Role
from journal.reader import Change, Reader
from journal.registry import CODEC
from journal.together import Part

ORIGIN = Origin(Actor("platform", Role.PLATFORM), "request", "story")


def change(name: str, decided: Callable[[], object] = lambda: None) -> Part:
    stream = organization_stream(MspId("acme"), OrganizationId(name))

    def decide(reader: Reader) -> Sequence[Change]:
        decided()
        reader.state(ORGANIZATION, stream)
        fact = LicensesChanged(ChangeId(name), Component.LICENSE, Given.DELTA, 1, 1, reader.now)
        return (Change(stream, (fact,)),)

    return Part(decide, ORIGIN)


def appends(journal: Journal) -> list[int]:
    """How many facts each append brought, in order: an append's facts share their time."""
    times = [entry.recorded_at for entry in journal.read(0, 100)]
    return [times.count(each) for each in dict.fromkeys(times)]


def test_a_call_that_comes_alone_is_recorded_alone(database: str) -> None:
    async def alone(intake: Intake) -> None:
        for number in range(3):
            [entry] = await intake.record(change(f"change-{number}"), 1)
            assert f"change-{number}" == entry.fact.change_id

    with Journal(database, CODEC) as journal:
        asyncio.run(alone(Intake(journal, 1_000)))

        assert [1, 1, 1] == appends(journal)


@pytest.mark.parametrize(("most", "expected"), [(1_000, [5]), (3, [3, 2])])
def test_calls_that_wait_for_others_go_together_up_to_a_bound(database: str, most: int, expected: list[int]) -> None:
    async def crowd(intake: Intake, hold: threading.Event, held: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()

        def wait() -> None:
            loop.call_soon_threadsafe(held.set)
            hold.wait(120)

        first = asyncio.create_task(intake.record(change("first", wait), SMALL + 1))
        await held.wait()
        # The second of the two ways through is taken as well, so that the others gather.
        held.clear()
        second = asyncio.create_task(intake.record(change("second", wait), SMALL + 1))
        await held.wait()
        rest = [asyncio.create_task(intake.record(change(f"change-{number}"), 1)) for number in range(5)]
        await asyncio.sleep(0)
        hold.set()
        await asyncio.gather(first, second, *rest)

    assert AT_ONCE == 2
    with Journal(database, CODEC) as journal:
        asyncio.run(crowd(Intake(journal, most), threading.Event(), asyncio.Event()))

        assert sorted([1, 1, *expected]) == sorted(appends(journal))


def test_a_small_one_waits_for_a_small_one_and_not_for_a_large_one(database: str) -> None:
    async def three(intake: Intake, hold: threading.Event) -> None:
        loop = asyncio.get_running_loop()
        large_is_decided, small_is_decided = asyncio.Event(), asyncio.Event()
        go = threading.Event()

        def decided(told: asyncio.Event, until: threading.Event) -> Callable[[], None]:
            def wait() -> None:
                loop.call_soon_threadsafe(told.set)
                until.wait(120)

            return wait

        large = asyncio.create_task(intake.record(change("large", decided(large_is_decided, hold)), SMALL + 1))
        await large_is_decided.wait()
        small = asyncio.create_task(intake.record(change("small", decided(small_is_decided, go)), SMALL))
        await small_is_decided.wait()
        others = [asyncio.create_task(intake.record(change(f"other-{number}"), 1)) for number in range(3)]
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(small, *others)
        assert not large.done()
        hold.set()
        await large

    with Journal(database, CODEC) as journal:
        asyncio.run(three(Intake(journal, 1_000), threading.Event()))

        assert [1, 3, 1] == appends(journal)


def test_calls_that_come_in_the_same_moment_go_together(database: str) -> None:
    async def crowd(intake: Intake) -> None:
        await asyncio.gather(*(intake.record(change(f"change-{number}"), 1) for number in range(5)))

    with Journal(database, CODEC) as journal:
        asyncio.run(crowd(Intake(journal, 1_000)))

        assert [5] == appends(journal)


def test_a_caller_that_went_away_keeps_nobody_else_waiting(database: str) -> None:
    async def cancelled(intake: Intake) -> None:
        gone = asyncio.create_task(intake.record(change("gone"), 1))
        stays = asyncio.create_task(intake.record(change("stays"), 1))
        await asyncio.sleep(0)
        gone.cancel()
        [entry] = await stays
        assert "stays" == entry.fact.change_id

    with Journal(database, CODEC) as journal:
        asyncio.run(cancelled(Intake(journal, 1_000)))

        assert {"gone", "stays"} == {entry.fact.change_id for entry in journal.read(0, 10)}
