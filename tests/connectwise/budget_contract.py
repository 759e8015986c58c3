"""What every `Budget` must do, whatever it is built on. A suite subclasses `BudgetContract` and makes one."""

import threading
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor

import pytest

from connectwise.budget import Allowance, Budget
from connectwise.errors import After, Throttled
from domain.values import Tenant

ACME = Tenant("na.myconnectwise.net", "acme")
OTHER = Tenant("na.myconnectwise.net", "other")


class BudgetContract:
    @abstractmethod
    def budget(self, allowance: Allowance) -> Budget:
        """A fresh budget in which nobody has taken anything yet."""

    def test_no_more_requests_are_in_flight_than_allowed(self) -> None:
        budget = self.budget(Allowance(parallel=3, per_second=10_000, burst=10_000))
        in_flight, seen, lock = set[int](), list[int](), threading.Lock()

        def request(number: int) -> None:
            with budget.slot(ACME, 120):
                with lock:
                    in_flight.add(number)
                    seen.append(len(in_flight))
                with lock:
                    in_flight.discard(number)

        with ThreadPoolExecutor(12) as pool:
            list(pool.map(request, range(200)))

        assert len(seen) == 200
        assert max(seen) <= 3

    def test_a_place_is_given_back_when_the_request_fails(self) -> None:
        budget = self.budget(Allowance(parallel=1))

        for _ in range(3):
            with pytest.raises(ZeroDivisionError), budget.slot(ACME, 0):
                raise ZeroDivisionError

        with budget.slot(ACME, 0):
            pass

    def test_who_finds_all_places_taken_waits_no_longer_than_its_patience(self) -> None:
        budget = self.budget(Allowance(parallel=1))

        with budget.slot(ACME, 0), pytest.raises(Throttled) as raised, budget.slot(ACME, 0.05):
            pass

        assert raised.value.seconds > 0
        assert raised.value.certainly_not_applied

    def test_a_waiting_request_goes_on_as_soon_as_a_place_is_free(self) -> None:
        budget = self.budget(Allowance(parallel=1))
        waiting, went_on = threading.Event(), threading.Event()

        def request() -> None:
            waiting.set()
            with budget.slot(ACME, 120):
                went_on.set()

        with ThreadPoolExecutor(1) as pool:
            with budget.slot(ACME, 0):
                pool.submit(request)
                waiting.wait(120)
                assert not went_on.is_set()
            assert went_on.wait(120)

    def test_the_burst_is_used_up_and_says_when_to_come_back(self) -> None:
        budget = self.budget(Allowance(parallel=4, per_second=0.001, burst=2))

        for _ in range(2):
            with budget.slot(ACME, 0):
                pass
        with pytest.raises(Throttled) as raised, budget.slot(ACME, 1):
            pass

        assert raised.value.seconds == pytest.approx(1000, rel=0.02)

    def test_a_punished_tenant_is_closed_and_another_is_not(self) -> None:
        budget = self.budget(Allowance())

        budget.punish(ACME, 1_000)

        with pytest.raises(Throttled) as raised, budget.slot(ACME, 1):
            pass
        assert raised.value.seconds == pytest.approx(1_000, rel=0.02)
        assert raised.value.verdict == After(raised.value.seconds)
        with budget.slot(OTHER, 0):
            pass

    def test_a_shorter_punishment_does_not_shorten_a_longer_one(self) -> None:
        budget = self.budget(Allowance())

        budget.punish(ACME, 1_000)
        budget.punish(ACME, 1)

        with pytest.raises(Throttled) as raised, budget.slot(ACME, 1):
            pass
        assert raised.value.seconds == pytest.approx(1_000, rel=0.02)

    def test_tenants_do_not_share_their_places(self) -> None:
        budget = self.budget(Allowance(parallel=1, per_second=0.001, burst=1))

        with budget.slot(ACME, 0), budget.slot(OTHER, 0):
            pass

    def test_who_stays_takes_a_token_for_each_request(self) -> None:
        budget = self.budget(Allowance(parallel=4, per_second=0.001, burst=2))

        with budget.staying(ACME):
            for _ in range(2):
                with budget.slot(ACME, 0):
                    pass
            with pytest.raises(Throttled) as raised, budget.slot(ACME, 1):
                pass

        assert raised.value.seconds == pytest.approx(1000, rel=0.02)

    def test_a_punished_tenant_is_closed_also_to_who_stays(self) -> None:
        budget = self.budget(Allowance())

        with budget.staying(ACME):
            with budget.slot(ACME, 0):
                pass
            budget.punish(ACME, 1_000)
            with pytest.raises(Throttled) as raised, budget.slot(ACME, 1):
                pass
            with budget.slot(OTHER, 0):
                pass

        assert raised.value.seconds == pytest.approx(1_000, rel=0.02)

    def test_no_more_requests_are_in_flight_than_allowed_when_many_stay(self) -> None:
        budget = self.budget(Allowance(parallel=2, per_second=10_000, burst=10_000))
        in_flight, seen, lock = set[tuple[int, int]](), list[int](), threading.Lock()

        def stay(thread: int) -> None:
            with budget.staying(ACME):
                for request in range(5):
                    with budget.slot(ACME, 120):
                        with lock:
                            in_flight.add((thread, request))
                            seen.append(len(in_flight))
                        with lock:
                            in_flight.discard((thread, request))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(stay, range(16)))

        assert len(seen) == 80
        assert max(seen) <= 2
