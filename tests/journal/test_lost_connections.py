"""A connection may break at any moment; what was recorded is recorded once, and the caller is told so."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, OperationalError, StoredEvent

from journal.application import Change, Journal, Key, Reader
from journal.entry import Entry, new_entry_id
from journal.envelope import store_fact
from journal.recorder import Append, Datastore, FactRecorder, KeyTaken, StreamMoved, patiently
from journal.tables import APPEND_LOCK
from tests.journal.flaky_wire import FlakyWire
from tests.journal.sample import ACME, CODEC, JAR, LOG, ORIGIN, JarFact, MarblesAdded, NoteMade, add, jar, log


@pytest.fixture
def wire(database: str) -> Iterator[FlakyWire]:
    with (
        tempfile.TemporaryDirectory(prefix="wire-", dir="/tmp") as directory,
        FlakyWire(database, Path(directory)) as wire,
    ):
        yield wire


@pytest.fixture
def wired(wire: FlakyWire) -> Iterator[Journal]:
    """A journal on one connection that may be cut; the connection is open and the red jar's state is cached."""
    with Journal(wire.url, CODEC, pool_size=1) as journal:
        journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
        yield journal


def test_an_append_whose_answer_was_lost_is_reported_as_stored(wired: Journal, wire: FlakyWire) -> None:
    def add_two(change: str) -> tuple[Entry[JarFact], ...]:
        keys = (Key("change", change, b""),)
        return wired.execute(JAR, jar("red"), lambda _: (*add(2), *add(3)), ORIGIN, keys)

    add_two("c1")  # prepares the statement, so that the next answer is that of the append itself
    wire.cut_before_answer.set()

    entries = add_two("c2")

    assert wire.cuts == 1
    assert [(entry.position, entry.version) for entry in entries] == [(4, 4), (5, 5)]
    assert list(entries) == wired.read(3, 10)
    assert wired.state(JAR, jar("red")).state.marbles == 11


def test_an_append_that_never_reached_the_server_is_sent_again(wired: Journal, wire: FlakyWire) -> None:
    wire.cut_before_request.set()

    (entry,) = wired.execute(JAR, jar("red"), lambda _: add(2), ORIGIN)

    assert wire.cuts == 1
    assert (entry.position, entry.version) == (2, 2)
    assert wired.head() == 2


def test_rows_alongside_an_append_are_written_once_even_if_the_answer_was_lost(
    wired: Journal, wire: FlakyWire, database: str
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE side (n int)")

    def decide(reader: Reader) -> list[Change]:
        reader.state(JAR, jar("red"))
        return [Change(jar("red"), add(1))]

    def side(connection: psycopg.Connection[Any]) -> None:
        connection.execute("INSERT INTO side VALUES (1)")
        if not wire.cuts:
            wire.cut_before_answer.set()

    wired.transact(decide, ORIGIN, alongside=side)

    assert wire.cuts == 1
    assert wired.head() == 2
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM side").fetchone() == (1,)


def test_an_append_that_another_one_overtook_while_the_connection_was_lost_decides_again(
    wired: Journal, wire: FlakyWire, open_journal: Callable[..., Journal]
) -> None:
    other, seen = open_journal(), list[int]()

    def decide(state: Any) -> tuple[MarblesAdded, ...]:
        seen.append(state.marbles)
        if len(seen) == 1:
            other.execute(JAR, jar("red"), lambda _: add(10), ORIGIN)
            wire.cut_before_request.set()
        return add(1)

    wired.execute(JAR, jar("red"), decide, ORIGIN)

    assert seen == [1, 11]
    assert wired.head() == 3


def test_an_append_still_under_way_when_its_connection_broke_is_stored_once(
    wired: Journal, wire: FlakyWire, database: str
) -> None:
    """The first attempt waits for the lock and commits later; the second finds that out instead of a conflict."""
    entries: list[Entry[JarFact]] = []
    with psycopg.connect(database) as held, psycopg.connect(database, autocommit=True) as watcher:
        held.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
        wire.cut_after_request.set()
        thread = threading.Thread(
            target=lambda: entries.extend(wired.execute(JAR, jar("red"), lambda _: add(2), ORIGIN))
        )
        thread.start()
        give_up_at = time.monotonic() + 120
        while waiting(watcher) < 2 and time.monotonic() < give_up_at:
            time.sleep(0.01)
        held.commit()
        thread.join()

    assert wire.cuts == 1
    assert [(entry.position, entry.version) for entry in entries] == [(2, 2)]
    assert entries == wired.read(1, 10)


def waiting(connection: psycopg.Connection[Any]) -> int:
    """How many appends wait for the lock."""
    row = connection.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_reading_survives_a_lost_connection(wired: Journal, wire: FlakyWire) -> None:
    wire.cut_before_answer.set()

    assert wired.head() == 1
    assert wire.cuts == 1


def test_every_connection_may_have_been_ended_by_the_server(journal: Journal, database: str) -> None:
    journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
    with psycopg.connect(database, autocommit=True) as killer:
        killer.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'psa-ledger' AND datname = current_database()"
        )

    (entry,) = journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)

    assert (entry.position, entry.version) == (2, 2)


