"""The usual request goes a shorter way than the library's. Which way one goes shows in nothing that a caller sees."""

import json
from typing import Any

import httpx
import pytest
from graphql import DocumentNode, parse

from api.documents import LONGEST_REMEMBERED
from api.gateway import Gateway
from tests.api.harness import Api

USUAL, BY_LIBRARY = "application/json", "application/json; charset=utf-8"
"""The second is never taken for usual."""
TYPE = "{ __typename }"
BODIES = {
    "a query": {"query": TYPE},
    "with variables": {"query": "query ($of: ID) { organizations(msp: $of) { totalCount } }", "variables": {"of": "x"}},
    "a missing variable": {"query": "query ($of: ID!) { organizations(msp: $of) { totalCount } }"},
    "variables of null": {"query": TYPE, "variables": None},
    "a list as variables": {"query": TYPE, "variables": []},
    "a text as variables": {"query": TYPE, "variables": "{}"},
    "the second of two": {"query": "query A { __typename } query B { b: __typename }", "operationName": "B"},
    "neither of two": {"query": "query A { __typename } query B { b: __typename }"},
    "one that is not there": {"query": "query A { __typename }", "operationName": "C"},
    "a number as a name": {"query": TYPE, "operationName": 7},
    "an empty query": {"query": ""},
    "a query of null": {"query": None},
    "a query that is no text": {"query": {"a": 1}},
    "no query": {"variables": {}},
    "fragments only": {"query": "fragment A on Query { __typename }"},
    "no GraphQL": {"query": "{ __typename"},
    "an unknown field": {"query": "{ nothing }"},
    "a subscription": {"query": "subscription { facts { __typename } }"},
    "a refused mutation": {
        "query": "mutation { changeLicenses(input: {changes: []}) { __typename ... on Refusal { message } } }"
    },
    "extensions": {"query": TYPE, "extensions": {"a": 1}},
    "extensions that are none": {"query": TYPE, "extensions": "a"},
    "extensions of null": {"query": TYPE, "extensions": None},
    "a batch": [{"query": TYPE}],
    "nothing": [],
    "a large answer": {"query": "{ __schema { types { name } } }"},
    "an unstorable text": {"query": TYPE, "variables": {"of": "a\u0000b"}},
}
RAW = {
    "no JSON": b"{",
    "nothing at all": b"",
    "a number": b"1",
    "a name twice": b'{"query": "{", "query": "{ __typename }"}',
    "no Unicode": b'{"query": "\xff"}',
    "a mark before": b"\xef\xbb\xbf" + json.dumps({"query": TYPE}).encode(),
    "in UTF-16": json.dumps({"query": TYPE}).encode("utf-16"),
    "deeply nested": b"[" * 100_000,
}
ALL = {name: json.dumps(body).encode() for name, body in BODIES.items()} | RAW


def asked(api: Api, content: bytes, **headers: str) -> httpx.Response:
    served = api.served
    token = api.admin().token
    return served.portal.call(
        lambda: served.client.post("/graphql", content=content, headers={"Authorization": f"Bearer {token}", **headers})
    )


def shown(response: httpx.Response) -> Any:
    """Whatever of an answer does not change from one asking to the next."""
    headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
    return response.status_code, headers, response.text


@pytest.mark.parametrize("content", ALL.values(), ids=ALL)
def test_both_ways_answer_alike(api: Api, content: bytes) -> None:
    usual = asked(api, content, **{"Content-Type": USUAL})
    by_library = asked(api, content, **{"Content-Type": BY_LIBRARY})

    assert shown(usual) == shown(by_library)


def test_only_what_is_not_usual_takes_the_library_s_way(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    by_library: list[str] = []
    run = Gateway.run

    def running(gateway: Any, request: Any, *more: Any) -> Any:
        by_library.append(request.headers["content-type"])
        return run(gateway, request, *more)

    monkeypatch.setattr(Gateway, "run", running)
    for kind in (USUAL, BY_LIBRARY):
        assert asked(api, ALL["a query"], **{"Content-Type": kind}).status_code == 200

    assert [BY_LIBRARY] == by_library


@pytest.mark.parametrize("name", ["a subscription", "one that is not there"])
def test_a_text_of_what_is_not_run_is_read_once(api: Api, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a long one takes the processor of everybody."""
    texts: list[str] = []

    def reading(text: str, **named: Any) -> DocumentNode:
        texts.append(text)
        return parse(text, **named)

    monkeypatch.setattr("api.documents.parse", reading)
    body: Any = BODIES[name]
    content = json.dumps({**body, "query": f"{body['query']} #{'-' * LONGEST_REMEMBERED}"}).encode()

    assert asked(api, content, **{"Content-Type": USUAL}).status_code == 400
    assert len(texts) == 1


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data"])
def test_another_type_of_content_is_refused(api: Api, kind: str) -> None:
    assert asked(api, ALL["a query"], **{"Content-Type": kind}).status_code == 400


def test_whoever_reads_events_gets_them(api: Api) -> None:
    content = json.dumps({"query": "subscription { nothing }"}).encode()

    response = asked(api, content, **{"Content-Type": USUAL, "Accept": "Text/Event-Stream"})

    assert response.headers["content-type"].startswith("text/event-stream")
    assert "Cannot query field 'nothing'" in response.text
