"""Whoever follows the journal sees every fact once, in order, whatever the writers do meanwhile."""

import itertools
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from journal.application import Change, Journal, Reader
from journal.entry import Entry
from journal.follow import FactsListener, ListenerLost, follow
from tests.journal.sample import ACME, JAR, LOG, ORIGIN, OTHER, MarblesAdded, NoteMade, add, jar, log

OpenJournal = Callable[..., Journal]


COMMITS_COME_LATE = """
CREATE FUNCTION come_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.003); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER come_late AFTER INSERT ON facts DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.notification_id % 13 = 0) EXECUTE FUNCTION come_late()
"""
"""The trigger runs when everything is written and the commit has begun: the instant in which order could be lost."""


@pytest.mark.parametrize(("writers", "rounds", "shares_appends"), [(8, 25, True), (50, 5, True), (50, 5, False)])
def test_a_live_follower_misses_nothing_of_many_writers_with_mixed_batches_and_late_commits(
    open_journal: OpenJournal, database: str, writers: int, rounds: int, shares_appends: bool
) -> None:
    """Those who share no append stand at the journal's lock on forty connections at once."""
    sizes = [[random.Random(f"{writer}/{n}").choice((1, 1, 3, 40)) for n in range(rounds)] for writer in range(writers)]
    expected = sum(map(sum, sizes))
    journals = [open_journal(pool_size=5, shares_appends=shares_appends) for _ in range(8)]
    with psycopg.connect(database) as connection:
        connection.execute(COMMITS_COME_LATE)

    def write(writer: int) -> None:
        for size in sizes[writer]:

            def decide(reader: Reader, size: int = size) -> list[Change]:
                streams = [jar(f"{writer}/{n % 4}") for n in range(size)]
                reader.states(JAR, streams)
                return [Change(stream, (MarblesAdded(1),)) for stream in streams]

            journals[writer % 8].transact(decide, ORIGIN, tries=200)

    seen: list[Entry[Any]] = []
    give_up_at = time.monotonic() + 300
    with FactsListener(database) as listener, ThreadPoolExecutor(writers) as threads:
        work = [threads.submit(write, writer) for writer in range(writers)]
        for batch in follow(
            open_journal(),
            listener,
            0,
            keep_going=lambda: (
                len(seen) < expected
                and time.monotonic() < give_up_at
                and not any(done.done() and done.exception() for done in work)
            ),
            limit=64,
        ):
            seen.extend(batch)
        for done in work:
            done.result()

    assert list(range(1, expected + 1)) == [entry.position for entry in seen]
    assert all(earlier.recorded_at <= later.recorded_at for earlier, later in itertools.pairwise(seen))
    assert expected == len({(entry.stream, entry.version) for entry in seen})


def test_a_commit_held_back_is_not_overtaken(open_journal: OpenJournal, database: str) -> None:
    """The lock is held until the commit: a later append waits, so no position ever appears below one already read."""
    first, second = open_journal(), open_journal()
    first.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
    overtaken = threading.Event()
    with psycopg.connect(database) as held:
        held.execute("SELECT journal_append(" + ", ".join(["NULL"] * 18) + ")")

        def append() -> None:
            second.execute(JAR, jar("blue"), lambda _: add(1), ORIGIN)
            overtaken.set()

        thread = threading.Thread(target=append)
        thread.start()
        was_overtaken = overtaken.wait(0.2)
        held.commit()
        thread.join()

    assert not was_overtaken
    assert overtaken.is_set()


def test_an_append_wakes_the_listener(journal: Journal, database: str) -> None:
    with FactsListener(database) as listener:
        assert not listener.wait(0.01)

        journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
        journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)

        assert listener.wait(60)


def test_a_listener_hears_its_own_channel_only(journal: Journal, database: str) -> None:
    with FactsListener(database, channel="view.usage") as listener, psycopg.connect(database) as speaker:
        journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
        assert not listener.wait(0.05)

        speaker.execute("SELECT pg_notify('view.usage', '')")
        speaker.commit()

        assert listener.wait(60)


def test_a_listener_whose_connection_broke_says_so(database: str) -> None:
    with FactsListener(database, channel="mine") as listener, psycopg.connect(database) as killer:
        killer.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'psa-ledger mine listener' AND datname = current_database()"
        )

        with pytest.raises(ListenerLost):
            listener.wait(60)


def test_following_begins_after_the_given_position(journal: Journal, database: str) -> None:
    for _ in range(5):
        journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
    seen: list[int] = []

    with FactsListener(database) as listener:
        for batch in follow(journal, listener, 2, keep_going=lambda: len(seen) < 3, limit=2):
            seen.extend(entry.position for entry in batch)

    assert seen == [3, 4, 5]


def test_reading_is_filtered_by_msp_and_kind(journal: Journal) -> None:
    journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
    journal.execute(JAR, jar("red", OTHER), lambda _: add(1), ORIGIN)
    journal.execute(LOG, log(), lambda _: (NoteMade("ü"),), ORIGIN)

    assert [entry.position for entry in journal.read(0, 10, msp=ACME)] == [1, 3]
    assert [entry.position for entry in journal.read(0, 10, kinds=[JAR.kind])] == [1, 2]
    assert [entry.position for entry in journal.read(0, 10, msp=ACME, kinds=[LOG.kind])] == [3]
    assert [entry.position for entry in journal.read(1, 1)] == [2]


def test_a_stream_is_read_between_versions_and_up_to_an_instant(journal: Journal) -> None:
    entries = [journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)[0] for _ in range(4)]

    assert entries == journal.entries(jar("red"))
    assert entries[1:3] == journal.entries(jar("red"), 2, 3)
    assert entries[:2] == journal.entries(jar("red"), until_recorded_at=entries[1].recorded_at)
    assert journal.entries(jar("blue")) == []


def test_a_state_is_known_as_of_an_instant(journal: Journal) -> None:
    entries = [journal.execute(JAR, jar("red"), lambda _: add(2), ORIGIN)[0] for _ in range(3)]

    found = journal.state_at(JAR, jar("red"), entries[1].recorded_at)

    assert (found.state.marbles, found.version) == (4, 2)
    assert journal.state_at(JAR, jar("blue"), entries[1].recorded_at).version == 0


def test_exports_get_the_very_bytes_that_were_stored(journal: Journal) -> None:
    (entry,) = journal.execute(LOG, log(), lambda _: (NoteMade("ü"),), ORIGIN)

    (raw,) = journal.raw(0, 10)

    expected = (
        '{"actor":{"address":"192.0.2.7","role":"ADMIN","subject":"ann@acme.example","user_agent":"test"},'
        '"causation_id":null,"correlation_id":"story-1","data":{"text":"ü"},'
        f'"entry_id":"{entry.entry_id}","msp":"acme","request_id":"request-1",'
        '"stream":{"key":[],"kind":"connection"}}'
    )
    assert expected == raw.state.decode()
    assert ("connection.note-made.v1", entry.recorded_at, entry.entry_id) == (raw.topic, raw.recorded_at, raw.entry_id)
    assert journal.raw(0, 10, msp=OTHER) == []
