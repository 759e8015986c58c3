"""Exports for auditors: an MSP's facts as NDJSON with their proof (as CSV for reading: `export_tables`).

An export goes from a checkpoint (or the beginning) to a checkpoint. Chain values are those that were sealed, lines
those that are stored now: should a row have been altered, the export shows it as it is and whoever checks the export
finds the line. A filtered export holds the hashes of what it leaves out, and reaches no further than the checkpoints
around its first and last match. Facts are told by their number among those of the MSP; the journal's positions, whose
gaps are others' facts, stay inside.

Everything is read in small pages, each with a query of its own: memory stays the same however much is exported, and no
transaction stays open while a slow reader takes its time. What an export with the same bounds says is the same for
ever, so a broken one goes on after the last fact that arrived (`resume_after`).
"""

# ruff: noqa: S608 - every query is a LiteralString: the type checker lets no input into its text

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias
from uuid import UUID

import psycopg

from domain.values import MspId
from journal.proof import (
    HASH_BYTES,
    chained_line,
    checkpoint_line,
    fact_line,
    fields_of,
    genesis,
    header_line,
    left_out_line,
    link,
)
from journal.stored_form import instant_text
from projections.reads.ask import Filter
from projections.reads.history import HistoryFilter, matching

Connection: TypeAlias = psycopg.Connection[Any]
FACTS_PER_PAGE = 1_000
SEALS_PER_PAGE = 20
HASHES_PER_LINE = 1_000
FACTS_PER_CHECKPOINT = 100
"""A checkpoint is shown where the count of facts passes a multiple of this, and at the end; more would only be more."""
EVERYTHING = HistoryFilter()


class CannotExport(Exception):
    """What was asked for has no such bounds; the message says why."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it is stored. `count` is the number of the last fact that it covers."""

    count: int
    body: bytes
    signature: bytes

    @property
    def chain(self) -> bytes:
        return bytes.fromhex(fields_of(self.body)["chain"])

    @property
    def line(self) -> bytes:
        return checkpoint_line(self.body, self.signature)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an export covers: after one checkpoint (none: from the beginning) up to another, by a filter.

    Units: `after` and `until` are numbers of facts of the MSP.
    Shape: `until` 0 means that nothing of the MSP is signed yet; such an export is empty.
    """

    msp: MspId
    begin: Signed | None
    until: int
    wanted: HistoryFilter = EVERYTHING

    @property
    def after(self) -> int:
        return 0 if self.begin is None else self.begin.count

    @property
    def is_filtered(self) -> bool:
        return self.wanted != EVERYTHING


def bounds(
    connection: Connection,
    msp: MspId,
    wanted: HistoryFilter = EVERYTHING,
    *,
    after: int = 0,
    up_to: int | None = None,
    is_table: bool = False,
) -> Bounds:
    """Find what an export covers: from the last checkpoint at or before `after` to the last one at or before `up_to`.

    One that would end before it begins is empty, at its end.
    With a filter, no further than the checkpoints around its matches. A filter and a table (`is_table`) need the
    history, so they reach only as far as that is folded.
    """
    until = _last_signed(connection, msp, up_to)
    asked = _from(connection, msp, after, until, wanted)
    if until is None or not (asked.is_filtered or is_table):
        return asked
    known = _number(connection, "SELECT coalesce(max(number), 0) FROM history WHERE msp = %s", (msp,))
    if known < asked.until:
        until = _last_signed(connection, msp, known)
        asked = _from(connection, msp, after, until, wanted)
    if not asked.is_filtered:
        return asked
    where = between(asked, asked.after, asked.until)
    row = connection.execute(
        f"SELECT min(h.number), max(h.number) FROM history h WHERE {where.sql}", where.values
    ).fetchone()
    assert row is not None
    first, last = row
    if first is None:
        return Bounds(msp, until, asked.until, wanted)
    return Bounds(msp, _last_signed(connection, msp, first - 1), _first_signed(connection, msp, last).count, wanted)


def _from(connection: Connection, msp: MspId, after: int, until: Signed | None, wanted: HistoryFilter) -> Bounds:
    if until is None:
        return Bounds(msp, None, 0, wanted)
    start = min(after, until.count)
    return Bounds(msp, _last_signed(connection, msp, start) if start else None, until.count, wanted)


def ndjson(connection: Connection, asked: Bounds, resume_after: int | None = None) -> Iterator[bytes]:
    """The export with its proof, in chunks of whole lines.

    `resume_after` is the number of the last fact that arrived; what follows it is given, without a header.
    Raises: CannotExport when no such fact is in the export.
    """
    if resume_after is None:
        yield _opening(asked)
    else:
        check_resumable(connection, asked, resume_after)
    left_out: list[bytes] = []
    if resume_after is None:
        start, signed_count = asked.after, 0 if asked.begin is None else asked.begin.count
    else:
        start, signed_count = resume_after, _count_before(connection, asked.msp, resume_after)
        for signed in _checkpoints(connection, asked.msp, start - 1, start):
            if _is_shown(signed, signed_count, asked.until):
                yield signed.line + b"\n"
            signed_count = signed.count
    for page in _pages(connection, asked, start):
        lines: list[bytes] = []
        for step in page.steps:
            if isinstance(step, Signed):
                if _is_shown(step, signed_count, asked.until):
                    lines.extend(_flushed(left_out))
                    lines.append(step.line)
                signed_count = step.count
            elif step.line is None:
                left_out.append(step.line_hash)
                if len(left_out) == HASHES_PER_LINE:
                    lines.extend(_flushed(left_out))
            else:
                lines.extend(_flushed(left_out))
                lines.append(chained_line(step.line, step.chain))
        if lines:
            yield b"\n".join(lines) + b"\n"


def _opening(asked: Bounds) -> bytes:
    begin = asked.begin
    after = (0, genesis(asked.msp)) if begin is None else (begin.count, begin.chain)
    header = header_line(asked.msp, after=after, until=asked.until, wanted=told(asked.wanted))
    return b"\n".join([header] if begin is None else [header, begin.line]) + b"\n"


def told(wanted: HistoryFilter) -> dict[str, Any] | None:
    """A filter as an export's header names it; none for everything."""
    given = {each.name: getattr(wanted, each.name) for each in fields(wanted)}
    shown = {
        name: instant_text(value) if isinstance(value, datetime) else value
        for name, value in given.items()
        if value is not None
    }
    return shown or None


