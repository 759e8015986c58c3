"""An MSP's facts as CSV, a table for people: one row per fact, in the same bounds as an export with proof."""

# ruff: noqa: S608 - every query is a LiteralString: the type checker lets no input into its text

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from journal.stored_form import instant_text
from projections.exports import FACTS_PER_PAGE, Bounds, Connection, between, check_resumable

CSV_COLUMNS = (
    "number", "recorded_at", "msp", "fact_type", "schema", "organization", "agreement", "product", "run",
    "subject", "role", "address", "user_agent", "request_id", "correlation_id", "causation_id", "entry_id",
    "stream_kind", "stream_id", "version", "data",
)  # fmt: skip

FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"
"""The wide ones begin a formula where such letters are usual."""


def as_csv(connection: Connection, asked: Bounds, resume_after: int | None = None) -> Iterator[bytes]:
    """The facts as a table for people, in chunks of whole rows; it proves nothing.

    Cells that a spreadsheet would take for a formula get an apostrophe in front.
    Raises: CannotExport when `resume_after` is the number of no fact in the export.
    """
    if resume_after is None:
        yield _csv_rows([CSV_COLUMNS])
    else:
        check_resumable(connection, asked, resume_after)
    reached = asked.after if resume_after is None else resume_after
    while reached < asked.until:
        where = between(asked, reached, asked.until)
        rows = connection.execute(
            "SELECT h.number, f.recorded_at, f.msp, f.topic, h.organization, h.agreement, h.product, h.run,"
            " f.kind, f.originator_id, f.originator_version, f.state"
            " FROM history h JOIN facts f ON f.notification_id = h.position"
            f" WHERE {where.sql} ORDER BY h.number LIMIT %s",
            (*where.values, FACTS_PER_PAGE),
            binary=True,
        ).fetchall()
        if not rows:
            return
        yield _csv_rows([_csv_row(row) for row in rows])
        reached = rows[-1][0]


def _csv_row(row: tuple[Any, ...]) -> tuple[object, ...]:
    number, recorded_at, msp, topic, organization, agreement, product, run, kind, stream_id, version, state = row
    stored: Mapping[str, Any] = orjson.loads(state)
    actor = stored["actor"]
    name, _, schema = topic.rpartition(".v")
    texts = (
        actor["subject"],
        actor["role"],
        actor["address"],
        actor["user_agent"],
        stored["request_id"],
        stored["correlation_id"],
        stored["causation_id"],
        stored["entry_id"],
    )
    about = (cell(organization), agreement, product, cell(run))
    data = orjson.dumps(stored["data"], option=orjson.OPT_SORT_KEYS).decode()
    return (
        number,
        instant_text(recorded_at),
        cell(msp),
        name,
        schema,
        *about,
        *map(cell, texts),
        kind,
        stream_id,
        version,
        data,
    )


def cell(text: str | None) -> str | None:
    """A text that no spreadsheet takes for a formula. Source: OWASP, CSV Injection."""
    return "'" + text if text and text[0] in FORMULA_STARTS else text


def _csv_rows(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
