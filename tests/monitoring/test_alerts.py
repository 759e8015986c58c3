"""Every alert of `monitoring/alerts.yml`: its cause is made to happen in a real ledger, and Prometheus's own evaluation
of the numbers told then says that the alert fires, while it does not over the numbers told before."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from api.errors import log_bug
from api.exchanges import Exchanges
from api.watched import Counted
from domain.values import DriftPolicy
from journal.registry import CODEC
from projections.follower import all_views
from projections.projector import Projector
from telemetry.listener import listening
from telemetry.numbers import Numbers
from telemetry.settings import Address
from tests.journal.sealing import sealed
from tests.monitoring.conftest import Watched
from tests.monitoring.rules import Scrape, firing, needs_promtool
from tests.scenarios.acts import NOVEMBER, at, close, start

pytestmark = [pytest.mark.long, needs_promtool]

FOREVER = 100
"""Minutes that outlast the patience of every alert that counts in minutes."""
_PAUSE = threading.Event()


def until(condition: Callable[[], bool]) -> None:
    """The server takes a moment to let go of a connection that was closed."""
    for _ in range(6_000):
        if condition():
            return
        _PAUSE.wait(0.02)
    raise AssertionError("it does not come about")


@pytest.fixture
def fires(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., bool]:
    def asked(alert: str, *scrapes: Scrape, minutes: int = FOREVER, goes_on: bool = False) -> bool:
        return firing(alert, scrapes, minutes, tmp_path, goes_on=goes_on)

    return asked


Fires = Callable[..., bool]


def test_a_process_that_does_not_answer(watched: Watched, fires: Fires) -> None:
    with listening(Address("127.0.0.1", 0), Numbers(), lambda: ()) as port:
        before = Scrape.taken(f"http://127.0.0.1:{port}")

    after = Scrape.taken(f"http://127.0.0.1:{port}")

    assert not fires("PsaLedgerProcessDown", before)
    assert fires("PsaLedgerProcessDown", before, after)


def test_a_database_that_refuses_everybody(watched: Watched, fires: Fires) -> None:
    before = watched.scrape()

    with refusing_connections(watched.system.url):
        after = Scrape.taken(watched.address)

    assert not fires("PsaLedgerDatabaseUnreachable", before)
    assert fires("PsaLedgerDatabaseUnreachable", before, after)


def test_a_projector_that_is_gone(watched: Watched, fires: Fires) -> None:
    before = watched.scrape()

    watched.system.projector.__exit__(None, None, None)
    until(lambda: Scrape.taken(watched.address).value("psa_ledger_projectors_active") == 0)
    after = Scrape.taken(watched.address)

    assert not fires("PsaLedgerNoProjector", before)
    assert fires("PsaLedgerNoProjector", before, after)
    assert watched.ready("projector").status_code == 503


def test_a_standby_that_is_gone(watched: Watched, fires: Fires) -> None:
    with Projector(watched.system.url, CODEC, all_views()) as standby:
        assert not standby.try_lock()
        before = watched.scrape()

    until(lambda: watched.scrape().value("psa_ledger_projectors_standing_by") == 0)
    after = watched.scrape()

    assert not fires("PsaLedgerNoStandby", before)
    assert fires("PsaLedgerNoStandby", before, after)


def test_views_that_nobody_folds(watched: Watched, fires: Fires) -> None:
    before = watched.scrape()

    watched.system.create("globex")
    watched.system.move_clock(watched.system.now + timedelta(minutes=3))
    after = Scrape.taken(watched.address)

    assert not fires("PsaLedgerViewsBehind", before)
    assert fires("PsaLedgerViewsBehind", before, after)
    assert after.value("psa_ledger_view_lag_facts", view="history") == 1
    assert watched.ready("views").status_code == 503


def test_no_worker_that_looks(watched: Watched, fires: Fires) -> None:
    stopping = threading.Event()
    worker = threading.Thread(target=watched.system.dispatcher.run, args=(watched.system.url, stopping))
    worker.start()
    try:
        until(lambda: watched.scrape().value("psa_ledger_dispatchers") == 1)
        before = watched.scrape()
    finally:
        stopping.set()
        worker.join()
    until(lambda: watched.scrape().value("psa_ledger_dispatchers") == 0)
    after = watched.scrape()

    assert not fires("PsaLedgerNoWorker", before)
    assert fires("PsaLedgerNoWorker", before, after)


def test_a_push_that_nobody_carries_out(watched: Watched, fires: Fires) -> None:
    system = watched.system
    start(system)
    system.licenses("globex", delta=1)
    before = watched.scrape()

    system.move_clock(system.now + timedelta(minutes=20))
    after = watched.scrape()

    assert not fires("PsaLedgerPushesLate", before)
    assert fires("PsaLedgerPushesLate", before, after)
    assert after.value("psa_ledger_due_pushes", lane="ACT", state="due", age="under_1h") == 1
    assert watched.ready("pushes").status_code == 503


def test_a_push_that_a_hold_keeps_back_is_not_late(watched: Watched, fires: Fires) -> None:
    system = watched.system
    start(system)
    system.change_settings(hold_days=5)
    close(system, NOVEMBER)
    system.licenses("globex", delta=1)

    system.move_clock(system.now + timedelta(hours=20))
    after = watched.scrape()

    assert after.value("psa_ledger_due_pushes", lane="ACT", state="later", age="under_1d") == 1
    assert not fires("PsaLedgerPushesLate", after)


def test_pushes_that_take_minutes(watched: Watched, fires: Fires) -> None:
    system = watched.system
    start(system)
    system.licenses("globex", delta=1)
    system.settle()
    first = watched.scrape()
    system.licenses("globex", delta=1)
    system.settle()
    before = watched.scrape()

    system.licenses("globex", delta=1)
    system.fold()
    system.move_clock(system.now + timedelta(minutes=5))
    system.settle()
    after = watched.scrape()

    assert not fires("PsaLedgerPushesSlow", first, before, goes_on=True)
    assert fires("PsaLedgerPushesSlow", before, after, goes_on=True)


def test_a_close_that_nobody_begins(watched: Watched, fires: Fires) -> None:
    start(watched.system)
    watched.system.move_clock(at(12, 1, 0, 45))
    before = watched.scrape()

    watched.system.move_clock(at(12, 1, 1, 5))
    after = watched.scrape()

    assert not fires("PsaLedgerCloseOverdue", before)
    assert fires("PsaLedgerCloseOverdue", before, after)
    assert watched.ready("close").status_code == 503


def test_finals_that_are_not_written(watched: Watched, fires: Fires) -> None:
    system = watched.system
    start(system)
    system.move_clock(at(12, 1, 0, 30))
    system.dispatcher.look()
    before = watched.scrape()

    system.move_clock(at(12, 1, 7))
    after = watched.scrape()

    assert not fires("PsaLedgerFinalsLate", before)
    assert fires("PsaLedgerFinalsLate", before, after)
    assert after.value("psa_ledger_close_msps", state="writing") == 1


def test_finals_that_wait_for_a_person_and_go_on_waiting(watched: Watched, fires: Fires) -> None:
    system = watched.system
    start(system)
    system.change_settings(drift_policy=DriftPolicy.HOLD)
    before = watched.scrape()

    system.psa.hand_edit(system.agreement, system.license_product, 13)
    close(system, NOVEMBER)
    after = watched.scrape()

    assert not fires("PsaLedgerFinalsStuck", before)
    assert fires("PsaLedgerFinalsStuck", before, after)

    before = after
    system.move_clock(system.now + timedelta(hours=25))
    after = watched.scrape()

    assert not fires("PsaLedgerHeldPushesWait", before)
    assert fires("PsaLedgerHeldPushesWait", before, after)


def test_keys_that_connectwise_no_longer_takes(watched: Watched, fires: Fires) -> None:
    system = watched.system
    start(system)
    system.psa.fault("action", method="PATCH", endpoint="*/additions*", count=1, action="keys_revoked")
    system.licenses("globex", delta=1)
    system.settle()
    before = watched.scrape()

    system.move_clock(system.now + timedelta(hours=2))
    after = watched.scrape()

    assert not fires("PsaLedgerConnectionsInAttention", before)
    assert fires("PsaLedgerConnectionsInAttention", before, after)
    assert after.value("psa_ledger_connections", status="ATTENTION") == 1


def test_a_connectwise_that_fails(watched: Watched, fires: Fires) -> None:
    system = watched.system
    start(system)
    system.psa.fault("error", status=503, body="html", count=1)
    look_again(watched)
    first = watched.scrape()
    look_again(watched)
    before = watched.scrape()

    system.psa.fault("error", status=503, body="html")
    look_again(watched)
    after = watched.scrape()

    assert not fires("PsaLedgerConnectWiseFails", first, before, goes_on=True)
    assert fires("PsaLedgerConnectWiseFails", before, after, goes_on=True)


def test_a_connectwise_that_turns_us_away(watched: Watched, fires: Fires) -> None:
    system = watched.system
    start(system)
    system.psa.fault("throttle", retry_after=1, count=1)
    look_again(watched)
    before = watched.scrape()

    system.psa.fault("throttle", retry_after=1)
    look_again(watched)
    look_again(watched)
    after = watched.scrape()

    assert not fires("PsaLedgerConnectWiseThrottles", before, before, goes_on=True)
    assert fires("PsaLedgerConnectWiseThrottles", before, after, goes_on=True)


def test_a_number_that_is_neither_ours_nor_the_one_before(watched: Watched, fires: Fires) -> None:
    system = watched.system
    start(system)
    before = watched.scrape()

    system.psa.fault("cut", method="PATCH", endpoint="*/additions*", count=1, when="before")
    system.licenses("globex", delta=3)
    system.settle()
    system.psa.hand_edit(system.agreement, system.license_product, 99)
    system.move_clock(system.now + timedelta(minutes=10))
    look_again(watched)
    after = watched.scrape()

    assert not fires("PsaLedgerOutcomesUnknown", before)
    assert fires("PsaLedgerOutcomesUnknown", before, after)


def test_a_run_that_nobody_carries_out(watched: Watched, fires: Fires) -> None:
    start(watched.system)
    watched.system.sync_now()
    before = watched.scrape()

    watched.system.move_clock(watched.system.now + timedelta(hours=5))
    after = watched.scrape()

    assert not fires("PsaLedgerRunStuck", before)
    assert fires("PsaLedgerRunStuck", before, after)


def test_facts_that_nobody_signs(watched: Watched, fires: Fires) -> None:
    system = watched.system
    sealed(system.url)
    system.move_clock(system.now + timedelta(hours=1))
    before = watched.scrape()

    system.create("globex")
    system.move_clock(system.now + timedelta(minutes=10))
    after = watched.scrape()

    assert not fires("PsaLedgerJournalUnsigned", before)
    assert fires("PsaLedgerJournalUnsigned", before, after)
    assert watched.ready("audit").status_code == 503


def test_a_bug_that_was_logged(watched: Watched, fires: Fires) -> None:
    before = watched.scrape()

    log_bug("4711", RuntimeError("this should not happen"), request_id="1", path="/graphql")
    after = watched.scrape()

    assert not fires("PsaLedgerErrors", before, before)
    assert fires("PsaLedgerErrors", before, after, minutes=5)


def test_an_api_that_fails(watched: Watched, fires: Fires) -> None:
    has_bug = False

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if has_bug:
            await Request(scope, receive).body()
            raise RuntimeError("this should not happen")
        await httpx_ok(scope, receive, send)

    def asked() -> None:
        async def ask() -> None:
            transport = httpx.ASGITransport(Counted(Exchanges(app), watched.numbers))
            async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
                await client.post("/graphql", content=b"{}")

        asyncio.run(ask())

    asked()
    first = watched.scrape()
    asked()
    before = watched.scrape()
    has_bug = True
    asked()
    middle = watched.scrape()
    asked()
    after = watched.scrape()

    assert not fires("PsaLedgerApiFails", first, before, goes_on=True)
    assert not fires("PsaLedgerApiFails", before, before, goes_on=True)
    assert fires("PsaLedgerApiFails", before, middle, after, goes_on=True)


async def httpx_ok(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


def test_a_server_whose_connections_are_nearly_used(watched: Watched, fires: Fires) -> None:
    before = watched.scrape()
    most = before.value("psa_ledger_database_connections_most")
    used = before.value("psa_ledger_database_connections")

    with ExitStack() as opened:
        for _ in range(int(0.95 * most - used)):
            opened.enter_context(psycopg.connect(watched.system.url))
        after = watched.scrape()

    assert not fires("PsaLedgerDatabaseConnectionsNearlyUsed", before)
    assert fires("PsaLedgerDatabaseConnectionsNearlyUsed", before, after)


def look_again(watched: Watched) -> None:
    """A licence change that is tried at once, whatever was noted before."""
    watched.system.licenses("globex", delta=1)
    watched.system.forget_patience()
    watched.system.settle()


@contextmanager
def refusing_connections(url: str) -> Iterator[None]:
    """The database lets nobody in who is not in already."""
    name = Identifier(str(conninfo_to_dict(url)["dbname"]))
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        try:
            yield
        finally:
            connection.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
