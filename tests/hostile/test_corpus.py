"""Every hostile input of the corpus, sent to the API as we ship it over real HTTP.

Whatever is sent: never a 5xx, never a masked bug, a trace or a secret in an answer or in the log, and nothing recorded
where the answer is a refusal. The quick part puts each input in a few places of the schema, another few for each; the
long part puts it everywhere.
"""

import os
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pytest

from tests.hostile import corpus
from tests.hostile.operations import Operation, Place, operation, operations
from tests.hostile.roles import some_role
from tests.hostile.world import OURS, World

PLACES_EACH = 1
SEED = int(os.environ.get("SEED", "0"))
TEXT_KINDS = frozenset({"ID", "String"})
NUMBER_KINDS = frozenset({"Int", "Decimal", "BillingMonth", "DateTime", "Boolean"})


@pytest.fixture(autouse=True)
def nothing_went_wrong_in_the_log(world: World) -> Iterator[None]:
    before = len(world.bugs())
    yield
    assert [] == world.bugs()[before:]


def places(kinds: frozenset[str]) -> list[tuple[Operation, Place]]:
    asked = [each for each in operations() if each.kind != "subscription" and each.field != "disconnect"]
    return [(each, place) for each in asked for place in each.places if place.kind in kinds]


def some_places(kinds: frozenset[str], number: int) -> Sequence[tuple[Operation, Place]]:
    """Other ones for each input, so that all places are used by some."""
    found = places(kinds)
    random.Random(7).shuffle(found)
    start = number * PLACES_EACH % len(found)
    return list(islice(iter(found * 2), start, start + PLACES_EACH))


def ask(world: World, asked: Operation, place: Place, value: Any) -> list[str]:
    token = world.token(some_role(asked.field), OURS)
    sent = corpus.as_json({"query": asked.query, "variables": asked.with_value(place.path, value)})
    found = world.complaints(world.send(sent.encode(), token), sent)
    return [f"{asked.field} {place.path}: {each}" for each in found]


TEXTS = list(enumerate(corpus.inputs("texts").items()))
NUMBERS = list(enumerate(corpus.inputs("numbers").items()))


def test_the_corpus_is_as_large_as_promised() -> None:
    assert sum(len(corpus.inputs(name)) for name in corpus.NAMES) >= 300


def test_texts_do_no_harm_wherever_they_stand(world: World) -> None:
    complaints = [
        f"{name}: {each}"
        for number, (name, described) in TEXTS
        for asked, place in some_places(TEXT_KINDS, number)
        for each in ask(world, asked, place, corpus.text(described))
    ]

    assert [] == complaints


def test_numbers_do_no_harm_wherever_they_stand(world: World) -> None:
    complaints = [
        f"{name}: {each}"
        for number, (name, described) in NUMBERS
        for asked, place in some_places(NUMBER_KINDS, number)
        for each in ask(world, asked, place, corpus.number(described))
    ]

    assert [] == complaints


def test_site_urls_lead_nowhere_inside(world: World) -> None:
    asked = operation("testConnection")
    complaints, accepted = [], []
    for name, described in corpus.inputs("urls").items():
        url = corpus.text(described).replace("{port}", str(world.trap.port))
        variables = asked.with_value(("input", "siteUrl"), url)
        sent = corpus.as_json({"query": asked.query, "variables": variables})
        answered = world.send(sent.encode(), world.token("ADMIN", OURS))
        complaints += [f"{name}: {each}" for each in world.complaints(answered, sent)]
        accepted += [] if answered.is_refused else [name]

    assert [] == complaints
    assert [] == accepted
    assert [] == world.trap.visits


def test_documents_do_no_harm(world: World) -> None:
    complaints = []
    for name, described in corpus.inputs("documents").items():
        sent = corpus.as_json({"query": corpus.text(described)})
        answered = world.send(sent.encode(), world.token("ADMIN", OURS))
        complaints += [f"{name}: {each}" for each in world.complaints(answered, sent)]

    assert [] == complaints


