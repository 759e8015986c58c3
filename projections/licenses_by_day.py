"""By how much the billed licences of all organizations of an MSP moved on each day, so that a month is one short read.

A licence counts while its organization is PAID, managed by the MSP and not closed, as in `usage_to_date`. What is in
force at the end of a day is the sum of all that moved up to it. A late change moves the days that it is effective on.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import psycopg

from domain.organization import OrganizationState, Standing, standings
from domain.streams import StreamKind
from domain.values import Component, MspId
from journal.migrate import Step
from projections.rows import as_json
from projections.view import Folds, Seen

STEPS = (
    Step(
        "projections.licenses_by_day.0001",
        """
        CREATE TABLE licenses_by_day (
          msp text NOT NULL,
          day date NOT NULL,
          moved bigint NOT NULL,
          PRIMARY KEY (msp, day)
        );
        COMMENT ON COLUMN licenses_by_day.day IS 'In UTC; what is effective at its first instant belongs to it.';
        """,
    ),
)


class LicensesByDay:
    """The view `licenses_by_day`."""

    name = "licenses_by_day"
    version = 1
    steps = STEPS
    tables = ("licenses_by_day",)
    kinds = frozenset({StreamKind.ORGANIZATION})

    def __init__(self) -> None:
        self._moved: dict[tuple[MspId, str], tuple[Sequence[Standing], Sequence[Standing]]] = {}

    def see(self, seen: Seen, folds: Folds) -> None:
        before: OrganizationState = seen.before
        after: OrganizationState = seen.after
        if before.standings is not after.standings:
            key = (seen.entry.msp, seen.entry.stream.key[0])
            first, _ = self._moved.get(key, (standings(before), ()))
            self._moved[key] = (first, standings(after))

    def write(self, connection: psycopg.Connection[Any]) -> None:
        moved: Counter[tuple[MspId, date]] = Counter()
        for (msp, _), (before, after) in self._moved.items():
            same = _same_at_first(before, after)
            for sign, found in ((1, after), (-1, before)):
                for day, by in _moves(found, same):
                    moved[(msp, day)] += sign * by
        self._moved.clear()
        rows = [{"msp": msp, "day": day, "moved": by} for (msp, day), by in moved.items() if by]
        if rows:
            connection.execute(_ADD, (as_json(rows),))
            connection.execute(_FORGET_WHAT_CANCELS_OUT, (as_json(rows),))


_ADD = """
INSERT INTO licenses_by_day AS old SELECT * FROM json_populate_recordset(NULL::licenses_by_day, %s::json)
    ON CONFLICT (msp, day) DO UPDATE SET moved = old.moved + excluded.moved
"""

_FORGET_WHAT_CANCELS_OUT = """
DELETE FROM licenses_by_day d USING json_populate_recordset(NULL::licenses_by_day, %s::json) AS given
 WHERE d.msp = given.msp AND d.day = given.day AND d.moved = 0
"""


def _same_at_first(before: Sequence[Standing], after: Sequence[Standing]) -> int:
    """How many standings at the beginning a change has left alone.

    Why by identity: what comes before a change is kept as it is and never made again, so one look halves the search.
    """
    low, high = 0, min(len(before), len(after))
    while low < high:
        middle = (low + high) // 2
        if before[middle] is after[middle]:
            low = middle + 1
        else:
            high = middle
    return low


def _moves(found: Sequence[Standing], since: int) -> Iterable[tuple[date, int]]:
    """By how much the billed licences moved with each standing from one on, and on which day."""
    last = _licenses(found[since - 1]) if since else 0
    for standing in found[since:]:
        now = _licenses(standing)
        if now != last:
            yield standing.at.date(), now - last
        last = now


def _licenses(standing: Standing) -> int:
    return standing.quantities.get(Component.LICENSE, 0) if standing.is_billed else 0
