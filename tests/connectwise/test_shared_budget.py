"""The budget that all processes share: the same contract, on PostgreSQL."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from psycopg_pool import ConnectionPool
from typing_extensions import override

from connectwise.budget import Allowance, Budget
from connectwise.errors import Throttled
from connectwise.shared_budget import ALIVE, TABLES, SharedBudget
from tests.connectwise.budget_contract import ACME, BudgetContract


@pytest.fixture
def pool(empty_database: str) -> Iterator[ConnectionPool]:
    with psycopg.connect(empty_database) as connection:
        connection.execute(TABLES)
    with ConnectionPool(empty_database, min_size=1, max_size=16, open=True) as pool:
        yield pool


class TestSharedBudget(BudgetContract):
    pool: ConnectionPool

    @pytest.fixture(autouse=True)
    def _on_a_database(self, pool: ConnectionPool) -> None:
        self.pool = pool

    @override
    def budget(self, allowance: Allowance) -> Budget:
        return SharedBudget(self.pool, lambda _: allowance)

    def test_two_processes_share_the_places_of_a_tenant(self) -> None:
        one = SharedBudget(self.pool, lambda _: Allowance(parallel=1))
        other = SharedBudget(self.pool, lambda _: Allowance(parallel=1))

        with one.slot(ACME, 0):
            assert self.is_closed(other)
        assert not self.is_closed(other)

    def test_the_place_of_a_process_that_died_comes_free(self) -> None:
        budget = SharedBudget(self.pool, lambda _: Allowance(parallel=1))
        held = budget.slot(ACME, 0)
        held.__enter__()

        with self.pool.connection() as connection:
            connection.execute("UPDATE request_processes SET until = until - %s", (ALIVE,))

        assert not self.is_closed(budget)
        held.__exit__(None, None, None)

    def test_a_process_that_lives_keeps_its_place_through_a_long_request(self) -> None:
        budget = SharedBudget(self.pool, lambda _: Allowance(parallel=1))
        other = SharedBudget(self.pool, lambda _: Allowance(parallel=1))

        with budget, budget.slot(ACME, 0):
            threads = [thread.name for thread in threading.enumerate()]
            assert "request budget" in threads
            assert self.is_closed(other)

        assert "request budget" not in [thread.name for thread in threading.enumerate()]

    def is_closed(self, budget: SharedBudget) -> bool:
        try:
            with budget.slot(ACME, 0):
                return False
        except Throttled:
            return True
