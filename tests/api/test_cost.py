"""What an operation may cost: bounded before it runs, and known for documents made to hide it."""

from typing import Any

import pytest
from graphql import parse

from api.cost import MOST_COST, cost_of
from api.schema import build_schema
from tests.api.harness import Api

SCHEMA = build_schema(introspection=True)._schema


def cost(query: str, name: str | None = None, **variables: Any) -> int:
    worked_out, _ = cost_of(SCHEMA, parse(query), name, variables)
    return worked_out


def test_a_page_counts_as_often_as_it_has_rows() -> None:
    assert 1 == cost("{ serverTime }")
    assert 1 + 10 * (1 + 2) == cost("{ organizations(first: 10) { nodes { id name } } }")
    assert 1 + 25 * (1 + 2) == cost("{ organizations { nodes { id name } } }")


def test_a_variable_or_its_default_says_how_long_a_page_is() -> None:
    query = "query ($n: Int = 7) { organizations(first: $n) { nodes { id } } }"

    assert 1 + 3 * 2 == cost(query, n=3)
    assert 1 + 7 * 2 == cost(query)


@pytest.mark.parametrize("odd", [True, "x", None, [], {}, 10**30, 1.5])
def test_what_is_no_page_size_counts_as_the_largest(odd: object) -> None:
    assert 1 + 100 * 2 == cost("query ($n: Int) { organizations(first: $n) { nodes { id } } }", n=odd)


def test_pages_within_pages_multiply() -> None:
    once = cost("{ companies(first: 10) { nodes { id } } }")

    assert once < cost("{ companies(first: 10) { nodes { id agreements { id } } } }")


def test_a_fragment_costs_each_time_it_is_spread() -> None:
    page = "fragment P on OrganizationConnection { nodes { id } }"

    assert 2 * (1 + 5 * 2) == cost(
        f"{{ a: organizations(first: 5) {{ ...P }} b: organizations(first: 5) {{ ...P }} }} {page}"
    )


def test_the_cost_of_a_small_document_with_a_huge_meaning_is_found_at_once() -> None:
    laughs = " ".join(f"fragment F{n} on Viewer {{ ...F{n + 1} ...F{n + 1} }}" for n in range(200))

    assert 2**200 == cost(f"{{ viewer {{ ...F0 }} }} {laughs} fragment F200 on Viewer {{ role }}") - 1


def test_the_operation_that_would_run_is_the_one_that_counts() -> None:
    document = "query A { serverTime } query B { organizations(first: 10) { nodes { id } } }"

    assert (1, 21, 0) == (cost(document, "A"), cost(document, "B"), cost(document, "C"))


@pytest.mark.parametrize(
    ("query", "is_so"),
    [
        ("{ organizations(first: 10) { nodes { id } } }", True),
        ("query ($o: String) { organizations(first: 10, search: $o) { nodes { id } } }", True),
        ("query ($n: Int) { organizations(first: $n) { nodes { id } } }", False),
        ("query ($n: Int = 7) { organizations(first: $n) { nodes { id } } }", False),
        ("query ($n: Int) { ...Q } fragment Q on Query { organizations(first: $n) { nodes { id } } }", False),
    ],
)
def test_it_is_told_whether_the_cost_is_the_same_for_all_variables(query: str, is_so: bool) -> None:
    assert is_so == cost_of(SCHEMA, parse(query), None, {})[1]


DEAR = """
query ($n: Int!) {
  a: usage(first: $n) { nodes { ...U } edges { node { ...U } } }
  b: usage(first: $n) { nodes { ...U } edges { node { ...U } } }
}
fragment U on OrganizationUsage { organization { id name plan } lines { wanted rule inForce items { plan component } } }
"""


def test_an_operation_that_costs_too_much_does_not_run(api: Api) -> None:
    dear = api.admin().ask(DEAR, n=100)
    cheaper = api.admin().ask(DEAR, n=5)
    dear_again = api.admin().ask(DEAR, n=100)

    assert ["TooCostly"] == dear.codes == dear_again.codes
    assert dear.body["errors"][0]["extensions"]["values"]["cost"] > MOST_COST
    assert [] == cheaper.codes


def test_a_batch_is_no_request(api: Api) -> None:
    batch = [{"query": "{ serverTime }"}] * 3

    answer = api.post(batch, {"Authorization": f"Bearer {api.admin().token}"})

    assert 400 == answer.status
