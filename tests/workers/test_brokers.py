"""The transports: a message sent through each kind of broker is answered by an actor, also one sent before a worker."""

from pathlib import Path
from threading import Event

import dramatiq
import psycopg
import pytest

from journal.migrate import migrate
from projections.follower import ledger_steps
from tests.workers.broker_servers import RedisServer
from workers import brokers
from workers.brokers import enqueue_all, open_broker
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


def test_answered_messages_leave_the_queue_along_with_the_next_claim_whatever_became_of_the_last_one(
    database: str,
) -> None:
    def waiting() -> int:
        [(count,)] = connection.execute("SELECT count(*) FROM dramatiq.queue")
        return int(count)

    with psycopg.connect(database, autocommit=True) as connection, open_broker(database, threads=2) as broker:
        broker.declare_queue(QUEUE)
        enqueue_all(broker, [message(number) for number in range(3)])
        consumer = broker.consume(QUEUE, prefetch=2, timeout=0)
        first, second = next(consumer), next(consumer)
        assert first is not None
        assert second is not None
        assert [(0,), (1,)] == [first.args, second.args]
        consumer.ack(first)
        assert 3 == waiting()

        third = next(consumer)

        assert third is not None
        assert (2,) == third.args
        assert 2 == waiting()

        consumer.ack(second)
        consumer.ack(third)
        connection.execute("ALTER TABLE dramatiq.queue RENAME COLUMN mtime TO elsewhere")
        with pytest.raises(psycopg.errors.UndefinedColumn):
            next(consumer)
        connection.execute("ALTER TABLE dramatiq.queue RENAME COLUMN elsewhere TO mtime")
        consumer.close()
        assert 0 == waiting()


def test_a_consumer_ends_quietly_while_the_database_is_gone(
    database: str, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    monkeypatch.setattr(brokers, "LAST_SECONDS", 0.1)
    with open_broker(database, threads=2) as broker, psycopg.connect(postgres, autocommit=True) as admin:
        broker.declare_queue(QUEUE)
        enqueue_all(broker, [message(1)])
        consumer = broker.consume(QUEUE, prefetch=2, timeout=0)
        heard = next(consumer)
        assert heard is not None
        consumer.ack(heard)
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            consumer.close()
        finally:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

        with psycopg.connect(database, autocommit=True) as connection:
            for _ in range(5):  # each finds out about one of the pool's connections
                broker.consume(QUEUE, prefetch=2, timeout=0).close()
            assert [(0,)] == connection.execute("SELECT count(*) FROM dramatiq.queue").fetchall()


def message(number: int) -> dramatiq.Message[None]:
    return dramatiq.Message(queue_name=QUEUE, actor_name="hear", args=(number,), kwargs={}, options={})


def test_many_messages_come_as_they_were_sent(database: str) -> None:
    with open_broker(database, threads=2) as broker:
        broker.declare_queue(QUEUE)
        sent = [message(number) for number in range(3)]
        sent[1] = sent[1].copy(args=('Zoë\'s \\ "company"',))

        enqueue_all(broker, sent)

        consumer = broker.consume(QUEUE, prefetch=3, timeout=0)
        came = [next(consumer) for _ in sent]
        consumer.close()
    assert [one.asdict() for one in sent] == [one.asdict() for one in came if one is not None]


def test_the_queues_tables_are_made_by_migrate(empty_database: str) -> None:
    migrate(empty_database, (*ledger_steps(), *WORKER_STEPS))

    with psycopg.connect(empty_database) as connection:
        row = connection.execute("SELECT count(*) FROM dramatiq.queue").fetchone()
    assert (0,) == row


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
def test_messages_travel_over_redis_and_valkey(tmp_path: Path, scheme: str) -> None:
    with RedisServer.running(tmp_path) as server:
        assert answers_through(server.url.replace("redis://", f"{scheme}://"))
