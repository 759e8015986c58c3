"""Runs that are asked for in the last moment of a month and taken up only after it."""

from decimal import Decimal

from domain.addition import PushKind
from domain.run import RUN, RunKind, RunState
from domain.streams import run_stream
from domain.values import DriftPolicy, RunId
from tests.scenarios.acts import NOVEMBER, at, close, kinds, last_started, start
from tests.workers.system import MSP, System


def run(system: System, name: RunId) -> RunState:
    return system.journal.state(RUN, run_stream(MSP, name)).state


def test_a_sync_asked_for_in_the_last_moment_writes_the_month_that_it_was_asked_for(system: System) -> None:
    system.change_settings(drift_policy=DriftPolicy.KEEP)
    start(system)
    system.psa.hand_edit(system.agreement, system.license_product, 20)
    system.move_clock(at(11, 30, 23, 59, 59))
    asked = system.sync_now(NOVEMBER)
    system.move_clock(at(12, 1, 0, 0, 1))
    system.settle()
    assert run(system, asked).planned is None

    close(system, NOVEMBER)

    assert ["INITIAL 2026-11", "FINAL 2026-11", "OVERWRITE 2026-11"] == kinds(system, system.license_product)
    assert PushKind.OVERWRITE is last_started(system, system.license_product).kind
    assert [Decimal(12)] == system.held(system.license_product)
    finished = run(system, asked).finished
    assert finished is not None
    assert {"VERIFIED": 1, "UNCHANGED": 1} == finished.outcomes


def test_a_preview_that_the_month_ended_on_says_so_instead_of_showing_nothing(system: System) -> None:
    start(system)
    system.move_clock(at(11, 30, 23, 59, 59))
    asked = system.sync_now(NOVEMBER, kind=RunKind.PREVIEW)
    system.move_clock(at(12, 1, 0, 0, 1))

    system.settle()

    finished = run(system, asked).finished
    assert finished is not None
    assert "2026-11 ended meanwhile and is not closed yet" == finished.problem


def test_a_preview_of_a_month_that_closed_since_shows_what_it_closed_with(system: System) -> None:
    start(system)
    system.move_clock(at(11, 30, 23, 59, 59))
    asked = system.sync_now(NOVEMBER, kind=RunKind.PREVIEW)

    close(system, NOVEMBER)

    planned = run(system, asked).planned
    assert planned is not None
    assert [Decimal(12), Decimal(0)] == [line.wanted for line in planned.lines]
