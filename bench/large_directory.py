"""10,000 companies and 2,000 organizations of one MSP: import, suggestions, and every list.

Promise: suggestions in under 2 s; listing and searching any page under 50 ms (median, warm, at the API). The import's
time and the worker's memory are reported beside the simulator's own, which serves it from the same machine.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.demo_msp import CONNECT, IMPORT, done, until_imported
from bench.figures import Figure, Told, at_most, percentile
from bench.running import RunningSystem, running_system

COMPANIES, AGREEMENTS, ORGANIZATIONS = 10_000, 12_000, 2_000
PAGES = 60
REGISTER = """mutation ($input: RegisterOrganizationsInput!) { registerOrganizations(input: $input) {
  __typename ... on Refusal { message } ... on OrganizationsRegistered {
    answers { outcome { __typename ... on Refusal { message } } } } } }"""
COMPANY_PAGE = """query ($a: String, $f: CompaniesFilter) { companies(after: $a, filter: $f) {
  totalCount counts { state count } pageInfo { endCursor } nodes { id name status agreements { id name } } } }"""
ORGANIZATION_PAGE = """query ($a: String, $f: OrganizationsFilter) { organizations(after: $a, filter: $f) {
  totalCount counts { state count } pageInfo { endCursor } nodes { id name licenses mapping { company } } } }"""
SUGGESTION_PAGE = """query ($a: String) { mappingSuggestions(after: $a) {
  totalCount counts { state count } pageInfo { hasNextPage endCursor }
  nodes { organization { id name } company { id name } likeness score reason preselectedAgreement } } }"""


def measure() -> Iterator[Told]:
    with running_system() as system:
        names = connect_large(system)
        began = time.perf_counter()
        done(system.graphql("admin", IMPORT))
        until_imported(system)
        yield f"import of {COMPANIES:,} companies and {AGREEMENTS:,} agreements: {time.perf_counter() - began:.1f} s"
        yield f"largest process of ours afterwards: {largest_resident_mb():,.0f} MB at its peak"
        register(system, names)
        began = time.perf_counter()
        first = system.graphql("admin", SUGGESTION_PAGE)["mappingSuggestions"]
        cold = time.perf_counter() - began
        yield at_most(f"suggestions for {ORGANIZATIONS:,} organizations, first page", cold, "s", 2)
        found = ", ".join(f"{one['count']} {one['state']}" for one in first["counts"])
        yield f"suggested: {found}"
        yield paged("a page of suggestions", pages(system, SUGGESTION_PAGE, "mappingSuggestions"))
        draw = random.Random(5)

        def word() -> dict[str, Any]:
            return {"search": draw.choice(draw.choice(names).split())[:5]}

        for name, query in (("companies", COMPANY_PAGE), ("organizations", ORGANIZATION_PAGE)):
            yield paged(f"a page of {name}", pages(system, query, name))
            yield paged(f"a search in {name}", pages(system, query, name, word))


def connect_large(system: RunningSystem) -> list[str]:
    """Connect the demo MSP to a new large tenant. Gives the names of its companies."""
    count = {"companies": COMPANIES, "agreements": AGREEMENTS, "products": 50}
    made = system.http.post(
        f"{system.simulator_url}/_simulator/tenants", json={"company_id": "large_msp", "data": count}
    ).raise_for_status()
    key = next(one for one in made.json()["keys"] if one["role"] == "minimum")
    given = {"siteUrl": system.simulator_url, "companyId": "large_msp"}
    keys = {"publicKey": key["public"], "privateKey": key["private"]}
    done(system.graphql("admin", CONNECT, input={**given, **keys}))
    return [one["name"] for one in system.psa("tenants/large_msp/records/company")]


def register(system: RunningSystem, names: list[str]) -> None:
    """Organizations named nearly like every fifth company."""
    endings = ("", " Ltd", " Inc.", "s")
    organizations = [
        {"changeId": f"made-{n}", "organization": f"org-{n}", "name": names[5 * n] + endings[n % 4]}
        | {"plan": "network-core"}
        for n in range(ORGANIZATIONS)
    ]
    for begin in range(0, ORGANIZATIONS, 500):
        given = {"msp": "demo", "organizations": organizations[begin : begin + 500]}
        done(system.graphql("platform", REGISTER, input=given))


def pages(
    system: RunningSystem, query: str, name: str, wanted: Callable[[], dict[str, Any]] | None = None
) -> list[float]:
    """Seconds that each of some pages took, one after another; or each of some searches."""
    took, after = [], None
    for _ in range(PAGES):
        asked = {"a": after} if wanted is None else {"f": wanted()}
        began = time.perf_counter()
        page = system.graphql("admin", query, **asked)[name]
        took.append(time.perf_counter() - began)
        after = page["pageInfo"]["endCursor"]
    return took[3:]


def paged(name: str, seconds: Sequence[float]) -> Figure:
    """Every page comes with its total and its counts per state."""
    return at_most(f"{name}, median", percentile(seconds, 50), "ms", 50)


def largest_resident_mb() -> float:
    """The highest resident size that any of our Python processes but the simulator ever had."""
    peaks = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            status = (process / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        if b"cli.main" in command and b"simulator" not in command:
            peaks += [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")]
    return max(peaks, default=0.0)
