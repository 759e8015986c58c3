"""Decisions recorded together answer as if they had been recorded one by one."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from domain.streams import StreamKind
from journal.application import Change, Journal, Key, Reader
from journal.recorder import FullKey, TakenKey
from journal.together import Outcome, Part, record_together
from tests.journal.sample import ACME, JAR, ORIGIN, Jar, MarblesAdded, MarblesTaken, add, jar

OpenJournal = Callable[..., Journal]


class JarIsEmpty(Exception):
    pass


def put(name: str, count: int, *keys: Key) -> Callable[[Reader], Sequence[Change]]:
    def decide(reader: Reader) -> Sequence[Change]:
        taken = [key for key in keys if reader.taken_keys(ACME, key.kind, [key.key])]
        reader.state(JAR, jar(name))
        return () if taken else (Change(jar(name), add(count), keys),)

    return decide


def take_all(name: str) -> Callable[[Reader], Sequence[Change]]:
    def decide(reader: Reader) -> Sequence[Change]:
        held = reader.state(JAR, jar(name)).state.marbles
        if held == 0:
            raise JarIsEmpty
        return (Change(jar(name), (MarblesTaken(held, "all"),)),)

    return decide


def told(outcomes: Sequence[Outcome]) -> list[object]:
    """The facts of each part, or the name of what it raised."""
    return [
        type(outcome).__name__ if isinstance(outcome, Exception) else [entry.fact for entry in outcome]
        for outcome in outcomes
    ]


def test_each_part_speaks_on_what_the_ones_before_it_are_about_to_record(journal: Journal) -> None:
    outcomes = record_together(
        journal, [Part(put("red", 2), ORIGIN), Part(put("red", 3), ORIGIN), Part(take_all("red"), ORIGIN)]
    )

    assert [[MarblesAdded(2)], [MarblesAdded(3)], [MarblesTaken(5, "all")]] == told(outcomes)
    entries = journal.entries(jar("red"))
    assert [1, 2, 3] == [entry.version for entry in entries]
    assert 1 == len({entry.recorded_at for entry in entries})
    assert Jar(0) == journal.state(JAR, jar("red")).state


def test_each_part_is_recorded_in_its_own_name(journal: Journal) -> None:
    first, second = replace(ORIGIN, request_id="first"), replace(ORIGIN, request_id="second")

    outcomes = record_together(journal, [Part(put("red", 1), first), Part(put("blue", 1), second)])

    assert ["first", "second"] == [entry.request_id for entry in journal.read(0, 10)]
    assert journal.read(0, 10) == [entry for outcome in outcomes if isinstance(outcome, tuple) for entry in outcome]


def test_a_part_that_fails_fails_alone(journal: Journal) -> None:
    outcomes = record_together(
        journal, [Part(put("red", 1), ORIGIN), Part(take_all("blue"), ORIGIN), Part(put("blue", 1), ORIGIN)]
    )

    assert [[MarblesAdded(1)], "JarIsEmpty", [MarblesAdded(1)]] == told(outcomes)


def test_a_part_that_can_not_be_stored_fails_alone(journal: Journal) -> None:
    def decide(reader: Reader) -> Sequence[Change]:
        reader.state(JAR, jar("red"))
        return (Change(jar("red"), ("no fact",)),)

    outcomes = record_together(journal, [Part(put("blue", 1), ORIGIN), Part(decide, ORIGIN)])

    assert [MarblesAdded(1)] == told(outcomes)[0]
    assert isinstance(outcomes[1], Exception)


def test_the_same_key_in_two_parts_counts_once(journal: Journal) -> None:
    key = Key("change", "change-1", b"digest")

    outcomes = record_together(
        journal, [Part(put("red", 1, key), ORIGIN), Part(put("blue", 7), ORIGIN), Part(put("red", 1, key), ORIGIN)]
    )

    assert [[MarblesAdded(1)], [MarblesAdded(7)], []] == told(outcomes)
    assert Jar(1) == journal.state(JAR, jar("red")).state


def test_a_part_that_relies_on_a_view_is_recorded_by_itself(journal: Journal) -> None:
    def rely(reader: Reader) -> Sequence[Change]:
        reader.category(ACME, StreamKind.ORGANIZATION, journal.head())
        return put("blue", 1)(reader)

    outcomes = record_together(journal, [Part(put("red", 1), ORIGIN), Part(rely, ORIGIN)])

    assert [[MarblesAdded(1)], [MarblesAdded(1)]] == told(outcomes)
    assert 2 == len({entry.recorded_at for entry in journal.read(0, 10)})


@pytest.mark.parametrize("is_refused", [False, True])
def test_parts_that_judged_by_an_old_state_speak_again(
    journal: Journal, open_journal: OpenJournal, is_refused: bool
) -> None:
    journal.execute(JAR, jar("red"), lambda _: add(1), ORIGIN)
    if is_refused:
        journal.execute(JAR, jar("red"), lambda _: (MarblesTaken(1, "all"),), ORIGIN)
    open_journal().execute(JAR, jar("red"), lambda _: add(4), ORIGIN)  # which the first one does not know of

    outcomes = record_together(journal, [Part(put("blue", 1), ORIGIN), Part(take_all("red"), ORIGIN)])

    assert [[MarblesAdded(1)], [MarblesTaken(4 if is_refused else 5, "all")]] == told(outcomes)


def test_keys_that_parts_announce_are_looked_up_in_one_query(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [Key("change", f"c-{number}", b"d") for number in range(3)]
    journal.transact(put("red", 1, keys[0]), ORIGIN)
    asked: list[Sequence[FullKey]] = []
    find = Journal.find_keys

    def finding(self: Journal, wanted: Sequence[FullKey]) -> dict[FullKey, TakenKey]:
        asked.append(wanted)
        return find(self, wanted)

    monkeypatch.setattr(Journal, "find_keys", finding)
    parts = [Part(put("blue", 1, key), ORIGIN, ((ACME, key.kind, key.key),)) for key in keys]

    outcomes = record_together(journal, parts)

    assert [[], [MarblesAdded(1)], [MarblesAdded(1)]] == told(outcomes)
    assert [3] == [len(wanted) for wanted in asked if wanted]


def test_a_key_that_is_asked_for_again_is_looked_up_anew(journal: Journal) -> None:
    key = Key("change", "c-1", b"d")
    seen: list[bool] = []

    def decide(reader: Reader) -> Sequence[Change]:
        seen.append(bool(reader.taken_keys(ACME, key.kind, [key.key])))
        if seen == [False]:
            journal.transact(put("red", 1, key), ORIGIN)  # as another process does meanwhile
        seen.append(bool(reader.taken_keys(ACME, key.kind, [key.key])))
        return ()

    record_together(journal, [Part(decide, ORIGIN, ((ACME, key.kind, key.key),))])

    assert [False, True] == seen
