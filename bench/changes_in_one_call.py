"""1,000 licence changes of 100 organizations in one call, and the same call again.

Promise: answered in under 3 s; again, nothing is recorded and the answers are the same.
"""

import time
from collections.abc import Iterator

from bench.demo_msp import CHANGE, done
from bench.figures import Told, at_most
from bench.running import running_system

REGISTER = """mutation ($input: RegisterOrganizationsInput!) { registerOrganizations(input: $input) {
  __typename ... on Refusal { message } ... on OrganizationsRegistered {
    answers { outcome { __typename ... on Refusal { message } } } } } }"""
ORGANIZATIONS, CHANGES = 100, 1_000


def measure() -> Iterator[Told]:
    with running_system() as system:
        organizations = [
            {"changeId": f"made-{n}", "organization": f"org-{n}", "name": f"Org {n}", "plan": "network-core"}
            | {"licenseType": "PAID", "management": "MSP"}
            for n in range(ORGANIZATIONS)
        ]
        done(system.graphql("platform", REGISTER, input={"msp": "bench", "organizations": organizations}))
        changes = [
            {"changeId": f"c-{n}", "organization": f"org-{n % ORGANIZATIONS}", "component": "LICENSE", "delta": 1}
            for n in range(CHANGES)
        ]
        seconds, answers = [], []
        for _ in range(2):
            began = time.perf_counter()
            answers.append(done(system.graphql("platform", CHANGE, input={"msp": "bench", "changes": changes})))
            seconds.append(time.perf_counter() - began)
        quantities = [[one["outcome"]["quantity"] for one in answer["answers"]] for answer in answers]
        repeated = sum(one["outcome"]["alreadyRecorded"] for one in answers[1]["answers"])
    yield at_most(f"{CHANGES:,} changes over {ORGANIZATIONS} organizations in one call", seconds[0], "s", 3)
    same = "the same answers" if quantities[0] == quantities[1] else "OTHER ANSWERS"
    yield f"the same call again {seconds[1]:.2f} s: {repeated} already recorded, {same}"
