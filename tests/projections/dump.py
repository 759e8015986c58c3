"""What the views hold, as text to compare byte by byte."""

from collections.abc import Sequence

import psycopg
from psycopg.sql import SQL, Identifier

from projections.view import View


def dump(url: str, views: Sequence[View]) -> dict[str, list[str]]:
    """Every row of every table as PostgreSQL writes it. Shape: tables by name, rows in the order of their text."""
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        return {
            table: [
                row
                for (row,) in connection.execute(
                    SQL('SELECT t::text FROM {} AS t ORDER BY t::text COLLATE "C"').format(Identifier(table))
                )
            ]
            for view in views
            for table in view.tables
        }


def rows(url: str, table: str, *columns: str) -> list[tuple[object, ...]]:
    """Some columns of every row. Shape: ordered by them."""
    listed = SQL(", ").join(map(Identifier, columns))
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        return connection.execute(
            SQL("SELECT {} FROM {} ORDER BY {}").format(listed, Identifier(table), listed)
        ).fetchall()


def empty(url: str, views: Sequence[View]) -> None:
    """Take all rows and positions away."""
    with psycopg.connect(url) as connection:
        for view in views:
            for table in view.tables:
                connection.execute(SQL("TRUNCATE {}").format(Identifier(table)))
        connection.execute("TRUNCATE view_positions")
