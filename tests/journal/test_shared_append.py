"""Threads that append at the same time share an append; none gets less, or other, than it would have got alone."""

import ctypes
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from eventsourcing.persistence import OperationalError

from domain.streams import Stream, StreamKind
from journal.application import Change, Journal, Key
from journal.entry import new_entry_id
from journal.envelope import store_fact
from journal.reader import Reader
from journal.recorder import Append, Appended, CategoryGuard, Conflict, KeyTaken, StoredKey, StreamMoved
from journal.shared_append import MOST_FACTS, SharedAppend
from tests.journal.sample import ACME, CODEC, JAR, ORIGIN, add, jar

NOW = datetime(2026, 11, 10, tzinfo=UTC)
PATIENCE_SECONDS = 120


def append_to(stream: Stream, facts: int = 1) -> Append:
    stored = [
        store_fact(CODEC, stream, 1 + number, add(1)[0], entry_id=new_entry_id(), origin=ORIGIN)
        for number in range(facts)
    ]
    return Append(stored, {}, (), ())


@dataclass
class Disk:
    """Writes whatever it is told, one after another, and keeps what it was told; the first write waits."""

    fails: Callable[[Append], BaseException | None] = lambda append: None
    written: list[Append] = field(default_factory=list)
    looked_for: list[Append] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)

    def write(self, append: Append, *, looks_first: bool = False, give_up_at: float | None = None) -> Appended:
        self.begun.set()
        assert self.may_end.wait(PATIENCE_SECONDS)
        if looks_first:
            self.looked_for.append(append)
        error = self.fails(append)
        if error is not None:
            raise error
        self.written.append(append)
        position = 1 + sum(len(earlier.facts) for earlier in self.written[:-1])
        return Appended(position, NOW)


@dataclass
class Company:
    """A first append that is under way, and the others that wait for it."""

    disk: Disk
    shared: SharedAppend
    threads: ThreadPoolExecutor
    first: "Future[Appended]"
    others: "list[Future[Appended]]"

    @classmethod
    def of(cls, disk: Disk, appends: Sequence[Append]) -> "Company":
        shared, threads = SharedAppend(disk.write), ThreadPoolExecutor(1 + len(appends))
        first = threads.submit(shared.append, append_to(jar("first")))
        assert disk.begun.wait(PATIENCE_SECONDS)
        others = []
        for number, append in enumerate(appends, start=1):
            others.append(threads.submit(shared.append, append))
            until(lambda number=number: shared.waiting == number)  # type: ignore[misc]  # mypy can not see the default
        return cls(disk, shared, threads, first, others)

    def outcomes(self) -> list[Appended | BaseException]:
        self.disk.may_end.set()
        told = [other.exception(PATIENCE_SECONDS) or other.result() for other in (self.first, *self.others)]
        self.threads.shutdown()
        return told


def until(holds: Callable[[], bool]) -> None:
    gives_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < gives_up_at
        time.sleep(0.001)


def test_who_comes_alone_goes_at_once_and_unchanged() -> None:
    disk, append = Disk(), append_to(jar("red"))
    disk.may_end.set()

    assert Appended(1, NOW) == SharedAppend(disk.write).append(append)
    assert [append] == disk.written


def test_those_who_wait_go_together_in_the_order_they_came_and_each_is_told_its_own_place() -> None:
    appends = [append_to(jar("a"), 2), append_to(jar("b")), append_to(jar("c"), 3)]
    company = Company.of(Disk(), appends)

    told = company.outcomes()

    assert [Appended(position, NOW) for position in (1, 2, 4, 5)] == told
    assert [1, 6] == [len(append.facts) for append in company.disk.written]
    assert [fact for append in appends for fact in append.facts] == list(company.disk.written[1].facts)


KEY = StoredKey(ACME, "change", "c1", b"", jar("a").id, 1)
RED = jar("red").id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(append_to(jar("red")), append_to(jar("red")), id="both write a stream"),
        pytest.param(
            append_to(jar("red")), replace(append_to(jar("b")), guards={RED: 0}), id="one relies on what it writes"
        ),
        pytest.param(
            replace(append_to(jar("b")), guards={RED: 0}),
            append_to(jar("red")),
            id="the other relies on what it writes",
        ),
        pytest.param(
            replace(append_to(jar("a")), guards={RED: 1}),
            replace(append_to(jar("b")), guards={RED: 2}),
            id="they saw different versions",
        ),
        pytest.param(
            replace(append_to(jar("a")), keys=[KEY]), replace(append_to(jar("b")), keys=[KEY]), id="both use up a key"
        ),
        pytest.param(
            append_to(jar("a")),
            replace(append_to(jar("b")), categories=[CategoryGuard(ACME, StreamKind.RUN, 0)]),
            id="one relies on a category",
        ),
        pytest.param(append_to(jar("a"), MOST_FACTS), append_to(jar("b")), id="they would be too many"),
    ],
)
def test_what_can_not_go_together_goes_one_after_another(one: Append, other: Append) -> None:
    company = Company.of(Disk(), [one, other])

    company.outcomes()

    assert [one, other] == company.disk.written[1:]


def test_what_relies_on_the_same_versions_goes_together_with_one_condition() -> None:
    one, other = (replace(append_to(jar(name)), guards={RED: 3}) for name in "ab")
    company = Company.of(Disk(), [one, other])

    company.outcomes()

    assert {RED: 3} == company.disk.written[1].guards


def test_one_that_is_refused_costs_the_others_nothing() -> None:
    good, bad, fine = append_to(jar("a")), append_to(jar("bad")), append_to(jar("c"))

    def fails(append: Append) -> BaseException | None:
        return StreamMoved("moved") if bad.facts[0] in append.facts else None

    company = Company.of(Disk(fails), [good, bad, fine])
    told = company.outcomes()

    assert isinstance(told[2], StreamMoved)
    assert [1, 2, 3] == sorted(one.first_position for one in told if isinstance(one, Appended))
    assert sorted([good, bad, fine], key=id) == sorted(company.disk.looked_for, key=id)