def test_what_failed_is_tried_again_until_patience_has_an_end() -> None:
    tries: list[int] = []

    def attempt() -> None:
        tries.append(1)
        if len(tries) < 4:
            raise OperationalError("gone")

    with pytest.raises(OperationalError):
        patiently(attempt, give_up_at=time.monotonic())
    tries_without_patience = len(tries)
    patiently(attempt, give_up_at=time.monotonic() + 600)

    assert (1, 4) == (tries_without_patience, len(tries))


def test_what_trying_again_does_not_cure_is_not_tried_again(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION ledger_now() RETURNS timestamptz LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$"
        )

    with Journal(database, CODEC) as journal, pytest.raises(OperationalError, match="full"):
        journal.now()


def test_the_library_finds_our_facts_through_its_own_interface(journal: Journal, database: str) -> None:
    journal.execute(JAR, jar("red"), lambda _: (*add(1), *add(2)), ORIGIN)
    recorder = FactRecorder(Datastore(database, pool_size=1))
    try:
        fact = store_fact(CODEC, jar("red"), 3, MarblesAdded(3), entry_id=new_entry_id(), origin=ORIGIN)

        assert recorder.insert_events([fact]) == range(3, 4)
        assert recorder.insert_events([]) == ()
        assert recorder.max_notification_id() == 3
        assert [event.originator_version for event in recorder.select_events(jar("red").id)] == [1, 2, 3]
        assert [notification.id for notification in recorder.select_notifications(2, 10)] == [2, 3]
        with pytest.raises(StreamMoved):
            recorder.insert_events([fact])
        with pytest.raises(TypeError):
            recorder.insert_events([StoredEvent(uuid4(), 1, "x", b"")])
        with pytest.raises(NotImplementedError):
            recorder.create_table()
    finally:
        recorder.datastore.close()


def test_an_entry_id_is_recorded_once(journal: Journal, open_journal: Callable[..., Journal]) -> None:
    twin = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    careless = open_journal(new_id=lambda: twin)
    careless.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)

    with pytest.raises(Exception, match="facts_entry_id"):
        careless.execute(JAR, jar("blue"), lambda _: add(1), ORIGIN)

    assert journal.head() == 1


def test_an_append_with_everything_at_once_checks_and_writes_everything(journal: Journal, database: str) -> None:
    (note,) = journal.execute(LOG, log(), lambda _: (NoteMade("a"),), ORIGIN)
    key = Key("change", "c1", b"digest")

    def decide(reader: Reader) -> list[Change]:
        reader.state(LOG, log())
        reader.state(JAR, jar("red"))
        reader.category(ACME, LOG.kind, note.position)
        return [Change(jar("red"), (*add(1), *add(2)), (key,))]

    journal.transact(decide, ORIGIN)

    assert journal.head() == 3
    with pytest.raises(KeyTaken, match="c1"):
        journal.transact(decide, ORIGIN)


def test_an_empty_append_has_no_meaning(database: str) -> None:
    recorder = FactRecorder(Datastore(database, pool_size=1))
    try:
        with pytest.raises(ValueError, match="no facts"):
            recorder.append(Append((), {}, (), ()))
    finally:
        recorder.datastore.close()


def test_an_error_that_is_no_refusal_comes_as_it_is(journal: Journal, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("ALTER TABLE facts ADD CONSTRAINT short CHECK (octet_length(state) < 10)")

    with pytest.raises(IntegrityError, match="short"):
        journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)

    assert journal.head() == 0
