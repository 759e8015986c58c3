"""Writing many rows with one statement: they travel as one JSON text, and PostgreSQL reads them by the column's types.

Statements are kept as bytes: putting one together takes longer than running it.

Why not one array per column: a row would be spelled three times over, in Python, in SQL and in casts; and columns that
hold arrays themselves do not fit. Why not row by row: a thousand round trips.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, LiteralString

import orjson
import psycopg
from psycopg.sql import SQL, Composed, Identifier

from domain.values import BillingMonth

Row = Mapping[str, object]

_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_NON_STR_KEYS
_NUL = b"\\u0000"


def insert(connection: psycopg.Connection[Any], table: str, rows: Sequence[Row]) -> None:
    """Insert new rows. Shape: all with the same columns.

    Raises: psycopg.errors.UniqueViolation when one is there already.
    """
    if rows:
        connection.execute(_insert(table, tuple(rows[0])), (as_json(rows),))


def upsert(
    connection: psycopg.Connection[Any],
    table: str,
    key: tuple[str, ...],
    rows: Sequence[Row],
    kept: Mapping[str, LiteralString] | None = None,
) -> None:
    """Insert rows, or replace those with the same key.

    Shape: all with the same columns, each key once. `kept` maps a column to the condition, over `old` and
    `excluded`, under which the stored value stays when the new row brings none.
    """
    if rows:
        statement = _upsert(table, key, tuple(rows[0]), tuple(sorted((kept or {}).items())))
        connection.execute(statement, (as_json(rows),))


def delete(connection: psycopg.Connection[Any], table: str, rows: Sequence[Row]) -> None:
    """Delete the rows that agree with one of these in all its columns. Shape: all with the same columns."""
    if rows:
        connection.execute(_delete(table, tuple(rows[0])), (as_json(rows),))


def as_json(rows: object) -> str:
    """Write rows as PostgreSQL reads them.

    PostgreSQL holds no NUL character: where a text from outside has one, the replacement character stands for it.
    Raises: TypeError for a value that no column holds.
    """
    text = orjson.dumps(rows, default=_text, option=_OPTIONS)
    if _NUL in text:
        text = orjson.dumps(_without_nul(orjson.loads(text)))
    return text.decode()


def _text(value: object) -> str:
    if isinstance(value, Decimal | BillingMonth):
        return str(value)
    raise TypeError(f"no column holds a {type(value).__name__}")


def _without_nul(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case list():
            return [_without_nul(each) for each in value]
        case dict():
            return {_without_nul(name): _without_nul(each) for name, each in value.items()}
        case _:
            return value


def _given(table: str) -> Composed:
    return SQL("json_populate_recordset(NULL::{}, %s::json)").format(Identifier(table))


@cache
def _insert(table: str, columns: tuple[str, ...]) -> bytes:
    names = SQL(", ").join(map(Identifier, columns))
    statement = SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(Identifier(table), names, names, _given(table))
    return statement.as_bytes()


@cache
def _upsert(
    table: str, key: tuple[str, ...], columns: tuple[str, ...], kept: tuple[tuple[str, LiteralString], ...]
) -> bytes:
    conditions = dict(kept)
    names = SQL(", ").join(map(Identifier, columns))
    changes = []
    for column in columns:
        if column in key:
            continue
        name = Identifier(column)
        if column in conditions:
            changes.append(
                SQL("{} = CASE WHEN excluded.{} IS NULL AND ({}) THEN old.{} ELSE excluded.{} END").format(
                    name, name, SQL(conditions[column]), name, name
                )
            )
        else:
            changes.append(SQL("{} = excluded.{}").format(name, name))
    statement = SQL("INSERT INTO {} AS old ({}) SELECT {} FROM {} ON CONFLICT ({}) DO UPDATE SET {}").format(
        Identifier(table),
        names,
        names,
        _given(table),
        SQL(", ").join(map(Identifier, key)),
        SQL(", ").join(changes),
    )
    return statement.as_bytes()


@cache
def _delete(table: str, columns: tuple[str, ...]) -> bytes:
    same = SQL(" AND ").join(SQL("stored.{} = given.{}").format(Identifier(c), Identifier(c)) for c in columns)
    statement = SQL("DELETE FROM {} AS stored USING {} AS given WHERE {}")
    return statement.format(Identifier(table), _given(table), same).as_bytes()
