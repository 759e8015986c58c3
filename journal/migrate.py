"""The one command that makes and upgrades tables: a list of named SQL steps, each applied once.

Every package that owns tables exports such a list; `psa-ledger migrate` hands all of them to `migrate`. Callers may
come at the same time: one advisory lock lets them pass one by one, and the late ones find nothing left to do. All
pending steps are applied in one transaction, so a failing step leaves the database as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import LiteralString

import psycopg

from journal.tables import TABLES

LOCK = 4_071_001
"""Advisory lock of migrations; the append's lock has another number (`journal.tables`)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One upgrade of the database. Its name is for ever and its SQL does not change once released."""

    name: str
    sql: LiteralString


class StepChanged(Exception):
    """A step that was applied long ago now has other SQL; write a new step instead of editing an old one."""

    def __init__(self, name: str) -> None:
        super().__init__(f"step {name} was applied with other SQL; add a new step instead of editing it")
        self.name = name


JOURNAL_STEPS: tuple[Step, ...] = tuple(Step(f"journal.{name}", sql) for name, sql in TABLES)


def migrate(url: str, steps: Sequence[Step] = JOURNAL_STEPS) -> tuple[str, ...]:
    """Apply the steps that this database has not seen, in the order given.

    Shape: the names of the steps applied now; empty when everything was there.
    Raises: StepChanged; ValueError when two steps share a name; psycopg.Error when a step fails (nothing is applied).
    """
    names = [step.name for step in steps]
    if len(set(names)) != len(names):
        raise ValueError(f"two steps share a name: {sorted({n for n in names if names.count(n) > 1})}")
    applied: list[str] = []
    with psycopg.connect(url, connect_timeout=10) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_steps ("
            " name text PRIMARY KEY, digest bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        known: dict[str, bytes] = dict(connection.execute("SELECT name, digest FROM schema_steps").fetchall())
        for step in steps:
            digest = sha256(step.sql.encode()).digest()
            if step.name in known:
                if known[step.name] != digest:
                    raise StepChanged(step.name)
                continue
            connection.execute(step.sql)
            connection.execute("INSERT INTO schema_steps (name, digest) VALUES (%s, %s)", (step.name, digest))
            applied.append(step.name)
    return tuple(applied)
