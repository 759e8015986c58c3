"""A whole ledger over each broker: real workers, and a broker that is killed and comes back empty."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.fresh_ledger import Template, ledger_template
from tests.torture.test_real_processes import Workers, introduce, is_held, real_workers
from tests.workers.broker_servers import BrokerServer, RabbitServer, RedisServer

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def ledgers(postgres: str) -> Iterator[Template]:
    with ledger_template(postgres) as template:
        yield template


@contextmanager
def workers_over(server: BrokerServer, ledgers: Template, directory: Path) -> Iterator[Workers]:
    with real_workers(ledgers, directory, BROKER_URL=server.url) as workers:
        yield workers


@pytest.mark.parametrize("kind", [RedisServer, RabbitServer])
def test_a_broker_that_is_killed_and_comes_back_empty_loses_nothing(
    kind: type[BrokerServer], ledgers: Template, tmp_path: Path
) -> None:
    with kind.running(tmp_path) as server, workers_over(server, ledgers, tmp_path) as workers:
        workers.start()
        workers.start()
        introduce(workers.system)
        workers.until("the addition is created", lambda: is_held(workers.system, 12))

        server.stop()
        workers.system.licenses("globex", delta=3)
        workers.until("both find out", lambda: workers.said().count("the broker takes no messages") >= 1)
        server.start()
        workers.until("it is pushed", lambda: is_held(workers.system, 15))
        workers.system.licenses("globex", delta=1)
        workers.until("the next one too", lambda: is_held(workers.system, 16))

        assert [None, None] == [worker.poll() for worker in workers.running]
