"""From a licence change answered to its addition verified: 20 changes a second over 50 MSPs.

Promises: half of them within 100 ms, 95 % within 500 ms where the PSA answers at once; 95 % within a second more than
the PSA takes where each of its answers takes one, the median that was measured (api-facts §4): a push asks it twice.
Afterwards api, worker and projector hold 200 MB or less each. The time is that from the answer to the fact that tells
of the verified write; both clocks are this machine's.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from typing import Any

import psycopg

from bench.demo_msp import CHANGE, done
from bench.figures import Told, at_most, percentile
from bench.many_msps import ManyMsps, connect_many, head, latency, until_verified
from bench.running import RunningSystem, running_system
from domain.values import Component

MSPS, ORGANIZATIONS, CHANGES_A_SECOND, SECONDS = 50, 4, 20, 15
PATIENCE_SECONDS = 120.0
REAL_SECONDS, REQUESTS_OF_A_PUSH = 1.0, 2
_VERIFIED = """
SELECT convert_from(state, 'UTF8')::json ->> 'correlation_id', recorded_at FROM facts
 WHERE notification_id > %s AND topic = 'addition.usage-pushed.v1'
"""


def measure() -> Iterator[Told]:
    with running_system() as system:
        many = connect_many(system, MSPS, ORGANIZATIONS, datetime.now(UTC), [Component.LICENSE])
        with psycopg.connect(system.database_url, autocommit=True) as connection:
            until_verified(connection, 0, many.lines, PATIENCE_SECONDS)
            took = _took(system, connection, many, "at-once")
            latency(system, many.names, REAL_SECONDS)
            took_far = _took(system, connection, many, "far")
        yield f"{len(took)} and {len(took_far)} changes were verified by a push of their own"
        yield at_most("answered → verified, median", percentile(took, 50), "ms", 100)
        yield at_most("answered → verified, 95 %", percentile(took, 95), "ms", 500)
        limit = (REQUESTS_OF_A_PUSH * REAL_SECONDS + 1) * 1000
        yield at_most(f"answered → verified, 95 %, {REAL_SECONDS:g} s an answer", percentile(took_far, 95), "ms", limit)
        for process in ("api", "worker", "projector"):
            yield at_most(f"memory of the {process}", system.resident_mb(process), "MB", 200)


def _took(system: RunningSystem, connection: psycopg.Connection[Any], many: ManyMsps, prefix: str) -> list[float]:
    """Seconds from the answer to the verified push, of each change that has one of its own."""
    begun = head(connection)
    answered = _send(system, many, prefix)
    until_verified(connection, begun, len(answered), PATIENCE_SECONDS)
    verified: dict[str, datetime] = dict(connection.execute(_VERIFIED, (begun,)).fetchall())
    return [(verified[request] - at).total_seconds() for request, at in answered.items() if request in verified]


def _send(system: RunningSystem, many: ManyMsps, prefix: str) -> dict[str, datetime]:
    """Report changes at an even pace, each of another organization in turn. Shape: when each request was answered."""
    answered: dict[str, datetime] = {}
    places = [(msp, organization) for organization in many.organizations for msp in many.names]
    numbers = count()

    def report(number: int) -> None:
        msp, organization = places[number % len(places)]
        change = {"changeId": f"{prefix}-{number}", "organization": organization, "component": "LICENSE", "delta": 1}
        request = f"bench-{prefix}-{number}"
        answer = system.http.post(
            f"{system.api_url}/graphql",
            json={"query": CHANGE, "variables": {"input": {"msp": msp, "changes": [change]}}},
            headers={"Authorization": f"Bearer {system.tokens['platform']}", "X-Request-Id": request},
        )
        answered[answer.headers["X-Request-Id"]] = datetime.now(UTC)
        done(answer.json()["data"])

    begun = time.perf_counter()
    with ThreadPoolExecutor(16) as threads:
        work = []
        for number in range(CHANGES_A_SECOND * SECONDS):
            time.sleep(max(0.0, begun + next(numbers) / CHANGES_A_SECOND - time.perf_counter()))
            work.append(threads.submit(report, number))
        for each in work:
            each.result()
    return answered
