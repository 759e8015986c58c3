"""After long random histories of a whole system: the journal alone gives every recorded push again, and every fact
that a worker recorded leads back to the fact or the command that caused it.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.addition import ADDITION, Answer, PushKind, PushStarted
from domain.connection import confirm_product_mapping
from domain.refusals import Refusal
from domain.run import RunKind, RunRequested
from domain.values import BillingMonth, Component, DriftPolicy, LeftBehind, Rule, RunId
from journal.entry import Entry
from journal.reconstruct import Reconstruction, reconstruct
from tests.workers.causes import follow_every_cause
from tests.workers.system import CORE, LITE, MSP, System

OCTOBER, NOVEMBER, DECEMBER = BillingMonth(2026, 10), BillingMonth(2026, 11), BillingMonth(2026, 12)
ORGANIZATIONS = ("globex", "hooli", "initech")
A_DAY = timedelta(days=1)
Act = Callable[[System, random.Random], object]


def undo(system: System, dice: random.Random) -> None:
    runs = [
        entry.stream.key[0]
        for entry in entries(system)
        if isinstance(entry.fact, RunRequested) and entry.fact.kind is RunKind.OVERWRITE
    ]
    if runs:
        system.sync_now(kind=RunKind.UNDO, undoes=RunId(dice.choice(runs[-3:])))


def reconnect(system: System, dice: random.Random) -> None:
    """Leave and come back: all mappings are void, and some are made anew."""
    system.disconnect()
    system.settle()
    system.connect()
    system.map_product(CORE, Component.LICENSE, system.license_product)
    system.map_product(CORE, Component.SERVER, system.server_product)
    system.on_connection(lambda state: confirm_product_mapping(state, CORE.items))
    for name in dice.sample(ORGANIZATIONS, 2):
        system.map_company(name, dice.choice((system.agreement, system.other_agreement)))


ACTS: tuple[tuple[int, Act], ...] = (
    (30, lambda s, d: s.licenses(d.choice(ORGANIZATIONS), delta=d.randint(-4, 9))),
    (10, lambda s, d: s.licenses(d.choice(ORGANIZATIONS), quantity=d.randint(0, 60))),
    (8, lambda s, d: s.licenses(d.choice(ORGANIZATIONS), quantity=d.randint(0, 9), component=Component.SERVER)),
    (6, lambda s, d: s.licenses(d.choice(ORGANIZATIONS), delta=1, effective_at=s.now - d.randint(0, 12) * A_DAY)),
    (5, lambda s, d: s.map_company(d.choice(ORGANIZATIONS), d.choice((s.agreement, s.other_agreement)))),
    (3, lambda s, d: s.map_company(d.choice(ORGANIZATIONS), d.choice((s.agreement, s.other_agreement)), is_move=True)),
    (2, lambda s, d: s.unmap_company(d.choice(ORGANIZATIONS), d.choice(list(LeftBehind)))),
    (3, lambda s, d: s.set_rule(s.license_product, d.choice(list(Rule)), d.choice((0, 0, 5)))),
    (2, lambda s, d: s.change_plan(d.choice(ORGANIZATIONS), d.choice((CORE, LITE)))),
    (2, lambda s, d: s.map_product(CORE, Component.SERVER, d.choice((s.server_product, s.spare_product)))),
    (4, lambda s, d: s.psa.hand_edit(s.agreement, s.license_product, d.randint(0, 70))),
    (3, lambda s, d: s.sync_now()),
    (1, lambda s, d: s.sync_now(month=BillingMonth.of(s.now).previous())),
    (2, lambda s, d: s.approve(s.license_product, d.choice(list(Answer)))),
    (2, lambda s, d: s.change_settings(drift_policy=d.choice(list(DriftPolicy)))),
    (1, lambda s, d: s.retry(s.license_product)),
    (2, undo),
    (1, reconnect),
)  # fmt: skip


def live(system: System, seed: int, acts: int) -> None:
    """Three organizations from the tenth of November over the month's end, with all that admins and people do."""
    dice = random.Random(seed)
    for name in ORGANIZATIONS:
        system.create(name, effective_at=NOVEMBER.begins_at)
        system.licenses(name, quantity=dice.randint(1, 30))
        system.map_company(name, dice.choice((system.agreement, system.other_agreement)))
    system.settle()
    for number in range(acts):
        if number == acts * 2 // 3:
            system.move_clock(NOVEMBER.ends_at + timedelta(minutes=31))
        elif dice.randrange(8) == 0:
            system.move_clock(system.now + timedelta(hours=dice.randint(1, 30)))
        (act,) = dice.choices([act for _, act in ACTS], [weight for weight, _ in ACTS])
        try:
            act(system, dice)
        except (Refusal, StopIteration, AssertionError):
            continue
        if dice.randrange(3):
            system.forget_patience()
            system.settle()
    system.forget_patience()
    system.settle()


