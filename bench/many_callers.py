"""Single licence changes from 32 callers at once, with and without recording waiting calls together; and large calls.

Promises: 32 callers with one change a call reach three times the rate that they reach when each call is recorded by
itself; calls of 1,000 changes over 500 organizations reach 3,000 changes/s. One API process. The callers are a process
of their own, which sends requests made beforehand over kept connections.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

from bench.demo_msp import CHANGE, done
from bench.figures import Figure, Told, at_least, at_most, percentile
from bench.running import RunningSystem, running_system

CALLERS, SECONDS, TURNS, ORGANIZATIONS, LARGE_CALLS = 32, 12.0, 6, 500, 9
REGISTER = """mutation ($input: RegisterOrganizationsInput!) { registerOrganizations(input: $input) {
  __typename ... on Refusal { message } ... on OrganizationsRegistered {
    answers { outcome { __typename ... on Refusal { message } } } } } }"""

_CALL = """
import asyncio, json, sys, time
host, port, token, query, callers, seconds, prefix = json.load(sys.stdin)

def request(name, number):
    change = {"changeId": name, "organization": f"org-{number % 500}", "component": "LICENSE", "delta": 1}
    body = json.dumps({"query": query, "variables": {"input": {"msp": "bench", "changes": [change]}}}).encode()
    head = (f"POST /graphql HTTP/1.1\\r\\nHost: {host}\\r\\nAuthorization: Bearer {token}\\r\\n"
            f"Content-Type: application/json\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n")
    return head.encode() + body

async def caller(place, ends_at, took):
    reader, writer = await asyncio.open_connection(host, port)
    number = 0
    while time.perf_counter() < ends_at:
        began = time.perf_counter()
        writer.write(request(f"{prefix}-{place}-{number}", place * 13 + number))
        head = await reader.readuntil(b"\\r\\n\\r\\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\\r\\n") if line.startswith(b"content-length:"))
        answer = await reader.readexactly(length)
        assert b'"quantity"' in answer, answer
        took.append(time.perf_counter() - began)
        number += 1
    writer.close()

async def main():
    took = []
    ends_at = time.perf_counter() + seconds
    await asyncio.gather(*(caller(place, ends_at, took) for place in range(callers)))
    json.dump(took, sys.stdout)

asyncio.run(main())
"""


def measure() -> Iterator[Told]:
    took: dict[str, list[float]] = {"alone": [], "together": []}
    with running_system(CHANGES_TOGETHER="1000") as together:
        with running_system(CHANGES_TOGETHER="0") as alone:
            for system in (alone, together):
                register(system, ORGANIZATIONS)
                calls(system, CALLERS, 1.0, "warm")
            # In turns, since the machine is not equally fast all the time.
            for turn in range(TURNS):
                took["together"] += calls(together, CALLERS, SECONDS / TURNS, f"turn-{turn}")
                took["alone"] += calls(alone, CALLERS, SECONDS / TURNS, f"turn-{turn}")
        large = _large(together)
    name = f"single changes from {CALLERS} callers"
    rate = {how: len(seconds) / SECONDS for how, seconds in took.items()}
    yield Figure(name, rate["together"], "changes/s", "each call by itself", rate["alone"], 3.0)
    yield at_most(f"p95 of {name}", percentile(took["together"], 95), "ms", percentile(took["alone"], 95))
    yield at_least(f"1,000 changes a call over {ORGANIZATIONS} organizations", large, "changes/s", 3_000)


def _large(system: RunningSystem) -> float:
    """Changes a second in large calls, one after the other; by the median call, since one may meet a busy disk."""
    took = []
    for call in range(LARGE_CALLS):
        changes = [
            {"changeId": f"large-{call}-{n}", "organization": f"org-{n % ORGANIZATIONS}"}
            | {"component": "LICENSE", "delta": 1}
            for n in range(1_000)
        ]
        began = time.perf_counter()
        done(system.graphql("platform", CHANGE, input={"msp": "bench", "changes": changes}))
        took.append(time.perf_counter() - began)
    return 1_000 / median(took)


def calls(system: RunningSystem, callers: int, seconds: float, prefix: str) -> list[float]:
    """Let callers call for some seconds. Shape: seconds of each call."""
    host, _, port = system.api_url.removeprefix("http://").partition(":")
    given = [host, int(port), system.tokens["platform"], CHANGE, callers, seconds, prefix]
    made = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _CALL], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    took: list[float] = json.loads(made.stdout)
    return took


def register(system: RunningSystem, count: int) -> None:
    organizations = [
        {"changeId": f"made-{n}", "organization": f"org-{n}", "name": f"Org {n}", "plan": "network-core"}
        | {"licenseType": "PAID", "management": "MSP"}
        for n in range(count)
    ]
    done(system.graphql("platform", REGISTER, input={"msp": "bench", "organizations": organizations}))
