"""Real worker processes, killed and frozen by the system while ConnectWise answers slowly."""

import base64
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import psycopg
import pytest

from connectwise.auth import Credentials
from connectwise.budget import Allowance, ProcessBudget
from connectwise.discovery import discover, site_of
from connectwise.exchange import Limits, Wire
from connectwise.guard import Guard, open_http
from connectwise.tenants import TenantSecret, secret_bytes
from domain.addition import AdditionCreated, PushStarted
from journal.master_keys import key_source
from journal.settings import PREFIX, settings_from
from journal.vault import Vault
from tests.databases import Template
from tests.scenarios.acts import heal, kinds
from tests.workers.system import MSP, System, ready_system

pytestmark = pytest.mark.tortured

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 180.0
CLIENT_ID = "00000000-0000-0000-0000-000000000001"
_PAUSE = threading.Event()


@dataclass
class Workers:
    """A ledger whose workers are processes of their own; its views are folded here."""

    system: System
    environment: dict[str, str]
    output: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[bytes]:
        with self.output.open("ab") as file:
            worker = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "worker"],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self.running.append(worker)
        return worker

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            self.system.fold()
            if condition():
                return
            assert time.monotonic() < give_up_at, (what, self.said())
            _PAUSE.wait(0.02)

    def until_settled(self, quantity: int) -> None:
        """Until the PSA holds the number and no push is open; deadlines pass on the ledger's clock meanwhile."""
        product = self.system.license_product

        def is_settled() -> bool:
            # Leases are left alone: real workers need them to begin, and a dead one's runs out within seconds.
            with self.system.tools.pool.connection() as connection:
                connection.execute("UPDATE push_attempts SET not_before = '-infinity', sweep_at = '-infinity'")
            return [Decimal(quantity)] == self.system.held(product) and self.system.addition(product).open is None

        self.system.move_clock(self.system.now + timedelta(minutes=2))
        self.until(f"{quantity} is held", is_settled)

    def said(self) -> str:
        return self.output.read_text(errors="replace")[-4_000:]

    def end(self) -> None:
        for worker in self.running:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


@pytest.fixture
def workers(template: Template, tmp_path: Path) -> Iterator[Workers]:
    with real_workers(template, tmp_path) as found:
        yield found


@contextmanager
def real_workers(ledgers: Template, directory: Path, **settings: str) -> Iterator[Workers]:
    """A fresh ledger with an MSP that is connected; workers are started by the test and ended here."""
    with ExitStack() as stack:
        url = stack.enter_context(ledgers.copy())
        system = stack.enter_context(ready_system(url))
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        ours = {
            PREFIX + "MODE": "test",
            PREFIX + "DATABASE_URL": uri(url),
            PREFIX + "ALLOWED_ORIGINS": system.psa.url,
            PREFIX + "CLIENT_ID": CLIENT_ID,
            PREFIX + "VAULT_KEYS": f"1:{key}",
            PREFIX + "PUSH_DEADLINE_SECONDS": "5",
            PREFIX + "WORKER_THREADS": "2",
            **{PREFIX + name: text for name, text in settings.items()},
        }
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
        keep_keys(system, ours, url)
        found = Workers(system, {**inherited, **ours}, directory / "output")
        stack.callback(found.end)
        yield found


def test_a_worker_killed_in_the_middle_of_a_write_is_replaced_and_the_number_is_applied_once(workers: Workers) -> None:
    begin(workers)
    first = workers.running[0]
    slow(workers.system, "PATCH")
    workers.system.licenses("globex", delta=3)
    workers.until("the push is open", lambda: workers.system.addition(workers.system.license_product).open is not None)

    first.kill()
    first.wait()
    workers.start()
    heal(workers.system)
    workers.until_settled(15)

    assert "Traceback" not in workers.said()
    assert 1 == kinds(workers.system, workers.system.license_product).count("INCREMENTAL 2026-11")


@pytest.mark.long
def test_a_worker_killed_in_the_middle_of_a_create_leaves_one_addition(workers: Workers) -> None:
    slow(workers.system, "POST")
    introduce(workers.system)
    first = workers.start()
    workers.until("the push is open", lambda: workers.system.addition(workers.system.license_product).open is not None)

    first.kill()
    first.wait()
    heal(workers.system)
    workers.start()
    workers.until_settled(12)

    created = [
        fact for fact in workers.system.facts(workers.system.license_product) if isinstance(fact, AdditionCreated)
    ]
    assert 1 == len(created)


@pytest.mark.long
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_worker_frozen_past_its_deadline_and_woken_again_changes_nothing_any_more(
    workers: Workers, method: str
) -> None:
    begin(workers)
    system, first = workers.system, workers.running[0]
    slow(system, method)
    requests = traffic(system)
    system.licenses("globex", delta=3)
    workers.until("it works on it", lambda: is_in_the_middle(system, method, requests))
    os.kill(first.pid, signal.SIGSTOP)
    heal(system)
    workers.start()
    workers.until_settled(15)
    system.licenses("globex", delta=5)
    workers.until_settled(20)

    os.kill(first.pid, signal.SIGCONT)
    system.licenses("globex", delta=1)
    workers.until_settled(21)

    starts = [fact for fact in system.facts(system.license_product) if isinstance(fact, PushStarted)]
    assert [Decimal(12), Decimal(15), Decimal(20), Decimal(21)] == sorted({start.target for start in starts})
    assert "Traceback" not in workers.said()


@pytest.mark.long
def test_two_workers_on_the_same_additions_write_each_number_once(workers: Workers) -> None:
    begin(workers)
    workers.start()
    for number in range(10):
        workers.system.licenses("globex", delta=1)
        workers.until("it is pushed", lambda: is_held(workers.system, 13 + number))  # noqa: B023  # called at once

    assert "Traceback" not in workers.said()
    assert "ERROR" not in workers.said()


def begin(workers: Workers) -> None:
    workers.start()
    introduce(workers.system)
    workers.until("the addition is created", lambda: is_held(workers.system, 12))


def introduce(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")


def is_held(system: System, quantity: int) -> bool:
    product = system.license_product
    return [Decimal(quantity)] == system.held(product) and system.addition(product).open is None


def is_in_the_middle(system: System, method: str, requests: int) -> bool:
    if method == "PATCH":
        return system.addition(system.license_product).open is not None
    return traffic(system) > requests


def traffic(system: System) -> int:
    found = system.psa.get("traffic")
    return sum(number for number in found.values() if isinstance(number, int))


def slow(system: System, method: str) -> None:
    system.psa.fault("latency", method=method, endpoint="*/additions*", count=1, seconds=3)


def keep_keys(system: System, ours: dict[str, str], url: str) -> None:
    """Put the tenant's keys where a worker looks for them."""
    site = system.psa.url
    with open_http(Guard(frozenset({site}))) as outgoing:
        budget = ProcessBudget(lambda _: Allowance(per_second=100, burst=100))
        wire = Wire(outgoing, CLIENT_ID, budget, limits=Limits(attempts=1))
        address = discover(wire, site_of(site, frozenset({site})), system.psa.company_id)
    vault = Vault(key_source(settings_from(ours)))
    with psycopg.connect(url) as connection:
        credentials = Credentials(system.psa.company_id, "pub", "priv")
        vault.put(connection, MSP, 1, secret_bytes(TenantSecret(address, credentials)))


def uri(conninfo: str) -> str:
    """The settings want a URL; the harness speaks in keywords."""
    parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    query = httpx.QueryParams({"host": str(parts["host"]), "port": str(parts["port"]), "user": str(parts["user"])})
    return f"postgresql:///{parts['dbname']}?{query}"
