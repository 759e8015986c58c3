"""From a licence change answered to the addition holding it in ConnectWise, with a simulator without latency.

Promise: median under 300 ms, 95th percentile under 1 s over 200 changes.
"""

import time
from collections.abc import Iterator

from bench.demo_msp import CHANGE, ORGANIZATION, connect_and_map, done
from bench.figures import Told, at_most, percentile, spread
from bench.running import RunningSystem, running_system
from simulator.demo import DEMO_COMPANY_ID

CHANGES = 200
PATIENCE_SECONDS = 30.0


def measure() -> Iterator[Told]:
    with running_system() as system:
        agreement, product = connect_and_map(system)
        # By its id: a list would be worked out anew at each look, and take the simulator's time from the push.
        path = f"tenants/{DEMO_COMPANY_ID}/records/addition/{addition_of(system, agreement, product)}"
        until_held(system, path, 12)
        answered, arrived = [], []
        for number in range(CHANGES):
            quantity = 100 + number
            given = {"changeId": f"bench-{number}", "organization": ORGANIZATION, "component": "LICENSE"}
            asked_at = time.perf_counter()
            done(
                system.graphql("platform", CHANGE, input={"msp": "demo", "changes": [{**given, "quantity": quantity}]})
            )
            answered_at = time.perf_counter()
            until_held(system, path, quantity)
            answered.append(answered_at - asked_at)
            arrived.append(time.perf_counter() - answered_at)
    yield spread("answered", answered)
    yield at_most("answered → held in ConnectWise, median", percentile(arrived, 50), "ms", 300)
    yield at_most("answered → held in ConnectWise, 95 %", percentile(arrived, 95), "ms", 1_000)


def addition_of(system: RunningSystem, agreement: int, product: int) -> int:
    """The one addition of a product, once it is there. Raises: AssertionError when it does not come."""
    path = f"tenants/{DEMO_COMPANY_ID}/records/addition?agreementId={agreement}&product/id={product}"
    gives_up_at = time.perf_counter() + PATIENCE_SECONDS
    while time.perf_counter() < gives_up_at:
        found = system.psa(path)
        if len(found) == 1:
            return int(found[0]["id"])
        time.sleep(0.05)
    raise AssertionError(f"no addition of product {product} on agreement {agreement}")


def until_held(system: RunningSystem, path: str, quantity: int) -> None:
    """Look until the addition holds the quantity. Raises: AssertionError when it does not for long."""
    gives_up_at, held = time.perf_counter() + PATIENCE_SECONDS, None
    while time.perf_counter() < gives_up_at:
        held = system.psa(path)["quantity"]
        if held == quantity:
            return
        time.sleep(0.002)
    raise AssertionError(f"ConnectWise does not hold {quantity}: {held}")
