"""The panel as its users get it: the API over HTTP with the built files, and workers that carry out what is due."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

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
