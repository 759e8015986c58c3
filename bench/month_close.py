"""A month end over many MSPs: every line of every agreement is written again and verified, 50 ms away.

Promises: 150 verified pushes a second on one machine with everything on it, and 12 times a plain sequential script that
does the same with one client; and with one MSP at 10 s an answer the others finish within 10 % of the time without it.
The whole promise is about 200 MSPs with 50 organizations each (`PSA_LEDGER_BENCH_MSPS=200`,
`PSA_LEDGER_BENCH_ORGANIZATIONS=50`); with few lines the seconds until the first final count for more.
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg

from bench.figures import Figure, Told, at_least
from bench.many_msps import ManyMsps, connect_many, head, latency, move_clock, until_verified
from bench.running import RunningSystem, running_system
from domain.values import BillingMonth, Component, MspId

MSPS = int(os.environ.get("PSA_LEDGER_BENCH_MSPS", "50"))
ORGANIZATIONS = int(os.environ.get("PSA_LEDGER_BENCH_ORGANIZATIONS", "40"))
SECONDS_AWAY, SLOW_SECONDS = 0.05, 10.0
OF_THE_SCRIPT = 15
PATIENCE_SECONDS = 900.0


def measure() -> Iterator[Told]:
    now = datetime.now(UTC)
    with running_system() as system:
        many = connect_many(system, MSPS, ORGANIZATIONS, now, [Component.LICENSE, Component.SERVER])
        with psycopg.connect(system.database_url, autocommit=True) as connection:
            seconds = until_verified(connection, 0, many.lines, PATIENCE_SECONDS)
            yield f"{many.lines} lines began with {many.lines / seconds:.0f} verified creates/s, without latency"
            month = BillingMonth.of(now)
            slow, *others = many.names
            lines = many.lines - len(many.organizations) * len(many.products)
            latency(system, many.names, SECONDS_AWAY)
            script = _script(system, others[0], many)
            alone = _close(system, connection, many, month, tuple(others))
            latency(system, [slow], SLOW_SECONDS)
            beside_slow = _close(system, connection, many, month.next(), tuple(others))
            latency(system, [slow], SECONDS_AWAY)
            # Once more: neither what has grown meanwhile nor how fast the machine is just then is the slow MSP's doing.
            alone_again = _close(system, connection, many, month.next().next(), tuple(others))
            latency(system, [slow], 0)
    rate, rate_around = lines / alone, 2 * lines / (alone + alone_again)
    yield at_least("verified finals", rate, "pushes/s", 150)
    yield Figure("verified finals", rate, "pushes/s", "a sequential script", script, 12.0)
    yield f"finals of the others took {alone:.1f} s, {beside_slow:.1f} beside an MSP at 10 s, then {alone_again:.1f}"
    beside = "keeping pace beside a slow MSP"
    yield Figure(beside, lines / beside_slow, "pushes/s", "without it, before and after", rate_around, 0.9)


def _close(
    system: RunningSystem,
    connection: psycopg.Connection[Any],
    many: ManyMsps,
    month: BillingMonth,
    watched: tuple[MspId, ...],
) -> float:
    """Edit every line by hand, so that each has to be written, and close the month. Returns seconds."""
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(_edit, system, msp, many) for msp in watched]:
            done.result()
    seen, found, lines = head(connection), 0, many.lines // len(many.names) * len(watched)
    move_clock(system, month.ends_at + timedelta(minutes=30))
    began = time.perf_counter()
    while found < lines:
        assert time.perf_counter() - began < PATIENCE_SECONDS, f"{found} of {lines} finals"
        time.sleep(0.1)
        newer, seen = _finals(connection, seen, watched)
        found += newer
    return time.perf_counter() - began


def _finals(connection: psycopg.Connection[Any], after: int, watched: tuple[MspId, ...]) -> tuple[int, int]:
    """How many were recorded after a position, and up to which one it was looked: counting all again costs too much."""
    row = connection.execute(
        "SELECT count(*) FILTER (WHERE topic = 'addition.usage-pushed.v1' AND msp = ANY(%s)),"
        " coalesce(max(notification_id), %s) FROM facts WHERE notification_id > %s",
        (list(watched), after, after),
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _edit(system: RunningSystem, msp: MspId, many: ManyMsps) -> None:
    for record in _records(system, msp, many):
        system.http.patch(
            f"{system.simulator_url}/_simulator/tenants/{msp}/records/addition/{record['id']}",
            json={"quantity": record["quantity"] + 1},
        ).raise_for_status()


def _records(system: RunningSystem, msp: MspId, many: ManyMsps) -> list[dict[str, Any]]:
    products = {product for _, product in many.products}
    found = system.psa(f"tenants/{msp}/records/addition")
    return [one for one in found if one["product"]["id"] in products]


def _script(system: RunningSystem, msp: MspId, many: ManyMsps) -> float:
    """What one would write in an afternoon: read an agreement's lines, set each, look at the answer, go on."""
    system.http.post(
        f"{system.simulator_url}/_simulator/tenants/{msp}/keys",
        json={"public": "scriptPublicKey", "private": "scriptPrivateKey", "role": "minimum"},
    ).raise_for_status()
    told = system.http.get(f"{system.simulator_url}/_simulator/tenants/{msp}").json()
    root = f"{system.simulator_url}/{told['codebase'].strip('/')}/apis/3.0"
    products = {product for _, product in many.products}
    pushed = 0
    with httpx.Client(
        auth=(f"{msp}+scriptPublicKey", "scriptPrivateKey"), headers={"clientId": "script"}, timeout=60
    ) as http:
        began = time.perf_counter()
        for agreement in range(1, OF_THE_SCRIPT + 1):
            path = f"{root}/finance/agreements/{(agreement - 1) % ORGANIZATIONS + 1}/additions"
            for line in http.get(path).raise_for_status().json():
                if line["product"]["id"] in products:
                    change = [{"op": "replace", "path": "quantity", "value": line["quantity"]}]
                    answer = http.patch(f"{path}/{line['id']}", json=change).raise_for_status().json()
                    assert answer["quantity"] == line["quantity"]
                    pushed += 1
        return pushed / (time.perf_counter() - began)
