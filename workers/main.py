"""The worker process: puts its parts together, answers messages, and looks for what is due until told to stop."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from uuid import uuid4

import dramatiq

from connectwise.exchange import Call, Limits, Wire
from connectwise.guard import Guard, open_http
from connectwise.shared_budget import SharedBudget
from connectwise.tenants import Tenants
from domain.values import MspId
from journal.application import Journal
from journal.clock import Clock
from journal.logs import set_up_logging
from journal.master_keys import key_source
from journal.registry import CODEC
from journal.settings import MissingSetting, Settings
from journal.vault import Vault
from projections.projector import seldom_collected
from projections.reads.standing import watching
from telemetry.numbers import Numbers
from telemetry.settings import telemetry_settings_from
from telemetry.traces import NOT_TRACED, Traces, traces_to
from workers.actors import declare_actors
from workers.allowances import Allowances
from workers.brokers import open_broker
from workers.dispatch import Dispatcher
from workers.leases import Keeper
from workers.pool import open_jobs_pool
from workers.settings import WorkerSettings, worker_settings_from
from workers.tools import Timing, Tools
from workers.views_position import ViewsPosition

log = logging.getLogger(__name__)

STOP_MILLISECONDS = 8_000
"""What is still running then is left to its lease: killing a job at any moment is safe."""
VIEW_PATIENCE_SECONDS = 5.0
LIMITS = Limits(attempts=3, retry_seconds=30.0, patience_seconds=5.0)
"""A job comes back with a back-off of its own, so a read need not be stubborn, nor wait long while other MSPs could
use its thread."""


def limits_for(timing: Timing) -> Limits:
    """Half of a write's time is the answer's: the slowest that was measured took 28 s (api-facts §4).

    Why: what is given up early may still take effect, and an open create that is not found would be made again.
    """
    return replace(LIMITS, least_write_seconds=timing.deadline.total_seconds() / 2)


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """A worker that is put together and not running yet."""

    url: str
    tools: Tools
    broker: dramatiq.Broker
    dispatcher: Dispatcher


@contextmanager
def compose(settings: Settings, own: WorkerSettings, traces: Traces = NOT_TRACED) -> Iterator[WorkerParts]:
    """Put a worker together on its settings; closes everything afterwards.

    Raises: MissingSetting without a database URL or client id; ClockIsMoved in production.
    """
    url = settings.database_url
    if url is None:
        raise MissingSetting("PSA_LEDGER_DATABASE_URL", "a worker does not start a database of its own")
    if settings.client_id is None:
        raise MissingSetting("PSA_LEDGER_CLIENT_ID", "ConnectWise wants the integration's client id on every call")
    Clock(url, settings.mode)
    numbers = Numbers()
    with ExitStack() as parts:
        journal = parts.enter_context(Journal(url, CODEC, pool_size=settings.pool_size))
        pool = parts.enter_context(open_jobs_pool(url, own.threads))
        views = parts.enter_context(ViewsPosition(url))
        vault = Vault(key_source(settings))

        def secret(msp: MspId, connection_number: int) -> bytes:
            with pool.connection() as connection:
                return vault.get(connection, msp, connection_number)

        http = parts.enter_context(open_http(Guard(settings.allowed_origins)))
        budget = parts.enter_context(SharedBudget(pool, Allowances(pool, own.allowance)))

        def watch(call: Call) -> None:
            numbers.psa_called(call)
            traces.done(f"ConnectWise {call.method}", call.lasted, {"verdict": call.verdict})

        wire = Wire(http, settings.client_id, budget, limits=limits_for(own.timing), watch=watch)
        tools = Tools(
            journal=journal,
            pool=pool,
            clients=Tenants(wire, secret),
            wait_for_views=lambda position: views.reach(position, VIEW_PATIENCE_SECONDS),
            timing=own.timing,
            worker=f"worker {socket.gethostname()}/{os.getpid()}",
            keeping=parts.enter_context(Keeper(pool, own.timing.lease)).keeping,
            numbers=numbers,
            traces=traces,
        )
        broker = parts.enter_context(open_broker(settings.broker_url or url, own.threads))
        send = declare_actors(broker, tools)
        dispatcher = Dispatcher(
            pool, send, timing=own.timing, new_holder=lambda: str(uuid4()), most_waiting=4 * own.threads
        )
        yield WorkerParts(url, tools, broker, dispatcher)


def main(settings: Settings) -> int:
    """Run a worker until SIGTERM or SIGINT. Returns the exit status."""
    own, watched = worker_settings_from(settings.mode), telemetry_settings_from()
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with traces_to(watched.traces_url, "worker") as traces:
        set_up_logging("worker", also=traces.ids)
        with (
            seldom_collected(),
            compose(settings, own, traces) as parts,
            watching(watched.listen, parts.url, parts.tools.numbers),
        ):
            worker = dramatiq.Worker(parts.broker, worker_threads=own.threads)
            worker.start()
            log.info("worker ready: %d jobs at a time", own.threads)
            try:
                parts.dispatcher.run(parts.url, stopping)
            finally:
                worker.stop(timeout=STOP_MILLISECONDS)
    return 0