def _is_shown(signed: Signed, count_before: int, until: int) -> bool:
    is_next_stretch = signed.count // FACTS_PER_CHECKPOINT != count_before // FACTS_PER_CHECKPOINT
    return signed.count == until or is_next_stretch


def _flushed(left_out: list[bytes]) -> list[bytes]:
    if not left_out:
        return []
    line = left_out_line(left_out)
    left_out.clear()
    return [line]


# --- pages -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Step:
    """One fact on its way through the chain. `line` is none when it is left out."""

    chain: bytes
    line_hash: bytes
    line: bytes | None


@dataclass(frozen=True, slots=True)
class _Page:
    steps: Sequence[_Step | Signed]


@dataclass(frozen=True, slots=True)
class _Seal:
    """`count` is the number of its last fact; `positions` are the journal's."""

    count: int
    value_before: bytes
    positions: Sequence[int]
    hashes: bytes

    @property
    def before(self) -> int:
        """The number of the last fact before it."""
        return self.count - len(self.positions)

    def position_of(self, number: int) -> int:
        return self.positions[number - self.before - 1]


def _pages(connection: Connection, asked: Bounds, start: int) -> Iterator[_Page]:
    """Everything after the fact of a number, with the chain as it was sealed."""
    reached, reached_at = start, _position_of(connection, asked.msp, start)
    seals = _seals(connection, asked, start)
    while some := _some(seals):
        end = min(some[-1].count, asked.until)
        end_at = some[-1].position_of(end)
        yield _page(connection, asked, some, (reached, reached_at), (end, end_at))
        reached, reached_at = end, end_at


def _position_of(connection: Connection, msp: MspId, number: int) -> int:
    """Where in the journal an MSP's fact was sealed; 0 for the number 0."""
    if number == 0:
        return 0
    query = (
        "SELECT positions[%s - count + cardinality(positions)] FROM audit_seals"
        " WHERE msp = %s AND count >= %s ORDER BY count LIMIT 1"
    )
    return _number(connection, query, (number, msp, number))


def _some(seals: Iterator[_Seal]) -> list[_Seal]:
    """The next seals, of about as many facts as a page holds."""
    some: list[_Seal] = []
    facts = 0
    while facts < FACTS_PER_PAGE and (more := list(islice(seals, 1))):
        some += more
        facts += len(more[0].positions)
    return some


def _seals(connection: Connection, asked: Bounds, start: int) -> Iterator[_Seal]:
    reached = start
    while reached < asked.until:
        rows = connection.execute(
            "SELECT count, value_before, positions, hashes FROM audit_seals"
            " WHERE msp = %s AND count > %s ORDER BY count LIMIT %s",
            (asked.msp, reached, SEALS_PER_PAGE),
            binary=True,
        ).fetchall()
        if not rows:
            return
        for row in rows:
            yield _Seal(*row)
            reached = row[0]
            if reached >= asked.until:
                return


_Place: TypeAlias = tuple[int, int]
"""A fact's number among those of its MSP, and its position in the journal."""


