"""A run is asked for, planned, carried out, cancelled or finished; each once."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce

import pytest

from domain.refusals import Refusal, RunCannotBeUndone, RunIsOver, UnknownRun
from domain.run import (
    RUN,
    LineAction,
    PlannedLine,
    RunCancelled,
    RunFact,
    RunFinished,
    RunKind,
    RunPlanned,
    RunRequested,
    RunStatus,
    cancel_run,
    finish_run,
    plan_run,
    request_run,
    request_undo,
)
from domain.values import BillingMonth, PsaAgreementId, PsaProductId, RunId
from tests.domain.story import given

REQUESTED = RunRequested(
    kind=RunKind.OVERWRITE,
    month=BillingMonth(2026, 11),
    organizations=None,
    digest=None,
    approved=(),
    undoes=None,
    import_filter=None,
    connection_number=1,
    requested_at=datetime(2026, 11, 5, tzinfo=UTC),
)
PLANNED = RunPlanned(
    (PlannedLine(PsaAgreementId(7), PsaProductId(9), LineAction.WRITE, wanted=Decimal("12.00")),), "digest"
)
CANCELLED = RunCancelled()
FINISHED = RunFinished({"VERIFIED": 1}, None)


def test_a_run_is_requested_once() -> None:
    given(RUN).when(request_run, REQUESTED).then(REQUESTED)
    given(RUN, REQUESTED).when(request_run, REQUESTED).then()


def test_a_run_is_planned_once_and_not_when_it_is_over() -> None:
    given(RUN, REQUESTED).when(plan_run, PLANNED).then(PLANNED)
    given(RUN).when(plan_run, PLANNED).then()
    given(RUN, REQUESTED, PLANNED).when(plan_run, PLANNED).then()
    given(RUN, REQUESTED, CANCELLED).when(plan_run, PLANNED).then()
    given(RUN, REQUESTED, FINISHED).when(plan_run, PLANNED).then()


def test_a_run_is_cancelled_once() -> None:
    given(RUN, REQUESTED, PLANNED).when(cancel_run, RunId("r-1")).then(CANCELLED)
    given(RUN, REQUESTED, CANCELLED).when(cancel_run, RunId("r-1")).then()


def test_a_finished_run_can_not_be_cancelled() -> None:
    given(RUN, REQUESTED, PLANNED, FINISHED).when(cancel_run, RunId("r-1")).then(RunIsOver(RunId("r-1")))


def test_an_unknown_run_can_not_be_cancelled() -> None:
    given(RUN).when(cancel_run, RunId("r-1")).then(UnknownRun(RunId("r-1")))


def test_a_run_is_finished_once_also_after_it_was_cancelled() -> None:
    given(RUN, REQUESTED, PLANNED).when(finish_run, {"VERIFIED": 1}).then(FINISHED)
    given(RUN, REQUESTED, CANCELLED).when(finish_run, {}, "cancelled before it was planned").then(
        RunFinished({}, "cancelled before it was planned")
    )
    given(RUN, REQUESTED, FINISHED).when(finish_run, {"VERIFIED": 2}).then()
    given(RUN).when(finish_run, {}).then()


@pytest.mark.parametrize(
    ("facts", "status", "is_over"),
    [
        ((REQUESTED,), RunStatus.REQUESTED, False),
        ((REQUESTED, PLANNED), RunStatus.RUNNING, False),
        ((REQUESTED, CANCELLED), RunStatus.CANCELLED, True),
        ((REQUESTED, PLANNED, CANCELLED), RunStatus.CANCELLED, True),
        ((REQUESTED, PLANNED, CANCELLED, FINISHED), RunStatus.CANCELLED, True),
        ((REQUESTED, PLANNED, FINISHED), RunStatus.FINISHED, True),
    ],
)
def test_the_status_follows_the_facts(facts: tuple[RunFact, ...], status: RunStatus, is_over: bool) -> None:
    state = given(RUN, *facts).state

    assert (status, is_over) == (state.status, state.is_over)
    assert len(facts) == state.version


def test_what_a_finished_writing_run_was_asked_for_can_be_undone() -> None:
    facts: tuple[RunFact, ...] = (REQUESTED, PLANNED, FINISHED)
    state = reduce(RUN.evolve, facts, RUN.initial)

    assert REQUESTED == request_undo(state, RunId("r-1"), connection_number=1)


@pytest.mark.parametrize(
    ("facts", "connection_number", "expected"),
    [
        ((), 1, UnknownRun(RunId("r-1"))),
        ((REQUESTED, PLANNED), 1, RunCannotBeUndone(RunId("r-1"), "it is still going on")),
        ((REQUESTED, PLANNED, FINISHED), 2, RunCannotBeUndone(RunId("r-1"), "it wrote through an earlier connection")),
        (
            (replace(REQUESTED, kind=RunKind.PREVIEW), PLANNED, FINISHED),
            1,
            RunCannotBeUndone(RunId("r-1"), "a run of kind PREVIEW writes nothing"),
        ),
    ],
)
def test_what_never_wrote_here_or_is_not_over_can_not_be_undone(
    facts: tuple[RunFact, ...], connection_number: int, expected: Refusal
) -> None:
    state = reduce(RUN.evolve, facts, RUN.initial)

    with pytest.raises(type(expected)) as refused:
        request_undo(state, RunId("r-1"), connection_number=connection_number)

    assert expected == refused.value
