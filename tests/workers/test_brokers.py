"""The transports: a message sent through each kind of broker is answered by an actor, also one sent before a worker."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import dramatiq
import psycopg
import pytest
import redis

from journal.migrate import migrate
from projections.follower import ledger_steps
from workers.brokers import open_broker
from workers.tables import WORKER_STEPS

QUEUE = "ledger"


def answers_through(url: str) -> bool:
    heard = Event()
    with open_broker(url, threads=2) as broker:
        actor = dramatiq.actor(actor_name="hear", queue_name=QUEUE, broker=broker)(heard.set)
        actor.send()
        worker = dramatiq.Worker(broker, worker_threads=2)
        worker.start()
        try:
            return heard.wait(20)
        finally:
            worker.stop()


def test_messages_travel_over_postgresql(database: str) -> None:
    assert answers_through(database)


def test_the_queues_tables_are_made_by_migrate(empty_database: str) -> None:
    migrate(empty_database, (*ledger_steps(), *WORKER_STEPS))

    with psycopg.connect(empty_database) as connection:
        row = connection.execute("SELECT count(*) FROM dramatiq.queue").fetchone()
    assert (0,) == row


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    server = shutil.which("redis-server") or shutil.which("valkey-server")
    if server is None:
        pytest.skip("neither redis-server nor valkey-server is installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = subprocess.Popen(
        [
            server,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(tmp_path),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        client = redis.Redis(port=port, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 100))
        client.ping()
        client.close()
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        running.terminate()
        running.wait(10)


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
def test_messages_travel_over_redis_and_valkey(redis_url: str, scheme: str) -> None:
    assert answers_through(redis_url.replace("redis://", f"{scheme}://"))
