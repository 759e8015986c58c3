"""One clock for all processes; movable where nothing real depends on it, and never backwards behind a fact."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from journal.application import Journal
from journal.clock import Clock, ClockIsFixed, ClockIsMoved, ClockRunsForward
from journal.follow import FactsListener
from journal.settings import Mode
from journal.tables import CLOCK_CHANNEL
from tests.journal.sample import JAR, ORIGIN, add, jar

MONTH_END = datetime(2040, 11, 30, 23, 59, 59, tzinfo=UTC)


def test_an_unmoved_clock_shows_the_real_time(database: str) -> None:
    before = datetime.now(UTC) - timedelta(seconds=60)

    now = Clock(database, Mode.PRODUCTION).now()

    assert before < now < before + timedelta(seconds=120)
    assert now.tzinfo == UTC


def test_a_moved_clock_moves_facts_and_decisions_of_every_process(
    journal: Journal, open_journal: Callable[..., Journal], database: str
) -> None:
    moved = Clock(database, Mode.TEST).move_to(MONTH_END)

    (entry,) = journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)

    assert MONTH_END <= moved <= entry.recorded_at <= open_journal().now() < MONTH_END + timedelta(seconds=60)


def test_an_advanced_clock_is_so_much_later(database: str) -> None:
    clock = Clock(database, Mode.DEMO)
    clock.move_to(MONTH_END)

    later = clock.advance(timedelta(hours=2))

    assert timedelta(hours=2) <= later - MONTH_END < timedelta(hours=2, seconds=60)
    assert clock.shift() > timedelta(days=1)


def test_the_clock_may_be_set_back_as_long_as_nothing_is_recorded(database: str) -> None:
    clock = Clock(database, Mode.TEST)
    clock.move_to(MONTH_END)

    past = clock.move_to(datetime(2020, 1, 1, tzinfo=UTC))

    assert past.year == 2020


def test_the_clock_is_not_set_back_behind_a_fact(journal: Journal, database: str) -> None:
    clock = Clock(database, Mode.TEST)
    (entry,) = journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)

    with pytest.raises(ClockRunsForward) as caught:
        clock.move_to(entry.recorded_at - timedelta(hours=1))

    assert caught.value.last_recorded_at == entry.recorded_at
    assert clock.shift() == timedelta(0)


def test_time_never_runs_back_between_facts_even_if_the_database_clock_does(journal: Journal, database: str) -> None:
    (first,) = journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO ledger_clock (shift) VALUES (interval '-1 day')")

    (second,) = journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)

    assert second.recorded_at == first.recorded_at


def test_production_neither_moves_the_clock_nor_runs_on_a_moved_one(database: str) -> None:
    with pytest.raises(ClockIsFixed):
        Clock(database, Mode.PRODUCTION).advance(timedelta(seconds=1))
    Clock(database, Mode.TEST).move_to(MONTH_END)

    with pytest.raises(ClockIsMoved):
        Clock(database, Mode.PRODUCTION)


def test_a_naive_instant_is_no_time(database: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        Clock(database, Mode.TEST).move_to(MONTH_END.replace(tzinfo=None))


def test_a_moved_clock_is_announced(database: str) -> None:
    with FactsListener(database, channel=CLOCK_CHANNEL) as listener:
        Clock(database, Mode.TEST).move_to(MONTH_END)

        assert listener.wait(60)
