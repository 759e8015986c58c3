"""Load on real processes: nobody sees an error, memory stays flat, and one MSP's flood is its own affair."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.settings import TOKEN_KEY_FILE, ApiSettings
from api.tokens import LocalKey, create_local_key, read_local_key
from domain.values import MspId
from journal.entry import Role
from tests.api import operations
from tests.api.given import change, new_organization
from tests.cli.exported import url_of

pytestmark = pytest.mark.long

SECONDS = float(os.environ.get("LOAD_SECONDS", "10"))
CLIENTS = 200
MSPS = 20
ROUNDS = 3
ROUND_SECONDS = max(3.0, SECONDS / 5)
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Running:
    """An API and a projector as processes of their own."""

    url: str
    key: LocalKey
    pids: Mapping[str, int]

    def token(self, role: Role, msp: str | None) -> str:
        owner = None if msp is None else MspId(msp)
        return self.key.issue(subject=f"{role}-{msp}", role=role, msp=owner, lifetime=timedelta(hours=1))

    def request(self, weight: float, role: Role, msp: str | None, query: str, **variables: Any) -> dict[str, Any]:
        return {
            "weight": weight,
            "token": self.token(role, msp),
            "body": json.dumps({"query": query, "variables": variables}),
        }

    def kilobytes(self, name: str) -> int:
        """What the process holds in memory, shared pages left out."""
        told = Path(f"/proc/{self.pids[name]}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith(("Private_", "Swap:")))


@contextmanager
def processes(database: str, data_dir: Path, **settings: str) -> Iterator[Running]:
    create_local_key(data_dir / TOKEN_KEY_FILE)
    environment = {
        **os.environ,
        "PSA_LEDGER_MODE": "test",
        "PSA_LEDGER_DATABASE_URL": url_of(database),
        "PSA_LEDGER_DATA_DIR": str(data_dir),
        "PSA_LEDGER_API_PORT": "0",
        **settings,
    }
    with ExitStack() as stack:
        log = stack.enter_context((data_dir / "log").open("wb"))
        started = {}
        for name in ("api", "projector"):
            started[name] = process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", name],
                env=environment,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            stack.callback(process.communicate)
            stack.callback(process.terminate)
        said = started["api"].stdout
        assert said is not None
        url = said.readline().split()[-1]
        key = LocalKey(read_local_key(data_dir / TOKEN_KEY_FILE), ApiSettings().issuer)
        yield Running(url, key, {name: process.pid for name, process in started.items()})


def begin(running: Running, orders: dict[str, Any]) -> "subprocess.Popen[str]":
    load = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert load.stdin is not None
    load.stdin.write(json.dumps({"url": running.url, **orders}))
    load.stdin.close()
    load.stdin = None
    return load


def measured(load: "subprocess.Popen[str]") -> dict[str, Any]:
    told, _ = load.communicate()
    found: dict[str, Any] = json.loads(told)
    return found


def registered(running: Running) -> None:
    token = running.token(Role.PLATFORM, None)
    for number in range(MSPS):
        listed = [new_organization(f"org-{each}") for each in range(10)]
        body = {"query": operations.REGISTER, "variables": {"input": {"msp": f"msp-{number}", "organizations": listed}}}
        headers = {"Authorization": f"Bearer {token}"}
        told = httpx.post(f"{running.url}/graphql", json=body, headers=headers, timeout=60, trust_env=False).json()
        assert "errors" not in told, told


USAGE = "{ usage(first: 10) { nodes { organization { id name } lines { wanted inForce } } } }"
ORGANIZATIONS = "{ organizations(first: 10) { totalCount nodes { id name licenses } } }"
HISTORY = "{ history(first: 10) { nodes { recordedAt factType actor { subject } } } }"


def mixed(running: Running) -> list[dict[str, Any]]:
    """Four questions to one change, over all MSPs."""
    asked = []
    for number in range(MSPS):
        msp = f"msp-{number}"
        asked += [
            running.request(1, Role.ADMIN, msp, query) for query in (USAGE, ORGANIZATIONS, HISTORY, "{ serverTime }")
        ]
        changes = [change("$UNIQUE", f"org-{number % 10}", delta=1)]
        asked.append(
            running.request(1, Role.PLATFORM, None, operations.CHANGE_LICENSES, input={"msp": msp, "changes": changes})
        )
    return asked


def test_two_hundred_clients_see_no_error_and_memory_stays_flat(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with processes(database, tmp_path, PSA_LEDGER_REQUESTS_PER_SECOND="100000") as running:
        registered(running)
        orders = {"clients": CLIENTS, "requests": mixed(running)}
        warm = measured(begin(running, {**orders, "name": "warm", "seconds": SECONDS}))
        before = {name: running.kilobytes(name) for name in running.pids}
        told = measured(begin(running, {**orders, "name": "load", "seconds": SECONDS}))
        after = {name: running.kilobytes(name) for name in running.pids}

    with capsys.disabled():
        grown = {name: f"{before[name] / 1024:.0f} → {after[name] / 1024:.0f} MB" for name in before}
        rate = told["requests"] / SECONDS
        sys.stdout.write(
            f"\n{CLIENTS} clients, {SECONDS:.0f} s: {rate:.0f}/s,"
            f" p50 {told['p50']:.2f} s, p99 {told['p99']:.2f} s, {grown}\n"
        )
    assert ([], []) == (warm["errors"], told["errors"])
    assert {"200": told["requests"]} == told["statuses"]
    assert [] == [name for name in before if after[name] > 1.1 * before[name]]


def test_a_flooding_msp_does_not_slow_the_others_down(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At fifty times what it may ask. Quiet and flooded rounds take turns, so that the machine's moods cancel out."""
    budget = 2.0
    with processes(database, tmp_path, PSA_LEDGER_REQUESTS_PER_SECOND=str(budget)) as running:
        registered(running)
        others = [
            running.request(1, Role.ADMIN, f"msp-{number}", query)
            for number in range(1, MSPS)
            for query in (USAGE, ORGANIZATIONS)
        ]
        flood = [running.request(1, Role.ADMIN, "msp-0", query) for query in (USAGE, ORGANIZATIONS, HISTORY)]
        quiet_orders = {"name": "others", "clients": MSPS - 1, "per_second": 1.0, "seconds": ROUND_SECONDS}
        flood_orders = {"name": "flood", "clients": 10, "per_second": budget * 50 / 10, "seconds": ROUND_SECONDS + 1}
        quiet, flooded, refused = [], [], 0
        measured(begin(running, {**quiet_orders, "requests": others}))
        for _ in range(ROUNDS):
            quiet.append(measured(begin(running, {**quiet_orders, "requests": others})))
            flooding = begin(running, {**flood_orders, "requests": flood})
            flooded.append(measured(begin(running, {**quiet_orders, "requests": others})))
            refused += measured(flooding)["statuses"].get("429", 0)

    p95_quiet, p95_flooded = (statistics.median(each["p95"] for each in rounds) for rounds in (quiet, flooded))
    with capsys.disabled():
        sys.stdout.write(
            f"\nothers' p95: quiet {p95_quiet * 1000:.0f} ms, flooded {p95_flooded * 1000:.0f} ms; {refused} refused\n"
        )
    assert [] == [error for each in (*quiet, *flooded) for error in each["errors"]]
    assert refused > 0
    assert p95_flooded < 1.5 * p95_quiet
