"""What carries the messages: PostgreSQL, Redis or Valkey, or RabbitMQ, by the URL's scheme.

The broker is transport and nothing else. Emptied, restarted or replaced by another one, it loses nothing: what still
waits is found by the dispatchers and sent again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import LiteralString

import dramatiq
import psycopg
from dramatiq.middleware import TimeLimit
from dramatiq_postgres import PostgresBroker
from dramatiq_postgres.broker import PostgresConsumer
from dramatiq_postgres.utils import raise_connection_error
from psycopg_pool import ConnectionPool
from typing_extensions import override

from workers.pool import trusting_check

TIME_LIMIT = timedelta(minutes=10)
REDIS_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss"}
"""Valkey speaks Redis's protocol; the client library knows the schemes of Redis only."""


def middleware() -> list[dramatiq.Middleware]:
    return [TimeLimit(time_limit=int(TIME_LIMIT.total_seconds() * 1000))]


class BrokerGone(Exception):
    """The broker takes no messages now. What waits is still in the views and is sent when the broker is back."""


def gone_errors(broker: dramatiq.Broker) -> tuple[type[Exception], ...]:
    """What sending raises while this broker can not be reached."""
    if isinstance(broker, PostgresBroker):
        return (psycopg.OperationalError,)
    from pika.exceptions import AMQPError  # noqa: PLC0415 - see `open_broker`
    from redis import RedisError  # noqa: PLC0415 - see `open_broker`

    return (dramatiq.errors.BrokerError, AMQPError, RedisError)


_ENQUEUE: LiteralString = """
WITH enqueued AS (
  INSERT INTO dramatiq.queue (queue_name, message_id, state, message, available_at)
  SELECT m.queue_name, m.message_id, 'queued'::dramatiq.state, m.message::jsonb, now()
    FROM unnest(%s::text[], %s::uuid[], %s::text[]) WITH ORDINALITY AS m (queue_name, message_id, message, place)
   ORDER BY m.place
  RETURNING queue_name
)
SELECT pg_notify('dramatiq.' || queue_name || '.enqueue', '') FROM (SELECT DISTINCT queue_name FROM enqueued) AS q
"""
"""What the library does for one message, for many."""
_ACKNOWLEDGE: LiteralString = (
    "DELETE FROM dramatiq.queue WHERE message_id = %s AND queue_name = %s AND state = 'consumed'"
)
"""The library's own deletion, without its announcement, which nobody here waits for."""


class _QuietConsumer(PostgresConsumer):  # type: ignore[misc]  # comes without types
    """Acknowledges a message in one round trip, and wakes nobody by it.

    Why: the library takes three, and announces each; an announcement wakes everybody who listens to anything.
    """

    @raise_connection_error  # type: ignore[untyped-decorator]  # comes without types
    @override
    def ack(self, message: dramatiq.MessageProxy) -> None:
        with self.pool.connection() as connection:
            connection.execute(_ACKNOWLEDGE, (message.message_id, message.queue_name))
        self.in_processing.discard(message.message_id)
        self.wakeup.set()


class _ManyAtOnce(PostgresBroker):  # type: ignore[misc]  # comes without types
    """PostgreSQL as a broker that takes many messages in one transaction and one round trip.

    Why: the library takes each in a transaction of its own, four round trips, which was a third of a worker's time at
    a month's end; it also tries again for minutes, where the dispatcher looks again anyway.
    """

    @override
    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30_000) -> PostgresConsumer:
        return _QuietConsumer(broker=self, queue_name=queue_name, prefetch=prefetch, timeout=timeout)

    def enqueue_all(self, messages: Sequence[dramatiq.Message[None]]) -> None:
        """Raises: psycopg.OperationalError, and nothing is enqueued then."""
        for message in messages:
            self.emit_before("enqueue", message, None)
        with self.pool.connection() as connection:
            connection.execute(
                _ENQUEUE,
                (
                    [message.queue_name for message in messages],
                    [message.message_id for message in messages],
                    [message.encode().decode() for message in messages],
                ),
            )
        for message in messages:
            self.emit_after("enqueue", message, None)


def enqueue_all(broker: dramatiq.Broker, messages: Sequence[dramatiq.Message[None]]) -> None:
    """Hand messages to the broker, in one go where it can. Raises: what `gone_errors` names, after some of them."""
    if isinstance(broker, _ManyAtOnce):
        broker.enqueue_all(messages)
        return
    for message in messages:
        broker.enqueue(message)


@contextmanager
def open_broker(url: str, threads: int) -> Iterator[dramatiq.Broker]:
    """A broker for a worker process with so many threads; closed with the block.

    `url` is a broker URL (redis, valkey, amqp and their TLS forms), or what libpq understands for PostgreSQL.
    Why: a client is loaded only where its broker is used; that of Redis brings half of OpenTelemetry along.
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme in REDIS_SCHEMES:
        from dramatiq.brokers.redis import RedisBroker  # noqa: PLC0415 - see above

        where = f"{REDIS_SCHEMES[scheme]}://{rest}"
        redis = RedisBroker(url=where, middleware=middleware())  # type: ignore[no-untyped-call]  # comes without types
        with _closing(redis) as broker:
            yield broker
    elif separator and scheme in {"amqp", "amqps"}:
        from dramatiq.brokers.rabbitmq import RabbitmqBroker  # noqa: PLC0415 - see above

        with _closing(RabbitmqBroker(url=url, middleware=middleware(), confirm_delivery=True)) as broker:
            yield broker
    else:
        # Queue and delay queue, one to listen, some to enqueue, and as many as acknowledge at the same time.
        with ConnectionPool(
            url,
            # A message that a crash of the server takes away is sent again, like any other.
            kwargs={
                "autocommit": True,
                "application_name": "psa-ledger queue",
                "options": "-c synchronous_commit=off",
            },
            min_size=0,
            max_size=min(threads, 8) + 6,
            open=True,
            check=trusting_check(),
        ) as pool:
            postgres = _ManyAtOnce(
                pool=pool, results=False, middleware=middleware(), heartbeat_interval=5.0, heartbeat_ttl=20.0
            )
            with _closing(postgres) as broker:
                yield broker


@contextmanager
def _closing(broker: dramatiq.Broker) -> Iterator[dramatiq.Broker]:
    try:
        yield broker
    finally:
        broker.close()
