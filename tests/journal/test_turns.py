"""On a stream that many threads write at once, nobody is overtaken without end."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg

from journal.application import Journal
from journal.turns import Turns
from tests.journal.sample import JAR, ORIGIN, Jar, MarblesAdded, add, jar

SLOW_DISK = """
CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER take_long AFTER INSERT ON facts DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION take_long()
"""
WRITERS, ACTS = 8, 5
STREAM, OTHER = UUID(int=1), UUID(int=2)
PATIENCE_SECONDS = 120


def test_where_commits_take_long_each_is_overtaken_only_by_the_acts_of_one_other(
    journal: Journal, database: str
) -> None:
    """Twenty tries were not enough for some: the one that had just written came first again and again."""
    with psycopg.connect(database) as connection:
        connection.execute(SLOW_DISK)
    most = [0] * WRITERS

    def write(writer: int) -> None:
        for _ in range(ACTS):
            tries = 0

            def decide(_: Jar) -> tuple[MarblesAdded, ...]:
                nonlocal tries
                tries += 1
                return add(1)

            journal.execute(JAR, jar("red"), decide, ORIGIN)
            most[writer] = max(most[writer], tries)

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write, range(WRITERS)))

    assert WRITERS * ACTS == journal.state(JAR, jar("red")).state.marbles
    assert max(most) <= ACTS + 2


def test_one_at_a_time_has_its_turn_and_other_streams_have_turns_of_their_own() -> None:
    turns, went = Turns(), threading.Event()

    def wait() -> None:
        with turns.of(STREAM):
            went.set()

    with turns.of(STREAM), turns.of(OTHER), turns.of(STREAM):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not went.wait(0.05)
    waiting.join()
    assert went.is_set()


def test_whoever_is_stuck_in_its_turn_holds_up_nobody_for_ever() -> None:
    turns, went = Turns(longest_wait_seconds=0.01), threading.Event()

    def wait() -> None:
        with turns.of(STREAM):
            went.set()

    with turns.of(STREAM):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert went.wait(PATIENCE_SECONDS)
    waiting.join()
