"""`psa-ledger status`: one page for a person who wants to know whether everything is well."""

import argparse
import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row, scalar_row

from cli.places import NothingRuns, Places, Running, data_directory, database_url, running, settings_here


@dataclass(frozen=True, slots=True)
class Connection:
    """One MSP's connection, as the page shows it."""

    msp: str
    status: str
    tenant: str
    organizations: int
    mapped: int
    due: int
    open: int
    exceptions: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database tells. Units: `lag` in facts, `oldest_due` an instant of the ledger's clock."""

    now: datetime
    facts: int
    lag: int
    due: int
    oldest_due: datetime | None
    held: int
    runs: int
    connections: tuple[Connection, ...]


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verbs.add_parser("status", help="processes, view lag, due pushes, connections").set_defaults(run=run)


def run(_given: argparse.Namespace) -> int:
    places = Places(data_directory())
    found: Running | None = None
    with contextlib.suppress(NothingRuns):  # processes may as well run elsewhere, on the database of a setting
        found = running(places)
    standing = read_standing(database_url(settings_here(places)))
    print(page(found, standing))
    return 0 if found is None or all(is_alive(pid) for pid in found.children.values()) else 1


def read_standing(url: str) -> Standing:
    """Raises: psycopg.Error when the database can not be asked or has no tables yet."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        one = connection.cursor(row_factory=scalar_row)
        facts: int = one.execute("SELECT coalesce(max(notification_id), 0) FROM facts").fetchone() or 0
        folded: int = one.execute("SELECT coalesce(min(position), 0) FROM view_positions").fetchone() or 0
        connections = (
            connection.cursor(row_factory=class_row(Connection))
            .execute(
                """
                SELECT c.msp, c.status, coalesce(c.site || '/' || c.company_id, '') AS tenant,
                  (SELECT count(*) FROM organizations o WHERE o.msp = c.msp) AS organizations,
                  (SELECT count(*) FROM company_mappings m WHERE m.msp = c.msp AND m.agreement IS NOT NULL) AS mapped,
                  (SELECT count(*) FROM waiting_pushes d WHERE d.msp = c.msp) AS due,
                  (SELECT count(*) FROM additions a WHERE a.msp = c.msp AND a.open_push IS NOT NULL) AS open,
                  (SELECT count(*) FROM exceptions e WHERE e.msp = c.msp) AS exceptions
                FROM connections c ORDER BY c.msp
                """
            )
            .fetchall()
        )
        now = one.execute("SELECT ledger_now()").fetchone()
        assert now is not None
        return Standing(
            now=now,
            facts=facts,
            lag=facts - folded,
            due=one.execute("SELECT count(*) FROM waiting_pushes").fetchone() or 0,
            oldest_due=one.execute("SELECT min(due_since) FROM waiting_pushes").fetchone(),
            held=one.execute("SELECT count(*) FROM due_pushes WHERE state = 'HELD'").fetchone() or 0,
            runs=one.execute("SELECT count(*) FROM runs WHERE status IN ('REQUESTED', 'RUNNING')").fetchone() or 0,
            connections=tuple(connections),
        )


def page(found: Running | None, standing: Standing) -> str:
    lines = [f"ledger time  {standing.now:%Y-%m-%d %H:%M:%S %Z}"]
    if found is None:
        lines.append("processes    not started by `psa-ledger up`")
    else:
        lines.append(f"api          {found.api_url}")
        lines.append(f"simulator    {found.simulator_url}")
        for name, pid in {"supervisor": found.supervisor, **found.children}.items():
            lines.append(f"  {name:<10} {pid:>7}  {'runs' if is_alive(pid) else 'DEAD'}")
    lines.append(f"journal      {standing.facts} facts, views {standing.lag} behind")
    since = "" if standing.oldest_due is None else f", the oldest since {standing.oldest_due:%H:%M:%S}"
    lines.append(f"pushes       {standing.due} due{since}; {standing.held} held; {standing.runs} runs under way")
    lines.append("")
    heads = ("MSP", "STATUS", "TENANT", "ORGANIZATIONS", "MAPPED", "DUE", "OPEN", "EXCEPTIONS")
    rows = [
        (c.msp, c.status, c.tenant, *map(str, (c.organizations, c.mapped, c.due, c.open, c.exceptions)))
        for c in standing.connections
    ]
    return "\n".join([*lines, *table(heads, rows)])


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (heads, *rows)
    ]


def is_alive(pid: int) -> bool:
    """Whether a process with this id is there; the ids come from a supervisor that holds its lock."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
