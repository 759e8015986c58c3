"""The transports: a message sent through each kind of broker is answered by an actor, also one sent before a worker."""

from pathlib import Path
from threading import Event

import dramatiq
import psycopg
import pytest

from journal.migrate import migrate
from projections.follower import ledger_steps
from tests.workers.broker_servers import RedisServer
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
            return heard.wait(120)
        finally:
            worker.stop()


def test_messages_travel_over_postgresql(database: str) -> None:
    assert answers_through(database)


def test_an_answered_message_leaves_the_queue_and_wakes_nobody(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as listening:
        listening.execute(f'LISTEN "dramatiq.{QUEUE}.ack"')

        assert answers_through(database)

        assert (0,) == listening.execute("SELECT count(*) FROM dramatiq.queue").fetchone()
        assert [] == list(listening.notifies(timeout=0))


def test_the_queues_tables_are_made_by_migrate(empty_database: str) -> None:
    migrate(empty_database, (*ledger_steps(), *WORKER_STEPS))

    with psycopg.connect(empty_database) as connection:
        row = connection.execute("SELECT count(*) FROM dramatiq.queue").fetchone()
    assert (0,) == row


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
def test_messages_travel_over_redis_and_valkey(tmp_path: Path, scheme: str) -> None:
    with RedisServer.running(tmp_path) as server:
        assert answers_through(server.url.replace("redis://", f"{scheme}://"))
