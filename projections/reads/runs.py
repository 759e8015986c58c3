"""Runs: what was asked for, how far it is, and each of its lines."""

# ruff: noqa: S608 - every query is a LiteralString: the type checker lets no input into its text

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.run import RunKind, RunStatus
from domain.values import MspId
from projections.reads.ask import Filter, Views


@dataclass(frozen=True, slots=True)
class RunRow:
    """`outcomes` are the final counts; None while the run goes on."""

    run: str
    kind: str
    status: str
    month: str | None
    undoes: str | None
    digest: str | None
    organizations: list[str] | None
    requested_by: str | None
    requested_at: datetime
    planned_at: datetime | None
    finished_at: datetime | None
    lines: int
    outcomes: dict[str, Any] | None
    problem: str | None
    import_types: list[int] | None
    import_statuses: list[int] | None


@dataclass(frozen=True, slots=True)
class RunLineRow:
    agreement: int
    product: int
    ordinal: int
    action: str
    found: Decimal | None
    wrote: Decimal | None
    base: Decimal | None
    wanted: Decimal | None
    target: Decimal | None
    money: Decimal | None
    problem: str | None
    outcome: str | None
    outcome_problem: str | None
    outcome_push: str | None
    outcome_found: Decimal | None
    outcome_target: Decimal | None
    outcome_at: datetime | None


_RUN = (
    "run, kind, status, month, undoes, digest, organizations, requested_by, requested_at, planned_at, finished_at,"
    " lines, outcomes, problem, import_types, import_statuses"
)
_LINE = (
    "agreement, product, ordinal, action, found, wrote, base, wanted, target, money, problem, outcome,"
    " outcome_problem, outcome_push, outcome_found, outcome_target, outcome_at"
)


def _where(msp: MspId, kind: RunKind | None, status: RunStatus | None) -> Filter:
    return (
        Filter(("msp = %s",), (msp,))
        .when(kind is not None, "kind = %s", kind)
        .when(status is not None, "status = %s", status)
    )


async def runs(
    views: Views,
    msp: MspId,
    *,
    kind: RunKind | None,
    status: RunStatus | None,
    limit: int,
    after: tuple[datetime, str] | None,
) -> list[RunRow]:
    """Shape: the newest first; `after` is the instant and id of the last row seen."""
    where = _where(msp, kind, status)
    if after is not None:
        at, run_id = after
        where = where.both("(requested_at < %s OR (requested_at = %s AND run > %s))", at, at, run_id)
    query = f"SELECT {_RUN} FROM runs WHERE {where.sql} ORDER BY requested_at DESC, run LIMIT %s"
    return await views.rows(RunRow, query, (*where.values, limit))


async def count(views: Views, msp: MspId, kind: RunKind | None, status: RunStatus | None) -> int:
    where = _where(msp, kind, status)
    return await views.number(f"SELECT count(*) FROM runs WHERE {where.sql}", where.values)


async def count_by_status(views: Views, msp: MspId) -> dict[str, int]:
    found = await views.tuples("SELECT status, count(*) FROM runs WHERE msp = %s GROUP BY status", (msp,))
    return {str(status): int(number) for status, number in found}


async def run(views: Views, msp: MspId, run_id: str) -> RunRow | None:
    return await views.one(RunRow, f"SELECT {_RUN} FROM runs WHERE msp = %s AND run = %s", (msp, run_id))


async def going_on(views: Views, msp: MspId, kind: RunKind) -> list[RunRow]:
    """Runs of a kind that are not over. Shape: the oldest first."""
    query = (
        f"SELECT {_RUN} FROM runs WHERE msp = %s AND kind = %s AND status IN ('REQUESTED', 'RUNNING')"
        " ORDER BY requested_at, run"
    )
    return await views.rows(RunRow, query, (msp, kind))


async def last_imports(views: Views, msp: MspId) -> list[RunRow]:
    """Imports that ended well. Shape: the newest first, at most 20."""
    query = (
        f"SELECT {_RUN} FROM runs WHERE msp = %s AND kind = 'IMPORT' AND status = 'FINISHED' AND problem IS NULL"
        " ORDER BY requested_at DESC, run LIMIT 20"
    )
    return await views.rows(RunRow, query, (msp,))


async def previews_with(views: Views, msp: MspId, digest: str) -> list[str]:
    """Ids of the finished previews with a digest. Shape: the newest first, at most 20."""
    query = (
        "SELECT run FROM runs WHERE msp = %s AND kind = 'PREVIEW' AND status = 'FINISHED' AND digest = %s"
        " ORDER BY requested_at DESC, run LIMIT 20"
    )
    return [str(run_id) for (run_id,) in await views.tuples(query, (msp, digest))]


def _lines_of(msp: MspId, run_id: str, actions: Sequence[str] | None) -> Filter:
    return Filter(("msp = %s", "run = %s"), (msp, run_id)).when(
        actions is not None, "action = ANY(%s)", list(actions or ())
    )


async def lines(
    views: Views, msp: MspId, run_id: str, actions: Sequence[str] | None, *, limit: int, after: int | None
) -> list[RunLineRow]:
    """Lines of some actions, or all. Shape: in the order of the plan; `after` is the ordinal of the last one seen."""
    where = _lines_of(msp, run_id, actions).when(after is not None, "ordinal > %s", after)
    query = f"SELECT {_LINE} FROM run_lines WHERE {where.sql} ORDER BY ordinal LIMIT %s"
    return await views.rows(RunLineRow, query, (*where.values, limit))


async def count_lines(views: Views, msp: MspId, run_id: str, actions: Sequence[str] | None) -> int:
    where = _lines_of(msp, run_id, actions)
    return await views.number(f"SELECT count(*) FROM run_lines WHERE {where.sql}", where.values)


async def planned(views: Views, msp: MspId, run_id: str) -> list[tuple[str, int, Decimal]]:
    """How many lines have each action, and the sum of their money where that is known. Shape: by action."""
    query = (
        "SELECT action, count(*), coalesce(sum(money), 0) FROM run_lines WHERE msp = %s AND run = %s"
        " GROUP BY action ORDER BY action"
    )
    return [(str(action), int(number), money) for action, number, money in await views.tuples(query, (msp, run_id))]


async def progress(views: Views, msp: MspId, run_id: str) -> dict[str, int]:
    """How many lines ended how; those without an outcome count as WAITING."""
    return (await progress_of(views, msp, [run_id])).get(run_id, {})


async def progress_of(views: Views, msp: MspId, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """As `progress`, by run; a run without lines is left out."""
    query = (
        "SELECT run, coalesce(outcome, 'WAITING'), count(*) FROM run_lines"
        " WHERE msp = %s AND run = ANY(%s) GROUP BY 1, 2"
    )
    found: dict[str, dict[str, int]] = {}
    for run_id, outcome, number in await views.tuples(query, (msp, list(ids))):
        found.setdefault(str(run_id), {})[str(outcome)] = int(number)
    return found
