"""The panel as its users get it: the API over HTTP with the built files, and workers that carry out what is due."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import uvicorn
from anyio.from_thread import BlockingPortal
from starlette.applications import Starlette

from simulator.server import listening_socket, url_of
from tests.syncing.whole import Whole


@contextmanager
def over_http(app: Starlette, portal: BlockingPortal) -> Iterator[str]:
    """Serve an application whose lifespan runs in the portal already, in that same event loop. Gives its URL."""
    bound = listening_socket("127.0.0.1", 0)
    config = uvicorn.Config(app, lifespan="off", log_level="error", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    ended = portal.start_task_soon(server.serve, [bound])
    try:
        yield url_of(bound)
    finally:
        server.should_exit = True
        ended.result(timeout=20)
        bound.close()


PATIENCE_SECONDS = 30.0


class Attended(Whole):
    """A ledger beside which a worker is at work."""

    def settle(self, rounds: int = 50) -> None:
        """Wait until nothing is due any more and nobody carries anything out."""
        give_up_at = monotonic() + PATIENCE_SECONDS
        waiting = threading.Event()
        dispatcher = self.dispatcher()
        while True:
            self.folded()
            if not dispatcher.look() and not self._busy():
                return
            assert monotonic() < give_up_at, "workers are still busy"
            waiting.wait(0.02)

    def _busy(self) -> bool:
        """Whether somebody holds the lease of a job of this MSP. Probes and watches are kept leased on purpose."""
        with self.pool.connection() as connection:
            found = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM leases WHERE msp = %s AND until > clock_timestamp()"
                " AND job NOT LIKE 'probe:%%' AND job NOT LIKE 'watch:%%')",
                (self.msp,),
            ).fetchone()
        return found is not None and bool(found[0])


@contextmanager
def at_work(ledger: Whole) -> Iterator[None]:
    """A dispatcher that looks whenever something moves, for all MSPs of the database, as in a worker process."""
    stopping = threading.Event()
    thread = threading.Thread(
        target=ledger.dispatcher().run, args=(ledger.api.database_url, stopping), name="worker", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(timeout=20)
        assert not thread.is_alive(), "the worker did not stop"
