"""What carries the messages: PostgreSQL, Redis or Valkey, or RabbitMQ, by the URL's scheme.

The broker is transport and nothing else. Emptied, restarted or replaced by another one, it loses nothing: what still
waits is found by the dispatchers and sent again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import dramatiq
import psycopg
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import TimeLimit
from dramatiq_postgres import PostgresBroker
from pika.exceptions import AMQPError
from psycopg_pool import ConnectionPool
from redis import RedisError

TIME_LIMIT = timedelta(minutes=10)
BROKER_GONE = (dramatiq.errors.BrokerError, RedisError, AMQPError, psycopg.OperationalError)
"""What sending raises while the broker can not be reached, whichever it is."""
REDIS_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss"}
"""Valkey speaks Redis's protocol; the client library knows the schemes of Redis only."""


def middleware() -> list[dramatiq.Middleware]:
    return [TimeLimit(time_limit=int(TIME_LIMIT.total_seconds() * 1000))]


@contextmanager
def open_broker(url: str, threads: int) -> Iterator[dramatiq.Broker]:
    """A broker for a worker process with so many threads; closed with the block.

    `url` is a broker URL (redis, valkey, amqp and their TLS forms), or what libpq understands for PostgreSQL.
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme in REDIS_SCHEMES:
        where = f"{REDIS_SCHEMES[scheme]}://{rest}"
        redis = RedisBroker(url=where, middleware=middleware())  # type: ignore[no-untyped-call]  # comes without types
        with _closing(redis) as broker:
            yield broker
    elif separator and scheme in {"amqp", "amqps"}:
        with _closing(RabbitmqBroker(url=url, middleware=middleware(), confirm_delivery=True)) as broker:
            yield broker
    else:
        # Queue and delay queue, one to listen, one per thread that acknowledges, and some to enqueue.
        with ConnectionPool(
            url,
            kwargs={"application_name": "psa-ledger queue"},
            min_size=0,
            max_size=threads + 6,
            open=True,
            check=ConnectionPool.check_connection,
        ) as pool:
            postgres = PostgresBroker(
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
