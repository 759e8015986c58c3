"""Writing through decisions: versions, atomicity, conflicts, guards and keys."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from functools import partial
from typing import Any

import psycopg
import pytest

from domain.streams import Aggregate, StreamKind
from journal.application import BrokenStream, Change, Journal, Key, NotRead, Reader, TooManyConflicts
from journal.recorder import KeyTaken, TakenKey
from journal.state_cache import Folded
from journal.stored_form import NotDecodable
from tests.journal.sample import (
    ACME,
    JAR,
    LOG,
    ORIGIN,
    OTHER,
    Jar,
    JarFact,
    MarblesAdded,
    MarblesTaken,
    NoteMade,
    add,
    jar,
    log,
)

OpenJournal = Callable[..., Journal]


class JarIsEmpty(Exception):
    pass


def take(state: Jar) -> tuple[MarblesTaken, ...]:
    if state.marbles == 0:
        raise JarIsEmpty
    return (MarblesTaken(1, "play"),)


def test_a_recorded_fact_comes_back_with_who_when_and_why(journal: Journal) -> None:
    (recorded,) = journal.execute(JAR, jar("red"), lambda _: add(3), ORIGIN)

    (read,) = journal.read(0, 10)

    assert recorded == read
    assert (read.position, read.version, read.fact_type, read.schema) == (1, 1, "organization.marbles-added", 1)
    assert (ACME, jar("red"), MarblesAdded(3)) == (read.msp, read.stream, read.fact)
    assert (ORIGIN.actor, "request-1", "story-1", None) == (
        read.actor,
        read.request_id,
        read.correlation_id,
        read.causation_id,
    )
    assert read.recorded_at.tzinfo == UTC
    assert read == journal.entry(read.entry_id)
    assert journal.entry(read.stream.id) is None


def test_the_entry_a_command_reacts_to_is_kept(journal: Journal) -> None:
    (first,) = journal.execute(JAR, jar("red"), lambda _: add(3), ORIGIN)
    because = type(ORIGIN)(ORIGIN.actor, "request-2", "story-1", first.entry_id)

    journal.execute(JAR, jar("red"), lambda _: add(4), because)

    assert [None, first.entry_id] == [entry.causation_id for entry in journal.read(0, 10)]


def test_a_decision_without_facts_writes_nothing(journal: Journal) -> None:
    assert journal.execute(JAR, jar("red"), lambda _: (), ORIGIN, (Key("change", "c1", b"x"),)) == ()

    assert journal.head() == 0
    assert journal.taken_keys(ACME, "change", ["c1"]) == {}


def test_a_refusal_passes_through_and_writes_nothing(journal: Journal) -> None:
    with pytest.raises(JarIsEmpty):
        journal.execute(JAR, jar("red"), take, ORIGIN)

    assert journal.head() == 0


def test_state_and_version_follow_the_facts(journal: Journal, open_journal: OpenJournal) -> None:
    journal.execute(JAR, jar("red"), lambda _: (*add(3), *add(4)), ORIGIN)
    journal.execute(JAR, jar("red"), take, ORIGIN)

    assert Folded(Jar(6), 3) == journal.state(JAR, jar("red"))
    assert Folded(Jar(6), 3) == open_journal().state(JAR, jar("red"))
    assert Folded(Jar(), 0) == journal.state(JAR, jar("blue"))


def test_many_states_come_in_one_answer(journal: Journal, open_journal: OpenJournal) -> None:
    for number in range(1, 4):
        journal.execute(JAR, jar(f"jar {number}"), partial(lambda count, _: add(count), number), ORIGIN)
    streams = [jar(f"jar {number}") for number in range(5)]

    fresh = open_journal()
    fresh.state(JAR, jar("jar 2"))
    states = fresh.states(JAR, streams)

    assert {stream: Folded(Jar(n % 4), int(0 < n < 4)) for n, stream in enumerate(streams)} == states


def test_states_of_several_kinds_come_in_one_answer(journal: Journal, open_journal: OpenJournal) -> None:
    journal.execute(JAR, jar("red"), lambda _: add(3), ORIGIN)
    journal.execute(LOG, log(), lambda _: (NoteMade("begun"),), ORIGIN)

    states = open_journal().states_of(((JAR, jar("red")), (LOG, log()), (JAR, jar("blue"))))

    assert {jar("red"): Folded(Jar(3), 1), log(): Folded(("begun",), 1), jar("blue"): Folded(Jar(), 0)} == states


def test_a_cached_state_sees_what_another_process_appended(journal: Journal, open_journal: OpenJournal) -> None:
    journal.execute(JAR, jar("red"), lambda _: add(3), ORIGIN)
    open_journal().execute(JAR, jar("red"), lambda _: add(4), ORIGIN)

    assert Folded(Jar(7), 2) == journal.state(JAR, jar("red"))


def test_a_cached_state_is_not_folded_again(journal: Journal) -> None:
    seen: list[object] = []

    def evolve(state: Jar, fact: JarFact) -> Jar:
        seen.append(fact)
        return JAR.evolve(state, fact)

    counting = Aggregate(JAR.kind, JAR.initial, evolve)
    journal.execute(JAR, jar("red"), lambda _: add(3), ORIGIN)

    journal.state(counting, jar("red"))
    journal.state(counting, jar("red"))

    assert [MarblesAdded(3)] == seen


def test_states_beyond_the_cache_are_folded_from_the_start(open_journal: OpenJournal) -> None:
    small = open_journal(cached_states=1)
    for name in ("red", "blue", "red"):
        small.execute(JAR, jar(name), lambda _: add(1), ORIGIN)

    assert Folded(Jar(2), 2) == small.state(JAR, jar("red"))
    assert Folded(Jar(1), 1) == small.state(JAR, jar("blue"))


def test_a_stream_of_another_kind_is_not_folded(journal: Journal) -> None:
    with pytest.raises(ValueError, match="no organization stream"):
        journal.state(JAR, log())


def test_an_overtaken_decision_runs_again_on_the_newer_state(journal: Journal, open_journal: OpenJournal) -> None:
    other = open_journal()
    seen: list[int] = []

    def slow(state: Jar) -> tuple[MarblesAdded, ...]:
        seen.append(state.marbles)
        if len(seen) == 1:
            other.execute(JAR, jar("red"), lambda _: add(10), ORIGIN)
        return add(state.marbles + 1)

    (entry,) = journal.execute(JAR, jar("red"), slow, ORIGIN)

    assert seen == [0, 10]
    assert (2, MarblesAdded(11)) == (entry.version, entry.fact)


def test_a_decision_overtaken_each_time_gives_up(journal: Journal, open_journal: OpenJournal) -> None:
    other = open_journal()

    def always_late(reader: Reader) -> list[Change]:
        reader.state(JAR, jar("red"))
        other.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
        return [Change(jar("red"), add(100))]

    with pytest.raises(TooManyConflicts) as caught:
        journal.transact(always_late, ORIGIN, tries=3)

    assert caught.value.tries == 3
    assert Folded(Jar(3), 3) == journal.state(JAR, jar("red"))


def test_changes_of_many_streams_are_saved_together_or_not_at_all(journal: Journal, open_journal: OpenJournal) -> None:
    other = open_journal()
    rounds: list[int] = []

    def move(reader: Reader) -> list[Change]:
        states = reader.states(JAR, [jar("red"), jar("blue")])
        rounds.append(states[jar("blue")].version)
        if len(rounds) == 1:
            other.execute(JAR, jar("blue"), lambda _: add(1), ORIGIN)
        return [Change(jar("red"), add(1)), Change(jar("blue"), (*add(2), *add(3)))]

    entries = journal.transact(move, ORIGIN)

    assert rounds == [0, 1]
    assert [(2, jar("red"), 1), (3, jar("blue"), 2), (4, jar("blue"), 3)] == [
        (entry.position, entry.stream, entry.version) for entry in entries
    ]
    assert len({entry.recorded_at for entry in entries}) == 1


def test_two_changes_of_one_stream_follow_each_other(journal: Journal) -> None:
    def twice(reader: Reader) -> list[Change]:
        reader.state(JAR, jar("red"))
        return [Change(jar("red"), add(1)), Change(jar("red"), add(2))]

    assert [entry.version for entry in journal.transact(twice, ORIGIN)] == [1, 2]
    assert Folded(Jar(3), 2) == journal.state(JAR, jar("red"))


def test_writing_a_stream_that_was_not_read_is_a_bug(journal: Journal) -> None:
    with pytest.raises(NotRead):
        journal.transact(lambda _: [Change(jar("red"), add(1))], ORIGIN)


def watch(reader: Reader, others: Callable[[], object], rounds: list[Any], *, guard: bool) -> list[Change]:
    """Decide about the red jar by what the log says, while the log grows."""
    rounds.append(reader.state(LOG, log(), guard=guard).state)
    reader.state(JAR, jar("red"))
    if len(rounds) == 1:
        others()
    return [Change(jar("red"), add(len(rounds)))]


def test_a_stream_that_was_only_read_guards_the_decision(journal: Journal, open_journal: OpenJournal) -> None:
    other, rounds = open_journal(), list[Any]()

    def note() -> object:
        return other.execute(LOG, log(), lambda _: (NoteMade("careful"),), ORIGIN)

    journal.transact(lambda reader: watch(reader, note, rounds, guard=True), ORIGIN)

    assert rounds == [(), ("careful",)]


def test_a_stream_read_without_guard_may_move(journal: Journal, open_journal: OpenJournal) -> None:
    other, rounds = open_journal(), list[Any]()

    def note() -> object:
        return other.execute(LOG, log(), lambda _: (NoteMade("careful"),), ORIGIN)

    journal.transact(lambda reader: watch(reader, note, rounds, guard=False), ORIGIN)

    assert rounds == [()]


def test_reading_again_with_guard_guards(journal: Journal, open_journal: OpenJournal) -> None:
    other, rounds = open_journal(), list[int]()

    def decide(reader: Reader) -> list[Change]:
        reader.state(LOG, log(), guard=False)
        reader.state(LOG, log())
        reader.state(JAR, jar("red"))
        rounds.append(1)
        if len(rounds) == 1:
            other.execute(LOG, log(), lambda _: (NoteMade("careful"),), ORIGIN)
        return [Change(jar("red"), add(1))]

    journal.transact(decide, ORIGIN)

    assert len(rounds) == 2


@pytest.mark.parametrize(
    ("stranger", "expected_rounds"),
    [
        pytest.param(jar("blue"), 2, id="same msp and kind"),
        pytest.param(jar("blue", OTHER), 1, id="another msp"),
    ],
)
def test_a_category_guard_sees_new_facts_of_its_msp_only(
    journal: Journal, open_journal: OpenJournal, stranger: Any, expected_rounds: int
) -> None:
    other, rounds = open_journal(), list[int]()

    def decide(reader: Reader) -> list[Change]:
        reader.category(ACME, StreamKind.ORGANIZATION, journal.head())
        reader.state(LOG, log())
        rounds.append(1)
        if len(rounds) == 1:
            other.execute(JAR, stranger, lambda _: add(1), ORIGIN)
        return [Change(log(), (NoteMade("counted"),))]

    journal.transact(decide, ORIGIN)

    assert expected_rounds == len(rounds)


def test_a_category_guard_leaves_other_kinds_alone(journal: Journal, open_journal: OpenJournal) -> None:
    other, rounds = open_journal(), list[int]()

    def decide(reader: Reader) -> list[Change]:
        reader.category(ACME, StreamKind.CONNECTION, journal.head())
        reader.state(JAR, jar("red"))
        rounds.append(1)
        other.execute(JAR, jar("blue"), lambda _: add(1), ORIGIN)
        return [Change(jar("red"), add(1))]

    journal.transact(decide, ORIGIN)

    assert len(rounds) == 1


def test_time_stands_still_within_one_run_of_a_decision(journal: Journal) -> None:
    seen = []

    def decide(reader: Reader) -> list[Change]:
        reader.state(JAR, jar("red"))
        seen.extend([reader.now, reader.now])
        return [Change(jar("red"), add(1))]

    (entry,) = journal.transact(decide, ORIGIN)

    assert seen[0] == seen[1] <= entry.recorded_at


def test_a_decision_may_ask_for_the_time_before_anything_else(journal: Journal) -> None:
    before = journal.now()
    seen = []

    def look(reader: Reader) -> list[Change]:
        seen.append(reader.now)
        return []

    journal.transact(look, ORIGIN)

    assert before <= seen[0] <= journal.now()


def test_a_key_leads_to_its_fact(journal: Journal) -> None:
    keys = (Key("change", "c1", b"one", fact=0), Key("change", "c2", b"two", fact=1))

    journal.execute(JAR, jar("red"), lambda _: (*add(1), *add(2)), ORIGIN, keys)

    expected = {
        "c1": TakenKey(b"one", jar("red").id, 1, 1),
        "c2": TakenKey(b"two", jar("red").id, 2, 2),
    }
    assert expected == journal.taken_keys(ACME, "change", ["c1", "c2", "c3", "c1"])
    assert journal.taken_keys(OTHER, "change", ["c1"]) == {}
    assert journal.taken_keys(ACME, "idempotency", ["c1"]) == {}
    assert journal.taken_keys(ACME, "change", []) == {}


def test_a_taken_key_stops_the_whole_append(journal: Journal) -> None:
    journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN, (Key("change", "c1", b"one"),))

    def both(reader: Reader) -> list[Change]:
        reader.states(JAR, [jar("red"), jar("blue")])
        return [
            Change(jar("red"), add(2), (Key("change", "c2", b"two"),)),
            Change(jar("blue"), add(2), (Key("change", "c1", b"other"),)),
        ]

    with pytest.raises(KeyTaken) as caught:
        journal.transact(both, ORIGIN)

    assert {(ACME, "change", "c1"): TakenKey(b"one", jar("red").id, 1, 1)} == caught.value.taken
    assert journal.head() == 1
    assert {"c1"} == journal.taken_keys(ACME, "change", ["c1", "c2"]).keys()


def test_keys_of_the_whole_lead_to_the_first_change(journal: Journal) -> None:
    def both(reader: Reader) -> list[Change]:
        reader.states(JAR, [jar("red"), jar("blue")])
        return [Change(jar("red"), add(2)), Change(jar("blue"), add(2))]

    journal.transact(both, ORIGIN, keys=(Key("idempotency", "i1", b"one"),))

    assert {"i1": TakenKey(b"one", jar("red").id, 1, 1)} == journal.taken_keys(ACME, "idempotency", ["i1"])


def test_a_key_given_twice_or_leading_nowhere_is_a_bug(journal: Journal) -> None:
    twice = (Key("change", "c1", b"one"), Key("change", "c1", b"one"))
    nowhere = (Key("change", "c1", b"one", fact=1),)

    with pytest.raises(ValueError, match="twice"):
        journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN, twice)
    with pytest.raises(IndexError):
        journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN, nowhere)

    assert journal.head() == 0


def test_a_key_that_was_looked_up_and_then_taken_by_another_makes_the_decision_run_again(
    journal: Journal, open_journal: OpenJournal
) -> None:
    other = open_journal()
    key = Key("change", "c1", b"one")

    def once(reader: Reader) -> list[Change]:
        if reader.taken_keys(ACME, "change", ["c1"]):
            return []
        reader.state(JAR, jar("red"))
        other.execute(JAR, jar("blue"), lambda _: add(1), ORIGIN, (key,))
        return [Change(jar("red"), add(1), (key,))]

    assert journal.transact(once, ORIGIN) == ()
    assert journal.head() == 1


def test_eight_threads_on_one_stream_lose_nothing(journal: Journal) -> None:
    def work(_: int) -> None:
        for _ in range(10):
            journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))

    assert Folded(Jar(80), 80) == journal.state(JAR, jar("red"))


def test_rows_written_alongside_commit_with_the_facts_or_not_at_all(journal: Journal, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE side (n int)")
    journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN, (Key("change", "c1", b""),))

    def decide(reader: Reader) -> list[Change]:
        reader.state(JAR, jar("red"))
        return [Change(jar("red"), add(1))]

    def side(connection: psycopg.Connection[Any]) -> None:
        connection.execute("INSERT INTO side VALUES (1)")

    journal.transact(decide, ORIGIN, alongside=side)
    with pytest.raises(KeyTaken):
        journal.transact(decide, ORIGIN, alongside=side, keys=(Key("change", "c1", b""),))

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT n FROM side").fetchall() == [(1,)]
    assert journal.head() == 2


def test_a_refusal_on_an_old_state_does_not_count(journal: Journal, open_journal: OpenJournal) -> None:
    other = open_journal()
    journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
    journal.execute(JAR, jar("red"), take, ORIGIN)
    other.execute(JAR, jar("red"), lambda _: add(5), ORIGIN)

    journal.execute(JAR, jar("red"), take, ORIGIN)

    assert Folded(Jar(4), 4) == journal.state(JAR, jar("red"))


def test_a_refusal_on_the_newest_state_counts_at_once(journal: Journal) -> None:
    journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
    journal.execute(JAR, jar("red"), take, ORIGIN)
    seen: list[int] = []

    def look_and_take(state: Jar) -> tuple[MarblesTaken, ...]:
        seen.append(state.marbles)
        return take(state)

    with pytest.raises(JarIsEmpty):
        journal.execute(JAR, jar("red"), look_and_take, ORIGIN)

    assert seen == [0]


def test_no_facts_on_an_old_state_does_not_count(journal: Journal, open_journal: OpenJournal) -> None:
    journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
    open_journal().execute(JAR, jar("red"), lambda _: add(1), ORIGIN)

    def fill_to_five_from_two(state: Jar) -> tuple[MarblesAdded, ...]:
        return add(3) if state.marbles == 2 else ()

    (entry,) = journal.execute(JAR, jar("red"), fill_to_five_from_two, ORIGIN)

    assert entry.version == 3


def test_an_unguarded_look_is_always_a_fresh_one(journal: Journal, open_journal: OpenJournal) -> None:
    journal.execute(LOG, log(), lambda _: (NoteMade("a"),), ORIGIN)
    open_journal().execute(LOG, log(), lambda _: (NoteMade("b"),), ORIGIN)
    seen: list[object] = []

    def decide(reader: Reader) -> list[Change]:
        seen.append(reader.state(LOG, log(), guard=False).state)
        return []

    journal.transact(decide, ORIGIN)

    assert seen == [("a", "b")]


def test_a_stream_with_a_gap_is_never_folded(journal: Journal, open_journal: OpenJournal, database: str) -> None:
    journal.execute(JAR, jar("red"), lambda _: (*add(1), *add(2), *add(3)), ORIGIN)
    with psycopg.connect(database) as connection:
        connection.execute("ALTER TABLE facts DISABLE TRIGGER facts_are_for_ever")
        connection.execute("DELETE FROM facts WHERE originator_version = 2")

    with pytest.raises(BrokenStream):
        open_journal().state(JAR, jar("red"))


def test_bytes_that_are_no_entry_are_refused(journal: Journal, open_journal: OpenJournal, database: str) -> None:
    journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
    with psycopg.connect(database) as connection:
        connection.execute("ALTER TABLE facts DISABLE TRIGGER facts_are_for_ever")
        connection.execute("UPDATE facts SET state = '{}'")

    with pytest.raises(NotDecodable, match="position 1"):
        journal.read(0, 10)
    with pytest.raises(NotDecodable):
        open_journal().state(JAR, jar("red"))
