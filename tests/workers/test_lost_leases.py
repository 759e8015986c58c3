"""Lost leases and lost messages cost patience and nothing else: no number is worked out of an old read."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from psycopg_pool import ConnectionPool

from bench.scale import due, fill
from domain.values import DriftPolicy
from tests.workers.system import MSP, TIMING, System
from workers import push
from workers.actors import answers
from workers.brokers import BrokerGone
from workers.dispatch import Dispatcher, Message, Send
from workers.due import DueAgreement
from workers.leases import claim
from workers.tools import Timing

LONG_ENOUGH = 120


def numbered() -> Callable[[], str]:
    numbers = count()
    return lambda: f"holder-{next(numbers)}"


def kept_in(sent: list[Message]) -> Send:
    def send(messages: Sequence[Message]) -> None:
        sent.extend(messages)

    return send


class Slow:
    """A worker that goes on after a step of its pass only when it is told to."""

    def __init__(self, system: System, monkeypatch: pytest.MonkeyPatch, *, after: str) -> None:
        self._answers = answers(system.tools)
        self._is_there, self._may_go_on = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        usual = getattr(push, after)

        def step(*arguments: Any) -> Any:
            try:
                return usual(*arguments)
            finally:  # also after it failed: what a pass does about that comes late as well
                if threading.current_thread() is self._thread:
                    self._is_there.set()
                    assert self._may_go_on.wait(LONG_ENOUGH)

        monkeypatch.setattr(push, after, step)

    def begin(self, messages: Sequence[Message]) -> None:
        [message] = messages
        self._thread = threading.Thread(target=self._answers[message.actor], args=message.arguments)
        self._thread.start()
        assert self._is_there.wait(LONG_ENOUGH)

    def go_on(self) -> None:
        assert self._thread is not None
        self._may_go_on.set()
        self._thread.join(LONG_ENOUGH)
        assert not self._thread.is_alive()


@pytest.mark.parametrize("policy", [DriftPolicy.OVERWRITE, DriftPolicy.KEEP])
def test_a_pass_whose_lease_was_lost_adds_nothing_to_a_number_that_it_read_before_others_wrote(
    system: System, monkeypatch: pytest.MonkeyPatch, policy: DriftPolicy
) -> None:
    system.change_settings(drift_policy=policy)
    system.create("globex")
    system.licenses("globex", quantity=10)
    system.map_company("globex")
    system.settle()
    system.licenses("globex", delta=2)
    system.fold()
    slow = Slow(system, monkeypatch, after="_read")
    Dispatcher(system.tools.pool, slow.begin, timing=TIMING, new_holder=numbered()).look()
    with system.tools.pool.connection() as connection:
        connection.execute("DELETE FROM leases")  # as a crash of the server may: it does not wait for the disk
    system.settle()
    assert [Decimal(12)] == system.held(system.license_product)
    system.licenses("globex", delta=3)

    slow.go_on()
    system.settle()

    assert [Decimal(15)] == system.held(system.license_product)
    state = system.addition(system.license_product)
    assert (Decimal(15), Decimal(15)) == (state.base, state.wrote)


def cut_off_after_its_write(system: System, monkeypatch: pytest.MonkeyPatch, *, hears_of_it: bool) -> Slow:
    """A worker whose write of 12 arrived, and which lost its lease before it could record or note anything."""
    system.create("globex")
    system.licenses("globex", quantity=10)
    system.map_company("globex")
    system.settle()
    if not hears_of_it:
        system.psa.fault("cut", method="PATCH", endpoint="*/additions*", count=1, when="after")
    system.licenses("globex", delta=2)
    system.fold()
    slow = Slow(system, monkeypatch, after="_write")
    Dispatcher(system.tools.pool, slow.begin, timing=TIMING, new_holder=numbered()).look()
    with system.tools.pool.connection() as connection:
        connection.execute("DELETE FROM leases")  # as they run out while a worker is cut off
    return slow


@pytest.fixture
def settled_by_others(system: System, monkeypatch: pytest.MonkeyPatch) -> Slow:
    """A worker that was cut off and will hear that its outcome is unknown, when others have settled it."""
    slow = cut_off_after_its_write(system, monkeypatch, hears_of_it=False)
    system.move_clock(system.now + TIMING.deadline + TIMING.grace)
    system.settle()
    assert system.addition(system.license_product).open is None
    return slow


def test_a_pass_that_hears_of_its_unknown_outcome_when_others_have_settled_it_keeps_nobody_waiting(
    system: System, settled_by_others: Slow
) -> None:
    settled_by_others.go_on()
    system.licenses("globex", delta=3)
    system.settle()

    assert [Decimal(15)] == system.held(system.license_product)


@pytest.mark.parametrize("others_are_at_work", [False, True])
def test_a_pass_that_lost_its_lease_takes_nobodys_pause_back(
    system: System, settled_by_others: Slow, others_are_at_work: bool
) -> None:
    system.psa.fault("error", method="PATCH", endpoint="*/additions*", status=400)
    system.licenses("globex", delta=3)
    system.settle()
    assert system.addition(system.license_product).exceptional is not None
    refused = system.facts(system.license_product)
    job = DueAgreement(MSP, system.tenant.site, system.tenant.company_id, system.agreement).job

    if others_are_at_work:
        with system.tools.pool.connection() as connection:
            connection.execute(
                "INSERT INTO leases (job, msp, holder, until, claimed)"
                " VALUES (%s, %s, 'other', clock_timestamp() + interval '10 minutes', true)",
                (job, MSP),
            )
    settled_by_others.go_on()
    with system.tools.pool.connection() as connection:
        connection.execute("DELETE FROM leases")
    system.settle()

    assert refused == system.facts(system.license_product)


@pytest.mark.parametrize("is_noted_before", [False, True])
def test_nobody_waits_for_the_deadline_of_a_push_whose_writer_came_through(
    system: System, monkeypatch: pytest.MonkeyPatch, is_noted_before: bool
) -> None:
    slow = cut_off_after_its_write(system, monkeypatch, hears_of_it=True)
    if is_noted_before:
        with system.tools.pool.connection() as connection:
            connection.execute("INSERT INTO push_attempts SELECT addition, 0, now(), now(), 0 FROM additions")
    system.settle()
    assert system.addition(system.license_product).open is not None

    slow.go_on()
    system.licenses("globex", delta=3)
    system.settle()

    assert [Decimal(15)] == system.held(system.license_product)


@pytest.fixture
def due_finals(database: str) -> Iterator[ConnectionPool]:
    with ConnectionPool(database, kwargs={"autocommit": True}, min_size=1, max_size=2, open=True) as pool:
        fill(pool, 1, 10)
        with due(pool, "FINAL", msps=10, agreements=10):
            yield pool


def test_what_a_worker_has_begun_with_stays_its_own_when_the_broker_fails_on_a_later_message(
    due_finals: ConnectionPool,
) -> None:
    begun: list[Message] = []
    sent: list[Message] = []

    def fails_on_the_second(messages: Sequence[Message]) -> None:
        begun.append(messages[0])
        *name, holder = map(str, messages[0].arguments)
        assert claim(due_finals, job(name), holder, timedelta(minutes=1))
        raise BrokerGone("ConnectionError")

    with pytest.raises(BrokerGone):
        Dispatcher(due_finals, fails_on_the_second, timing=Timing(), new_holder=numbered()).look()
    Dispatcher(due_finals, kept_in(sent), timing=Timing(), new_holder=numbered()).look()

    begun_with = [str(argument) for argument in begun[0].arguments[:-1]]
    again = [[str(argument) for argument in message.arguments[:-1]] for message in sent]
    assert begun_with not in again
    assert 39 == len(again)


def job(name: Sequence[str]) -> str:
    msp, site, company, agreement = name
    return f"push:{msp}:{site}/{company}:{agreement}"


def test_messages_that_a_broker_lost_keep_others_waiting_for_a_second_and_no_longer(
    due_finals: ConnectionPool,
) -> None:
    sent: list[Message] = []
    dispatcher = Dispatcher(due_finals, kept_in(sent), timing=Timing(), new_holder=numbered(), most_waiting=20)
    dispatcher.look()
    with due_finals.connection() as connection:
        # Nine were answered; the other eleven are lost, and their leases last.
        connection.execute("DELETE FROM leases WHERE job IN (SELECT job FROM leases LIMIT 9)")

    at_once, a_second_later = dispatcher.look(at_the_clock=False), dispatcher.look(at_the_clock=True)

    assert (0, 9) == (at_once, a_second_later)
