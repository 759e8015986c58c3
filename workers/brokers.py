"""What carries the messages: PostgreSQL, Redis or Valkey, or RabbitMQ, by the URL's scheme.

The broker is transport and nothing else. Emptied, restarted or replaced by another one, it loses nothing: what still
waits is found by the dispatchers and sent again.
"""

import logging
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

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
LAST_SECONDS = 2.0
"""How long a consumer that ends waits for a connection to say what it has answered."""

log = logging.getLogger(__name__)


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
  SELECT m.message ->> 'queue_name', (m.message ->> 'message_id')::uuid, 'queued'::dramatiq.state, m.message, now()
    FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS m (message, place)
   ORDER BY m.place
  RETURNING queue_name
)
SELECT pg_notify('dramatiq.' || queue_name || '.enqueue', '') FROM (SELECT DISTINCT queue_name FROM enqueued) AS q
"""
"""What the library does for one message, for many; they travel as one text, since a list of texts is dear to spell."""
_ANSWERED: LiteralString = (
    "DELETE FROM dramatiq.queue"
    " WHERE queue_name = %(queue)s AND message_id = ANY(%(answered)s) AND (state = 'consumed') IS TRUE"
)
"""The library's own deletion, for many, and without its announcement, which nobody here waits for.

The state is asked for in a way that no index answers: there is one on it, which would find all that is being answered.
"""
_CLAIM: LiteralString = f"""
WITH answered AS ({_ANSWERED}), next AS (
  SELECT message_id FROM dramatiq.queue
   WHERE queue_name = %(queue)s AND state = 'queued' AND available_at <= now()
   ORDER BY available_at, position LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE dramatiq.queue AS q SET state = 'consumed', worker_id = %(worker)s, consumed_at = now(), mtime = now()
  FROM next WHERE q.message_id = next.message_id
RETURNING q.message::text
"""  # noqa: S608 - our own constants
"""The library's own claim, which takes away what was answered meanwhile."""


class _FrugalConsumer(PostgresConsumer):  # type: ignore[misc]  # comes without types
    """Acknowledges messages along with the next claim, in one round trip, and wakes nobody by it.

    Why: the library takes three for an acknowledgement and three for a claim, and announces each message; an
    announcement wakes everybody who listens to anything. An acknowledgement that a crash takes away means that the
    message comes again, and finds its job done or its lease gone.
    """

    broker: "_ManyAtOnce"

    @override
    def ack(self, message: dramatiq.MessageProxy) -> None:
        self.broker.answered[self.queue_name].append(UUID(message.message_id))
        self.in_processing.discard(message.message_id)
        self.wakeup.set()  # there is room for another one, so the next claim is now

    @override
    def claim(self, limit: int) -> None:
        asked = {"limit": limit, "worker": self.broker.worker_id}
        for (payload,) in self._with_answered(self.get_consume_conn(), _CLAIM, asked):
            self.buffer.append(dramatiq.Message.decode(payload.encode()))

    @override
    def close(self) -> None:
        """What can not be taken away now is left to the next consumer, or comes again and finds its job done."""
        try:
            if self.broker.answered[self.queue_name]:
                with self.pool.connection(timeout=LAST_SECONDS) as connection:
                    self._with_answered(connection, f"{_ANSWERED} RETURNING message_id", {})
        except (psycopg.OperationalError, dramatiq.errors.BrokerConnectionError) as error:
            log.warning("what was answered last is not taken from the queue: %s", error)
        finally:
            super().close()

    @raise_connection_error  # type: ignore[untyped-decorator]  # comes without types
    def _with_answered(
        self, connection: psycopg.Connection[Any], statement: LiteralString, asked: dict[str, object]
    ) -> list[tuple[str]]:
        """Run a statement that takes away the answered messages; if it fails they are left to the next one."""
        waiting = self.broker.answered[self.queue_name]
        answered = [waiting.popleft() for _ in range(len(waiting))]
        try:
            given = {"queue": self.queue_name, "answered": answered, **asked}
            return connection.execute(statement, given).fetchall()
        except BaseException:
            waiting.extend(answered)
            raise


class _ManyAtOnce(PostgresBroker):  # type: ignore[misc]  # comes without types
    """PostgreSQL as a broker that takes many messages in one transaction and one round trip.

    Why: the library takes each in a transaction of its own, four round trips, which was a third of a worker's time at
    a month's end; it also tries again for minutes, where the dispatcher looks again anyway.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        super().__init__(pool=pool, results=False, middleware=middleware(), heartbeat_interval=5.0, heartbeat_ttl=20.0)
        self.answered: defaultdict[str, deque[UUID]] = defaultdict(deque)
        """By queue; here, since a consumer is replaced after an error."""

    @override
    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30_000) -> PostgresConsumer:
        return _FrugalConsumer(broker=self, queue_name=queue_name, prefetch=prefetch, timeout=timeout)

    def enqueue_all(self, messages: Sequence[dramatiq.Message[None]]) -> None:
        """Raises: psycopg.OperationalError, and nothing is enqueued then."""
        for message in messages:
            self.emit_before("enqueue", message, None)
        with self.pool.connection() as connection:
            connection.execute(_ENQUEUE, (f"[{','.join(message.encode().decode() for message in messages)}]",))
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
        # Queue and delay queue, one to listen, some to enqueue or to reject at the same time.
        with (
            ConnectionPool(
                url,
                # A message that a crash of the server takes away is sent again, like any other.
                # Few messages wait, but their table is long after a busy hour, which PostgreSQL can not know: so an
                # index is used wherever there is one.
                kwargs={
                    "autocommit": True,
                    "application_name": "psa-ledger queue",
                    "options": "-c synchronous_commit=off -c enable_seqscan=off",
                },
                min_size=0,
                max_size=min(threads, 8) + 6,
                open=True,
                check=trusting_check(),
            ) as pool,
            _closing(_ManyAtOnce(pool)) as broker,
        ):
            yield broker


@contextmanager
def _closing(broker: dramatiq.Broker) -> Iterator[dramatiq.Broker]:
    try:
        yield broker
    finally:
        broker.close()
