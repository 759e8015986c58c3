"""`psa-ledger status`: one page for a person who wants to know whether everything is well.

It begins with the answer, names what is not well and where to read on, and shows the MSPs that need somebody first.
"""

import argparse
import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row, scalar_row

from cli.places import NothingRuns, Places, Running, data_directory, database_url, running, settings_here
from projections.reads.standing import Standing, duration, questions, read_standing
from telemetry.listener import Question

SHOWN_MSPS = 20
LANES = {"FINAL": "finals", "RUN": "lines of runs", "ACT": "acts"}


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
class Page:
    """What the database tells. Shape: `connections` those that need somebody first, not more than asked for."""

    now: datetime
    standing: Standing
    connections: tuple[Connection, ...]
    more: int

    @property
    def questions(self) -> Sequence[Question]:
        return questions(self.standing)


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("status", help="whether all is well: views, pushes, close, processes, connections")
    parser.add_argument("--all", action="store_true", help=f"every MSP, not only the {SHOWN_MSPS} that need it most")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Exit status: 0 when all is well, 1 when something is not."""
    places = Places(data_directory())
    found: Running | None = None
    with contextlib.suppress(NothingRuns):  # processes may as well run elsewhere, on the database of a setting
        found = running(places)
    page = read_page(database_url(settings_here(places)), None if given.all else SHOWN_MSPS)
    print(as_text(found, page))
    return 0 if not dead(found) and all(question.is_well for question in page.questions) else 1


def dead(found: Running | None) -> list[str]:
    """The names of the supervisor's processes that are gone."""
    return [] if found is None else [name for name, pid in found.children.items() if not is_alive(pid)]


def read_page(url: str, most: int | None) -> Page:
    """Raises: psycopg.Error when the database can not be asked or has no tables yet."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        connections = (
            connection.cursor(row_factory=class_row(Connection))
            .execute(
                """
                SELECT c.msp, c.status, coalesce(c.site || '/' || c.company_id, '') AS tenant,
                  (SELECT count(*) FROM organizations o WHERE o.msp = c.msp) AS organizations,
                  (SELECT count(*) FROM company_mappings m WHERE m.msp = c.msp AND m.agreement IS NOT NULL) AS mapped,
                  coalesce(d.due, 0) AS due,
                  (SELECT count(*) FROM additions a WHERE a.msp = c.msp AND a.open_push IS NOT NULL) AS open,
                  coalesce(e.exceptions, 0) AS exceptions
                FROM connections c
                LEFT JOIN (SELECT msp, count(*) AS due FROM waiting_pushes GROUP BY msp) d ON d.msp = c.msp
                LEFT JOIN (SELECT msp, count(*) AS exceptions FROM exceptions GROUP BY msp) e ON e.msp = c.msp
                ORDER BY c.status <> 'ATTENTION', coalesce(e.exceptions, 0) + coalesce(d.due, 0) DESC, c.msp
                LIMIT %s
                """,
                (most,),
            )
            .fetchall()
        )
        one = connection.cursor(row_factory=scalar_row)
        now = one.execute("SELECT ledger_now()").fetchone()
        count: int = one.execute("SELECT count(*) FROM connections").fetchone() or 0
        assert now is not None
        return Page(now, read_standing(connection), tuple(connections), count - len(connections))


def as_text(found: Running | None, page: Page) -> str:
    s = page.standing
    bad = [question for question in page.questions if not question.is_well]
    lines = [*verdict(bad, dead(found)), "", f"ledger time  {page.now:%Y-%m-%d %H:%M:%S %Z}"]
    if found is None:
        lines.append("processes    not started by `psa-ledger up`")
    else:
        lines.append(f"api          {found.api_url}")
        lines.append(f"simulator    {found.simulator_url}")
        for name, pid in {"supervisor": found.supervisor, **found.children}.items():
            lines.append(f"  {name:<10} {pid:>7}  {'runs' if is_alive(pid) else 'DEAD'}")
    lines.append(f"projectors   {s.projectors} folding, {s.standbys} standing by, {s.sealers} sealing")
    lines.append(f"workers      {s.dispatchers} looking for what is due, {s.requests_in_flight} requests on their way")
    lines.append(f"database     {s.database_connections} of {s.database_connections_most} connections in use")
    lines.append(f"journal      {s.facts} facts, views {s.lag_facts} behind")
    lines += [f"  {v.view:<20} {v.facts} facts, {duration(v.seconds)}" for v in s.views if v.facts]
    lines.append(
        f"audit        {f'unsigned for {duration(s.unsigned_seconds)}' if s.unsigned_seconds else 'all signed'}"
    )
    runs = ", ".join(f"{count} {kind}" for kind, (count, _) in s.runs.items())
    lines.append(f"pushes       {s.count('due')} due; {s.count('held')} held; {runs or 'no'} runs under way")
    lines += [
        f"  {LANES[due.lane]:<14} {due.state:<8} {due.count:>7}, the oldest for {duration(due.oldest)}" for due in s.due
    ]
    lines.append(f"close        {next(each.says for each in page.questions if each.name == 'close')}")
    if s.exceptions:
        lines.append("exceptions   " + ", ".join(f"{count} {problem}" for problem, count in s.exceptions.items()))
    lines.append("")
    heads = ("MSP", "STATUS", "TENANT", "ORGANIZATIONS", "MAPPED", "DUE", "OPEN", "EXCEPTIONS")
    rows = [
        (c.msp, c.status, c.tenant, *map(str, (c.organizations, c.mapped, c.due, c.open, c.exceptions)))
        for c in page.connections
    ]
    lines += table(heads, rows)
    if page.more:
        lines.append(f"… and {page.more} more (--all)")
    return "\n".join(lines)


def verdict(bad: Sequence[Question], gone: Sequence[str]) -> list[str]:
    """The answer first. Shape: one line, or one more per thing that is not well."""
    if not bad and not gone:
        return ["All is well."]
    told = [f"  {question.name}: {question.says}" for question in bad] + [f"  {name}: not running" for name in gone]
    return [f"NOT WELL ({len(told)}); docs/runbook.md says what to do:", *told]


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