def problems(made: Reconstruction) -> list[str]:
    return [problem for one in made.additions for push in one.pushes for problem in push.problems]


def entries(system: System) -> list[Entry[Any]]:
    return system.journal.read(0, 100_000, msp=MSP)


@pytest.mark.parametrize("seed", range(3))
def test_the_journal_alone_gives_every_push_again_and_every_cause_can_be_followed(system: System, seed: int) -> None:
    live(system, seed, acts=70)

    prove(system)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3, 15))
def test_many_more_random_histories_are_proven(system: System, seed: int) -> None:
    live(system, seed, acts=120)

    prove(system)


def prove(system: System) -> None:
    """Every push of every month is given again by the journal alone; every cause can be followed."""
    recorded = entries(system)
    for month in (NOVEMBER, DECEMBER):
        made = reconstruct(system.journal, MSP, month)
        started = [entry for entry in recorded if isinstance(entry.fact, PushStarted) and entry.fact.month == month]

        assert [] == problems(made)
        assert len(started) == sum(len(one.pushes) for one in made.additions)
        for one in made.additions:
            if one.tenant == system.tenant:
                assert one.wrote == system.addition(one.product, one.agreement).wrote
    assert follow_every_cause(recorded) > 0, "the history pushed nothing"


def test_a_push_of_a_number_that_the_facts_do_not_give_is_found(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")
    system.settle()
    stream = system.stream(system.license_product)
    (first, *_) = [fact for fact in system.facts(system.license_product) if isinstance(fact, PushStarted)]
    wrong = replace(
        first,
        push=type(first.push)("made up"),
        kind=PushKind.OVERWRITE,
        record=system.addition(system.license_product).record,
        base=Decimal("11.00"),
        wrote=Decimal("12.00"),
        found=Decimal("12.00"),
        wanted=Decimal("13.00"),
        target=Decimal("14.00"),
    )
    system.journal.execute(ADDITION, stream, lambda _: (wrong,), system.origin())

    made = reconstruct(system.journal, MSP, NOVEMBER)

    assert [
        "wanted: recorded 13.00, the facts give 12.00",
        "base: recorded 11.00, the facts give 12.00",
        "target: recorded 14.00, the facts give 12.00",
    ] == problems(made)
    assert not made.is_right


def test_opening_and_deltas_make_the_closing_and_what_the_psa_holds(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")
    system.settle()
    for delta in (3, -5, 7):
        system.licenses("globex", delta=delta)
        system.settle()

    made = reconstruct(system.journal, MSP, NOVEMBER)

    (one,) = [one for one in made.additions if one.product == system.license_product]
    assert (Decimal("0.00"), Decimal("17.00"), Decimal("17.00")) == (one.opening, one.deltas, one.closing)
    assert [one.wrote] == system.held(system.license_product)
    assert () == reconstruct(system.journal, MSP, OCTOBER).additions


def test_what_another_months_overwrite_moved_in_between_is_told_beside_the_months_deltas(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")
    system.settle()
    system.move_clock(NOVEMBER.ends_at + timedelta(minutes=31))
    system.settle()
    for delta in (1, 2):
        system.licenses("globex", delta=delta)
        system.settle()
        if delta == 1:
            system.sync_now(NOVEMBER)
            system.settle()

    made = reconstruct(system.journal, MSP, DECEMBER)

    (one,) = [one for one in made.additions if one.product == system.license_product]
    assert ("12.00", "4.00", "-1.00", "15.00") == tuple(
        str(number) for number in (one.opening, one.deltas, one.moved_between, one.closing)
    )