def test_bodies_do_no_harm(world: World) -> None:
    token = world.token("ADMIN", OURS)
    bodies = {name: corpus.text(each).encode() for name, each in corpus.inputs("bodies").items()}
    bodies |= {name: corpus.raw_bytes(each) for name, each in corpus.inputs("raw_bodies").items()}

    complaints = [
        f"{name}: {each}"
        for name, body in bodies.items()
        for each in world.complaints(world.send(body, token), body.decode(errors="replace"))
    ]

    assert [] == complaints


def test_tokens_and_headers_let_nobody_in(world: World) -> None:
    body = b'{"query": "mutation { pause(input: {}) { __typename } }"}'
    token = world.token("ADMIN", OURS)
    complaints = []
    for name, described in corpus.inputs("headers").items():
        headers = {each: corpus.text(value).replace("{token}", token) for each, value in described.items()}
        encoded = {each.encode(): value.encode() for each, value in headers.items()}
        answered = world.request("POST", "/graphql", content=body, headers=encoded)
        complaints += [f"{name}: {each}" for each in world.complaints(answered, token)]
        complaints += [] if answered.status in {400, 401, 431} else [f"{name}: let in with {answered.status}"]

    assert [] == complaints


def test_paths_methods_and_parameters_do_no_harm(world: World) -> None:
    token = {"Authorization": f"Bearer {world.token('ADMIN', OURS)}"}
    asked = [("GET", path) for path in corpus.inputs("paths")]
    asked += [
        ("GET", f"/exports/facts.{form}{each}") for form in ("csv", "ndjson") for each in corpus.inputs("parameters")
    ]
    asked += [(method, path) for method in corpus.inputs("methods") for path in ("/graphql", "/exports/facts.csv", "/")]
    complaints = []
    for method, path in asked:
        answered = _line(world, method, path, token)
        complaints += [f"{method} {path[:60]}: {each}" for each in answered]

    assert [] == complaints


def _line(world: World, method: str, path: str, headers: dict[str, str]) -> list[str]:
    """Written by hand: a client would tidy the path up."""
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    said = world.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{told}\r\n".encode())
    return _complaints(world, said)


def _complaints(world: World, said: bytes) -> list[str]:
    head, _, text = said.decode(errors="replace").partition("\r\n\r\n")
    found = [line for line in head.splitlines() if line.startswith("HTTP/1.1 5")]
    found += [f"a trace: {mark}" for mark in ("Traceback (most recent", 'File "/', "site-packages") if mark in text]
    return found + ["a secret" for secret in world.secrets if secret in text]


def test_requests_that_are_none_do_no_harm(world: World) -> None:
    token = world.token("ADMIN", OURS)
    before = world.position()
    complaints = []
    for name, described in corpus.inputs("requests").items():
        said = world.raw(corpus.text(described).replace("{token}", token).encode("latin-1"))
        complaints += [f"{name}: {each}" for each in _complaints(world, said)]

    assert [] == complaints
    assert before == world.position()
    assert 200 == world.client.get("/health").status_code


@pytest.mark.long
@pytest.mark.parametrize("half", [0, 1])
def test_every_text_and_number_everywhere(world: World, half: int) -> None:
    """In an order drawn from the seed, for as long as the setting says."""
    everything = [
        (name, asked, place, described, kinds)
        for kinds, listed in ((TEXT_KINDS, TEXTS), (NUMBER_KINDS, NUMBERS))
        for _, (name, described) in listed
        for asked, place in places(kinds)
    ]
    random.Random(SEED).shuffle(everything)
    complaints = [
        f"{name}: {each}"
        for name, asked, place, described, kinds in everything[half::2][:MOST_EVERYWHERE]
        for each in ask(
            world, asked, place, corpus.text(described) if kinds is TEXT_KINDS else corpus.number(described)
        )
    ]

    assert [] == complaints


MOST_EVERYWHERE = int(os.environ.get("HOSTILE_INPUTS", "800"))
