"""Pages over GraphQL with one API process.

Promises: a page of 50 mappings with nested usage at 90 requests/s, and in at most 1.6 times what the same shape takes
when it is executed on static data; a page of 25 organizations at 200 requests/s; small queries in 3 ms at the median.
Callers are a process of their own; the static rival is the same GraphQL library, in this process, without a network.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import psycopg
import strawberry
from strawberry.extensions import ParserCache, ValidationCache

from bench.figures import Figure, Told, at_least, at_most, percentile
from bench.many_msps import connect_many, head
from bench.running import RunningSystem, running_system
from cli.places import Places
from cli.token import issue
from domain.values import Component
from journal.entry import Role
from projections.freshness import wait_until_folded

ORGANIZATIONS, SECONDS, CALLERS = 60, 3.0, 4
PAGE = """{ organizations(first: 50, msp: "bench-0") { nodes { id name plan licenseType
  mapping { company companyName agreement agreementName mappedAt } usageToDate { component counted billed } } } }"""
ORGANIZATION_PAGE = """{ organizations(first: 25, msp: "bench-0") { totalCount nodes { id name plan licenses } } }"""
SMALL = "{ viewer { subject role } }"

_CALL = """
import asyncio, json, sys, time
host, port, token, query, callers, seconds = json.load(sys.stdin)
body = json.dumps({"query": query}).encode()
head = (f"POST /graphql HTTP/1.1\\r\\nHost: {host}\\r\\nAuthorization: Bearer {token}\\r\\n"
        f"Content-Type: application/json\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n").encode()

async def caller(ends_at, took):
    reader, writer = await asyncio.open_connection(host, port)
    while time.perf_counter() < ends_at:
        began = time.perf_counter()
        writer.write(head + body)
        answered = (await reader.readuntil(b"\\r\\n\\r\\n")).lower()
        length = next(int(line[15:]) for line in answered.split(b"\\r\\n") if line.startswith(b"content-length:"))
        answer = await reader.readexactly(length)
        assert b'"errors"' not in answer, answer
        took.append(time.perf_counter() - began)
    writer.close()

async def main():
    took = []
    ends_at = time.perf_counter() + seconds
    await asyncio.gather(*(caller(ends_at, took) for _ in range(callers)))
    json.dump(took, sys.stdout)

asyncio.run(main())
"""


def measure() -> Iterator[Told]:
    with running_system() as system:
        connect_many(system, 1, ORGANIZATIONS, datetime.now(UTC), [Component.LICENSE, Component.SERVER])
        with psycopg.connect(system.database_url) as connection:
            assert wait_until_folded(system.database_url, head(connection), 120)
        system.tokens["auditor"] = issue(Places(system.data), Role.AUDITOR, None, ttl=timedelta(hours=1))
        shown = system.graphql("auditor", PAGE)
        for asked in (PAGE, ORGANIZATION_PAGE, SMALL):
            _calls(system, asked, 1, 0.5)
        mappings = len(_calls(system, PAGE, CALLERS, SECONDS)) / SECONDS
        static = median(asyncio.run(_static(shown["organizations"]["nodes"]))) * 1000
        alone = median(_calls(system, PAGE, 1, SECONDS)) * 1000
        organizations = len(_calls(system, ORGANIZATION_PAGE, CALLERS, SECONDS)) / SECONDS
        small = _calls(system, SMALL, 1, SECONDS)
    yield f"a page of 50 mappings with nested usage has {_leaves(shown)} leaves"
    yield at_least("pages of 50 mappings with usage", mappings, "requests/s", 90)
    rival = "the same shape on static data"
    yield Figure("one page of 50 mappings", alone, "ms", rival, static, 1 / 1.6, is_less_better=True)
    yield at_least("pages of 25 organizations", organizations, "requests/s", 200)
    yield at_most("a small query, median", percentile(small, 50), "ms", 3)


def _calls(system: RunningSystem, query: str, callers: int, seconds: float) -> list[float]:
    """Seconds that each call took, of some callers that call for some seconds."""
    host, _, port = system.api_url.removeprefix("http://").partition(":")
    given = [host, int(port), system.tokens["auditor"], query, callers, seconds]
    made = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _CALL], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    took: list[float] = json.loads(made.stdout)
    return took


def _leaves(value: Any) -> int:
    match value:
        case dict():
            return sum(map(_leaves, value.values()))
        case list():
            return sum(map(_leaves, value))
        case _:
            return 1


@strawberry.type
class Usage:
    component: str
    counted: int
    billed: int


@strawberry.type
class Mapping:
    company: int
    company_name: str
    agreement: int
    agreement_name: str
    mapped_at: str


@strawberry.type
class Organization:
    id: strawberry.ID
    name: str
    plan: strawberry.ID
    license_type: str
    mapping: Mapping
    usage_to_date: list[Usage]


@strawberry.type
class Organizations:
    nodes: list[Organization]


async def _static(nodes: list[dict[str, Any]]) -> list[float]:
    """Execute and encode the same page on objects that are there already. Shape: seconds of each time."""
    page = Organizations(
        nodes=[
            Organization(
                id=node["id"],
                name=node["name"],
                plan=node["plan"],
                license_type=node["licenseType"],
                mapping=Mapping(
                    company=node["mapping"]["company"],
                    company_name=node["mapping"]["companyName"],
                    agreement=node["mapping"]["agreement"],
                    agreement_name=node["mapping"]["agreementName"],
                    mapped_at=node["mapping"]["mappedAt"],
                ),
                usage_to_date=[Usage(**each) for each in node["usageToDate"]],
            )
            for node in nodes
        ]
    )

    @strawberry.type
    class Query:
        @strawberry.field
        def organizations(self, first: int, msp: strawberry.ID) -> Organizations:
            return page

    schema = strawberry.Schema(Query, extensions=[lambda: ParserCache(maxsize=10), lambda: ValidationCache(maxsize=10)])
    took = []
    for _ in range(60):
        began = time.perf_counter()
        answer = await schema.execute(PAGE)
        json.dumps({"data": answer.data})
        took.append(time.perf_counter() - began)
        assert answer.errors is None, answer.errors
    return took
