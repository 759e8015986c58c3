"""Calls that come while others are being recorded are recorded together; one that comes alone goes at once."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

import api.intake
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


async def intake_begins(intake: Intake) -> None:
    """Let the loop turn until an append is under way; on a loop with nothing else to do these are a few turns."""
    for _ in range(1_000):
        if intake._under_way:
            return
        await asyncio.sleep(0)
    pytest.fail("no append began")


@pytest.mark.parametrize("comes_during", ["nothing", "a small append"])
def test_a_small_call_beside_one_that_fills_an_append_does_not_wait_for_it(
    monkeypatch: pytest.MonkeyPatch, comes_during: str
) -> None:
    go = threading.Event()

    def record(_: Journal, parts: Sequence[Any]) -> list[Any]:
        if "large" in parts:
            go.wait(120)
        return [(part,) for part in parts]

    monkeypatch.setattr(api.intake, "record_together", record)

    async def crowd() -> None:
        intake: Any = Intake(cast(Any, None), 1_000)
        asked = []
        if comes_during == "a small append":
            asked.append(asyncio.create_task(intake.record("first", 1)))
            await intake_begins(intake)
        large = asyncio.create_task(intake.record("large", 1_000))
        await asyncio.gather(asyncio.create_task(intake.record("small", 1)), *asked)
        assert not large.done()
        go.set()
        await large

    try:
        asyncio.run(asyncio.wait_for(crowd(), 60))
    finally:
        go.set()


def test_calls_that_gathered_are_recorded_though_the_append_before_them_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def record(_: Journal, parts: Sequence[Any]) -> list[Any]:
        if "bad" in parts:
            raise RuntimeError("no thread")
        return [(part,) for part in parts]

    monkeypatch.setattr(api.intake, "record_together", record)

    async def crowd() -> None:
        intake: Any = Intake(cast(Any, None), 1_000)
        bad = asyncio.create_task(intake.record("bad", 1))
        await intake_begins(intake)
        good = asyncio.create_task(intake.record("good", 1))
        with pytest.raises(RuntimeError, match="no thread"):
            await bad
        assert ("good",) == await good

    asyncio.run(asyncio.wait_for(crowd(), 60))


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