def _page(connection: Connection, asked: Bounds, seals: Sequence[_Seal], start: _Place, end: _Place) -> _Page:
    matches: set[int] | None = None
    if asked.is_filtered:
        where = between(asked, start[0], end[0])
        rows = connection.execute(f"SELECT h.position FROM history h WHERE {where.sql}", where.values, binary=True)
        matches = {position for (position,) in rows}
    stored = iter(_rows(connection, asked.msp, start[1], end[1], matches))
    signed = iter(_checkpoints(connection, asked.msp, start[0], end[0]))
    steps: list[_Step | Signed] = []
    row = next(stored, None)
    checkpoint = next(signed, None)
    for seal in seals:
        chain = seal.value_before
        hashes = seal.hashes
        for place, position in enumerate(seal.positions):
            number = seal.before + place + 1
            line_hash = hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES]
            if number > end[0]:
                break
            before, chain = chain, link(chain, line_hash)
            if number <= start[0]:
                continue
            while row is not None and row[0] < position:  # nobody sealed it: shown, and found by whoever checks
                steps.append(_Step(before, line_hash, fact_line((number, *row[1:]))))
                row = next(stored, None)
            if row is not None and row[0] == position:
                steps.append(_Step(chain, line_hash, fact_line((number, *row[1:]))))
                row = next(stored, None)
            elif matches is not None and position not in matches:
                steps.append(_Step(chain, line_hash, None))
            if checkpoint is not None and checkpoint.count == number:
                steps.append(checkpoint)
                checkpoint = next(signed, None)
    return _Page(steps)


_Row: TypeAlias = tuple[int, UUID, int, str, datetime, bytes]
"""A stored fact: its position, and what else its line holds."""


def _rows(connection: Connection, msp: MspId, start: int, end: int, matches: set[int] | None) -> list[_Row]:
    """The facts between two positions of the journal, in order; the matching ones, if it matters."""
    if matches is None:
        rows = connection.execute(
            f"{_FACTS} WHERE msp = %s AND notification_id > %s AND notification_id <= %s ORDER BY notification_id",
            (msp, start, end),
            prepare=True,
            binary=True,
        )
    elif not matches:
        return []
    else:
        rows = connection.execute(
            f"{_FACTS} WHERE msp = %s AND notification_id = ANY(%s) ORDER BY notification_id",
            (msp, sorted(matches)),
            binary=True,
        )
    return rows.fetchall()


_FACTS = "SELECT notification_id, originator_id, originator_version, topic, recorded_at, state FROM facts"


def between(asked: Bounds, start: int, end: int) -> Filter:
    """The conditions, over the table `history` under the name h, for an export's facts between two numbers."""
    return matching(asked.msp, asked.wanted).both("h.number > %s", start).both("h.number <= %s", end)


def check_resumable(connection: Connection, asked: Bounds, number: int) -> None:
    """Raises: CannotExport unless a fact of the export has the number."""
    is_there = asked.after < number <= asked.until
    if is_there and asked.is_filtered:
        where = between(asked, number - 1, number)
        is_there = _number(connection, f"SELECT count(*) FROM history h WHERE {where.sql}", where.values) > 0
    if not is_there:
        raise CannotExport(f"no fact of this export has number {number}")


# --- checkpoints -----------------------------------------------------------------------------------------------

_CHECKPOINTS = "SELECT count, body, signature FROM audit_checkpoints WHERE msp = %s"


def _checkpoints(connection: Connection, msp: MspId, start: int, end: int) -> list[Signed]:
    query = f"{_CHECKPOINTS} AND count > %s AND count <= %s ORDER BY count"
    return [Signed(*row) for row in connection.execute(query, (msp, start, end), binary=True)]


def _last_signed(connection: Connection, msp: MspId, up_to: int | None) -> Signed | None:
    query = f"{_CHECKPOINTS} AND (%s::bigint IS NULL OR count <= %s) ORDER BY count DESC LIMIT 1"
    row = connection.execute(query, (msp, up_to, up_to), binary=True).fetchone()
    return None if row is None else Signed(*row)


def _first_signed(connection: Connection, msp: MspId, number: int) -> Signed:
    query = f"{_CHECKPOINTS} AND count >= %s ORDER BY count LIMIT 1"
    row = connection.execute(query, (msp, number), binary=True).fetchone()
    assert row is not None, "the match lies before a checkpoint"
    return Signed(*row)


def _count_before(connection: Connection, msp: MspId, number: int) -> int:
    """The count of the last checkpoint before a fact."""
    query = "SELECT coalesce(max(count), 0) FROM audit_checkpoints WHERE msp = %s AND count < %s"
    return _number(connection, query, (msp, number))


def _number(connection: Connection, query: Any, parameters: Sequence[object] = ()) -> int:
    row = connection.execute(query, parameters).fetchone()
    return 0 if row is None else int(row[0])
