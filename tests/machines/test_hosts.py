"""Three hosts: PostgreSQL on one, the ledger's processes on the others; cables are pulled and plugged in again."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.values import PsaAgreementId
from journal.settings import noticing
from journal.tables import APPEND_LOCK
from projections.freshness import views_position
from projections.projector import LOCK
from simulator.tenant_recipes import Recipe
from tests.machines.network import Host, Net, Network, needs_namespaces, network
from tests.machines.site import Database, Server, postgres_on, site, until
from tests.scenarios.acts import heal
from tests.torture.test_real_processes import keep_keys
from tests.workers.system import RECIPE, System, ready_system

pytestmark = [pytest.mark.long, needs_namespaces]

ORGANIZATIONS = 24
TAKEN_OVER_SECONDS = 90.0
STANDBY_SECONDS = 15.0
THREADS_PER_WORKER = 2
SHARED_BY_ALL = 3 * 2 * THREADS_PER_WORKER
"""A worker takes two messages per thread off the queue: so many at a time leave none of three workers without one."""
LARGER: Recipe = {**RECIPE, "data": {"companies": 30, "agreements": 40, "products": 60}}


@dataclass(frozen=True)
class Machines:
    """Three hosts and this one, on which ConnectWise answers."""

    network: Network
    database: Host
    one: Host
    two: Host
    server: Server
    here: str


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with network() as made, ExitStack() as stack:
        here = made.plug_in_this_machine(Net.PSA)
        database, one, two = made.host("db"), made.host("one"), made.host("two")
        server = stack.enter_context(postgres_on(database))
        yield Machines(made, database, one, two, server, here)


@pytest.fixture
def ledger(machines: Machines) -> Iterator[Database]:
    with machines.server.ledger() as made:
        yield made


Tell = Callable[[str], None]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Says what was measured, also when the test passes."""

    def said(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return said


def test_a_lock_held_by_a_host_that_is_gone_stops_nobody_for_long(
    machines: Machines, ledger: Database, tell: Tell
) -> None:
    holding = subprocess.Popen(
        machines.two.command(
            sys.executable,
            "-c",
            "import sys, psycopg\n"
            "connection = psycopg.connect(sys.argv[1])\n"
            "connection.execute('SELECT pg_advisory_xact_lock(%s)', (int(sys.argv[2]),))\n"
            "print('held', flush=True)\n"
            "sys.stdin.read()",
            noticing(ledger.url),
            str(APPEND_LOCK),
        ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holding.stdout is not None
        assert holding.stdout.readline() == b"held\n"
        machines.network.cut(machines.two, Net.DATABASE)
        with psycopg.connect(ledger.here) as connection:
            took = until("the lock is free", lambda: can_append(connection), STANDBY_SECONDS)
    finally:
        machines.network.mend(machines.two, Net.DATABASE)
        holding.kill()
        holding.communicate()

    tell(f"an append waits {took:.1f} s for the lock of a host that is gone")
    assert took > 1, "the cut host held it"


def can_append(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (APPEND_LOCK,)).fetchone()
    connection.rollback()
    assert row is not None
    return bool(row[0])


def test_a_projector_killed_or_cut_off_under_load_is_replaced_within_seconds(
    machines: Machines, ledger: Database, tmp_path: Path, tell: Tell
) -> None:
    with (
        ready_system(ledger.here, recipe=LARGER, psa_host=machines.here) as system,
        site(ledger, tmp_path) as processes,
        load(system) as recorded,
    ):
        system.projector.__exit__(None, None, None)
        first = processes.start(machines.one, "projector")
        until("one folds", lambda: folds_from(ledger, machines.one), 30)
        processes.start(machines.two, "projector")
        until("two stands by", lambda: processes.listeners("psa-ledger projector", machines.two) == 1, 30)
        until("the views follow", lambda: lag(ledger.here) < 50, 30)

        first.kill()
        first.wait()
        at = recorded()
        killed = until("the standby has taken over", lambda: position(ledger.here) > at, STANDBY_SECONDS)
        assert folds_from(ledger, machines.two)

        processes.start(machines.one, "projector")
        until("one stands by", lambda: processes.listeners("psa-ledger projector", machines.one) == 1, 30)
        until("the views follow", lambda: lag(ledger.here) < 50, 30)
        machines.network.cut(machines.two, Net.DATABASE)
        at = recorded()
        cut = until("the standby has taken over", lambda: position(ledger.here) > at + 20, STANDBY_SECONDS)
        machines.network.mend(machines.two, Net.DATABASE)
        until("two stands by again", lambda: processes.listeners("psa-ledger projector", machines.two) == 1, 60)
        until("the views follow", lambda: lag(ledger.here) < 50, 30)

    tell(f"taken over {killed:.1f} s after a kill, {cut:.1f} s after a cut")


def test_a_worker_host_cut_off_loses_its_work_to_others_and_does_no_harm_when_it_is_back(
    machines: Machines, ledger: Database, tmp_path: Path, tell: Tell
) -> None:
    net, one, two = machines.network, machines.one, machines.two
    three = net.host("three")
    with (
        ready_system(ledger.here, recipe=LARGER, psa_host=machines.here) as system,
        site(
            ledger,
            tmp_path,
            ALLOWED_ORIGINS=system.psa.url,
            WORKER_THREADS=str(THREADS_PER_WORKER),
            PUSH_DEADLINE_SECONDS="75",
        ) as processes,
    ):
        system.change_settings(parallel_requests=SHARED_BY_ALL)
        keep_keys(system, dict(processes.settings), ledger.here)
        system.projector.__exit__(None, None, None)
        processes.start(machines.database, "projector")
        workers = {host: processes.start(host, "worker").pid for host in (one, two, three)}
        expected = customers(system)
        until("everything is pushed", lambda: holds(system, expected), 60)

        head = system.journal.head()
        system.psa.fault("latency", method="PATCH", endpoint="*/additions*", seconds=20)
        expected = {agreement: more(system, agreement, quantity) for agreement, quantity in expected.items()}
        until("all three write", lambda: set(workers.values()) <= writing(system, head), 60)
        net.cut(two, Net.DATABASE, Net.PSA)
        net.cut(three, Net.DATABASE)
        heal(system)
        took = until("others finish the work", lambda: holds(system, expected), TAKEN_OVER_SECONDS)

        net.mend(two, Net.DATABASE, Net.PSA)
        net.mend(three, Net.DATABASE)
        until("two is back", lambda: processes.listeners("psa-ledger dispatcher", two) == 1, 60)
        until("three is back", lambda: processes.listeners("psa-ledger dispatcher", three) == 1, 60)
        expected = {agreement: more(system, agreement, quantity) for agreement, quantity in expected.items()}
        # A message that went to a host whose queue still finds itself again is sent once more after its lease.
        again = until("everything is pushed again", lambda: holds(system, expected), 120)
        written = writes(system)

    tell(f"the work of two hosts that were cut off was finished by others in {took:.1f} s, the next in {again:.1f} s")
    for agreement, quantity in expected.items():
        once = [("POST", quantity - 10), ("PATCH", quantity - 5), ("PATCH", quantity)]
        assert once == written[agreement], agreement


def customers(system: System) -> dict[int, int]:
    """One organization per agreement, with licences. Shape: the quantity by agreement."""
    agreements = [
        one["id"]
        for one in system.psa.get("records/agreement")
        if not one.get("cancelledFlag") and one.get("agreementStatus") in (None, "Active")
    ][:ORGANIZATIONS]
    for number, agreement in enumerate(agreements):
        system.create(f"org-{agreement}")
        system.licenses(f"org-{agreement}", quantity=10 + number)
        system.map_company(f"org-{agreement}", PsaAgreementId(agreement))
    return {agreement: 10 + number for number, agreement in enumerate(agreements)}


def more(system: System, agreement: int, quantity: int) -> int:
    system.licenses(f"org-{agreement}", delta=5)
    return quantity + 5


def holds(system: System, expected: Mapping[int, int]) -> bool:
    """Whether ConnectWise holds these quantities, once each, and no push is open."""
    held: dict[int, list[Decimal]] = {}
    for record in system.psa.get("records/addition"):
        if record["product"]["id"] == system.license_product and record["agreementId"] in expected:
            held.setdefault(record["agreementId"], []).append(Decimal(str(record["quantity"])))
    if held != {agreement: [Decimal(quantity)] for agreement, quantity in expected.items()}:
        return False
    with system.tools.pool.connection() as connection:
        row = connection.execute("SELECT count(*) FROM additions WHERE open_push IS NOT NULL").fetchone()
    return row == (0,) and lag(system.url) == 0


def writing(system: System, after: int) -> set[int]:
    """The process ids of the workers that have begun a push since and not ended it."""
    with system.tools.pool.connection() as connection:
        rows = connection.execute(
            "SELECT convert_from(f.state, 'UTF8')::json #>> '{actor,subject}' FROM facts f"
            " WHERE f.topic = 'addition.push-started.v1' AND f.notification_id > %s AND NOT EXISTS ("
            "   SELECT 1 FROM facts l WHERE l.originator_id = f.originator_id"
            "      AND l.originator_version > f.originator_version)",
            (after,),
        ).fetchall()
    return {int(subject.rpartition("/")[2]) for (subject,) in rows}


def writes(system: System) -> dict[int, list[tuple[str, int]]]:
    """What was written to the licences' addition of each agreement, in order: the verb and the quantity."""
    found: dict[int, list[tuple[str, int]]] = {}
    records = {record["id"]: record for record in system.psa.get("records/addition")}
    for entry in system.psa.get("log"):
        match = re.search(r"/agreements/(\d+)/additions(?:/(\d+))?$", entry["path"])
        if match is None or entry["method"] not in ("POST", "PATCH"):
            continue
        body = entry["body"]
        product = body["product"]["id"] if match[2] is None else records[int(match[2])]["product"]["id"]
        if product == system.license_product:
            quantity = body["quantity"] if match[2] is None else body[0]["value"]
            found.setdefault(int(match[1]), []).append((entry["method"], int(quantity)))
    return found


def position(url: str) -> int:
    with psycopg.connect(url) as connection:
        return views_position(connection)


def lag(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT coalesce(max(notification_id), 0) FROM facts").fetchone()
        assert row is not None
        return int(row[0]) - views_position(connection)


def folds_from(ledger: Database, host: Host) -> bool:
    """Whether the active projector works on this host."""
    with psycopg.connect(ledger.here) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
            " WHERE l.locktype = 'advisory' AND l.objid = %s AND l.granted AND a.client_addr = %s::inet",
            (LOCK, host.address(Net.DATABASE)),
        ).fetchone()
    return row == (1,)


@contextmanager
def load(system: System) -> Iterator[Callable[[], int]]:
    """Facts without end from another thread; the context's value tells the newest position."""
    over = threading.Event()
    newest = 0

    def record() -> None:
        nonlocal newest
        system.create("busy")
        while not over.wait(0.01):
            newest = system.licenses("busy", delta=1)[-1].position

    thread = threading.Thread(target=record)
    thread.start()
    try:
        yield lambda: newest
    finally:
        over.set()
        thread.join()
