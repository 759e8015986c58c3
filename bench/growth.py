"""What grows with the journal and what does not: the same acts and questions on a small ledger and on a large one.

Promise: `execute`, what a push asks of the journal and the views, a page of history, an explanation and a month-end
report cost at most 1.3 times as much on 1,000,000 facts as on 10,000. (`PSA_LEDGER_BENCH_GROWN=1000000` for the whole
promise; each organization has about a hundred facts in both.)
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from psycopg_pool import ConnectionPool

from api.settings import TOKEN_KEY_FILE
from api.tokens import create_local_key
from bench.figures import Figure, Told
from bench.ledger_of_facts import addition_of, organization_of, tell_facts, tenant_of
from bench.running import UNHURRIED
from cli.places import Places
from cli.processes import make_tables
from cli.token import issue
from domain.addition import ADDITION
from domain.organization import ORGANIZATION, Given, LicensesChanged, OrganizationState
from domain.streams import organization_stream
from domain.values import ChangeId, Component
from journal.application import Journal
from journal.entry import Actor, Origin, Role
from journal.postgres import EmbeddedPostgres
from journal.registry import CODEC
from projections.follower import rebuild_views
from workers.due import DueAgreement, due_rows

SMALL, GROWN = 10_000, int(os.environ.get("PSA_LEDGER_BENCH_GROWN", "40000"))
TIMES, ORGANIZATIONS = 60, 40
ORIGIN = Origin(Actor("platform", Role.PLATFORM), "bench", "bench")
QUESTIONS: Mapping[str, str] = {
    "a page of history": '{ history(first: 50, msp: "msp-1") { nodes { factType recordedAt } } }',
    "an explanation": '{ explainQuantity(agreement: 30, product: 1, month: "2026-11", msp: "msp-1") { __typename } }',
    "a month-end report": '{ monthEnd(month: "2026-11", msp: "msp-1") { safeToInvoice lines { agreement } } }',
}


def measure() -> Iterator[Told]:
    small, grown = _costs(SMALL), _costs(GROWN)
    for name, before in small.items():
        against = f"on {SMALL:,} facts"
        yield Figure(f"{name} on {GROWN:,} facts", grown[name], "ms", against, before, 1 / 1.3, is_less_better=True)


def _costs(facts: int) -> dict[str, float]:
    """Units: milliseconds, the median of many, each of another organization."""
    with (
        tempfile.TemporaryDirectory(prefix="psa-ledger-bench-") as data,
        EmbeddedPostgres(Path(data, "postgres"), durable=False) as server,
    ):
        make_tables(server.url)
        tell_facts(server.url, facts)
        rebuild_views(server.url)
        found: dict[str, float] = {}
        with (
            Journal(server.url, CODEC) as journal,
            ConnectionPool(server.url, min_size=1, max_size=2, open=True) as pool,
            _api(server.url, Path(data)) as ask,
        ):
            numbers = count()
            found["execute"] = _median(lambda: _execute(journal, next(numbers)))
            found["what a push asks"] = _median(lambda: _push_asks(journal, pool, next(numbers)))
            for name, question in QUESTIONS.items():
                found[name] = _median(partial(ask, question))
        return found


def _median(act: Callable[[], object]) -> float:
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return median(took) * 1000


def _execute(journal: Journal, number: int) -> None:
    msp, organization = organization_of(number % ORGANIZATIONS)

    def change(state: OrganizationState) -> tuple[LicensesChanged, ...]:
        at = state.changes[-1].at
        return (LicensesChanged(ChangeId(f"grown-{number}"), Component.LICENSE, Given.DELTA, 1, 1, at),)

    journal.execute(ORGANIZATION, organization_stream(msp, organization), change, ORIGIN)


def _push_asks(journal: Journal, pool: ConnectionPool, number: int) -> None:
    place = number % ORGANIZATIONS
    msp, organization = organization_of(place)
    tenant = tenant_of(int(msp.removeprefix("msp-")))
    due_rows(pool, DueAgreement(msp, tenant.site, tenant.company_id, place + 1))
    journal.states(ADDITION, [addition_of(place)])
    journal.states(ORGANIZATION, [organization_stream(msp, organization)])


@contextmanager
def _api(url: str, data: Path) -> Iterator[Callable[[str], Any]]:
    """An API process on the ledger; gives a way to ask it as the auditor of all."""
    create_local_key(data / TOKEN_KEY_FILE)
    token = issue(Places(data), Role.AUDITOR, None, ttl=timedelta(hours=1))
    settings = {"MODE": "test", "DATABASE_URL": url, "DATA_DIR": str(data), "API_PORT": "0", **UNHURRIED}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "api"],
        env={**os.environ, **{f"PSA_LEDGER_{name}": text for name, text in settings.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        root = process.stdout.readline().split()[-1]
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60) as http:

            def ask(question: str) -> Any:
                answer = http.post(f"{root}/graphql", json={"query": question}).json()
                assert "errors" not in answer, answer
                return answer

            yield ask
    finally:
        process.terminate()
        process.wait(30)