def test_one_that_can_not_be_stored_at_all_costs_the_others_nothing() -> None:
    bad = append_to(jar("bad"))

    def fails(append: Append) -> BaseException | None:
        return ValueError("a key is given twice") if bad.facts[0] in append.facts else None

    told = Company.of(Disk(fails), [append_to(jar("a")), bad, append_to(jar("c"))]).outcomes()

    assert [Appended, Appended, ValueError, Appended] == [type(one) for one in told]


def test_a_leader_that_never_comes_back_holds_up_nobody_for_ever() -> None:
    """As when a time limit tears a thread out between two instructions, or its connection is a black hole."""
    stuck, gone = append_to(jar("stuck")), threading.Event()
    disk = Disk()

    def write(append: Append, *, looks_first: bool = False, give_up_at: float | None = None) -> Appended:
        if append is stuck:
            disk.begun.set()
            assert gone.wait(PATIENCE_SECONDS)
        return disk.write(append, looks_first=looks_first, give_up_at=give_up_at)

    shared = SharedAppend(write, longest_wait_seconds=0.2)
    disk.may_end.set()
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(shared.append, stuck)
        assert disk.begun.wait(PATIENCE_SECONDS)
        others = [threads.submit(shared.append, append_to(jar(name))) for name in "ab"]
        assert {Appended} == {type(other.result(PATIENCE_SECONDS)) for other in others}
        assert isinstance(shared.append(append_to(jar("c"))), Appended)
        gone.set()
        assert isinstance(first.result(PATIENCE_SECONDS), Appended)


def test_when_the_database_is_gone_everybody_is_told_so() -> None:
    def fails(append: Append) -> BaseException | None:
        return OperationalError("gone") if len(append.facts) > 1 else None

    told = Company.of(Disk(fails), [append_to(jar(name)) for name in "abc"]).outcomes()

    assert [Appended, *[OperationalError] * 3] == [type(one) for one in told]


class TornOut(BaseException):
    """As a time limit is raised in a thread, or Ctrl-C."""


def test_when_the_leader_is_torn_out_the_others_try_for_themselves_and_look_first() -> None:
    def fails(append: Append) -> BaseException | None:
        return TornOut() if len(append.facts) > 1 else None

    company = Company.of(Disk(fails), [append_to(jar(name)) for name in "abc"])
    told = company.outcomes()

    assert [Appended, TornOut, Appended, Appended] == [type(one) for one in told]
    assert 2 == len(company.disk.looked_for)
    assert Appended(4, NOW) == company.shared.append(append_to(jar("d")))


def test_who_is_torn_out_while_it_waits_leaves_its_turn_to_the_next() -> None:
    company = Company.of(Disk(), [append_to(jar("red")), append_to(jar("red"))])
    waiting = next(thread for thread in company.threads._threads if "_1" in thread.name)
    assert waiting.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(waiting.ident), ctypes.py_object(TornOut))

    told = company.outcomes()

    assert [Appended, TornOut, Appended] == [type(one) for one in told]
    assert isinstance(company.shared.append(append_to(jar("d"))), Appended)


def test_on_a_real_journal_many_threads_lose_nothing_and_know_their_positions(journal: Journal) -> None:
    def work(number: int) -> list[int]:
        own = [
            journal.execute(
                JAR, jar(f"own-{number}"), lambda _: add(1), ORIGIN, (Key("change", f"{number}-{nth}", b""),)
            )
            for nth in range(40)
        ]
        shared = [journal.execute(JAR, jar("common"), lambda _: add(1), ORIGIN) for _ in range(5)]
        return [entry.position for entries in (*own, *shared) for entry in entries]

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(work, range(8)))

    assert list(range(1, 361)) == sorted(position for positions in told for position in positions)
    assert [entry.position for entry in journal.read(0, 1_000)] == list(range(1, 361))
    assert 40 == journal.state(JAR, jar("common")).state.marbles


def test_two_who_each_rely_on_what_the_other_writes_never_both_succeed(journal: Journal) -> None:
    """Each puts a marble into its own jar as long as the other's is empty."""

    def put(round_: int, own: str, other: str) -> bool:
        def decide(reader: Reader) -> list[Change]:
            mine, theirs = jar(f"{own}-{round_}"), jar(f"{other}-{round_}")
            reader.state(JAR, mine)
            return [] if reader.state(JAR, theirs).state.marbles else [Change(mine, add(1))]

        return bool(journal.transact(decide, ORIGIN))

    with ThreadPoolExecutor(4) as threads:
        for round_ in range(60):
            busy = [
                threads.submit(journal.execute, JAR, jar(f"busy-{each}"), lambda _: add(1), ORIGIN) for each in "ab"
            ]
            both = [threads.submit(put, round_, *names) for names in (("left", "right"), ("right", "left"))]
            assert 1 == sum(one.result(PATIENCE_SECONDS) for one in both)
            assert [1, 1] == [len(one.result(PATIENCE_SECONDS)) for one in busy]


def test_a_key_that_two_use_up_at_once_counts_once(journal: Journal) -> None:
    def use(number: int) -> bool:
        try:
            return bool(journal.execute(JAR, jar(f"j{number}"), lambda _: add(1), ORIGIN, (Key("change", "one", b""),)))
        except KeyTaken:
            return False
        except Conflict:
            raise AssertionError("a taken key is no conflict") from None

    with ThreadPoolExecutor(8) as threads:
        assert 1 == sum(threads.map(use, range(8)))
