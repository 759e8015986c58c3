"""Everybody asks everything: each field of the schema, by each role, for their own MSP, for another one, with ids of
another one, and with every kind of bad token.

Fields come from the schema; who may ask them from `roles`, decided by hand. A new field fails here until it is there.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from api.paging import cursor
from tests.api.tokens_made import forged
from tests.hostile.corpus import as_json
from tests.hostile.operations import Operation, Place, operations, outcomes
from tests.hostile.roles import ALLOWED, OF_ALL_MSPS, OF_NO_MSP
from tests.hostile.world import OTHERS, OURS, Answered, World

ALL = {each.field: each for each in operations()}
FIELDS = sorted(ALL)
_NUMBERS = itertools.count(1)
DOORS = {"NotAllowed", "UnknownMsp", "MspNeeded", "Unauthenticated"}
BAD_TOKENS = (
    "expired",
    "of another issuer",
    "for another audience",
    "alg none",
    "with its signature cut off",
    "HS256 with the RSA key as its secret",
    "by another key under a known id",
)
CALLERS = (("ADMIN", OURS), ("AUDITOR", OURS), ("PLATFORM", OURS), ("AUDITOR", None), ("PLATFORM", None))


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, over whichever way the operation goes."""

    status: int
    text: str
    codes: frozenset[str]
    said: tuple[str, ...]


def ask(world: World, asked: Operation, token: str | None, variables: Any) -> Told:
    if asked.kind == "subscription":
        return _first_event(world, asked, token, variables)
    body = as_json({"query": asked.query, "variables": variables}).encode()
    return _told(world.send(body, token))


def _told(answered: Answered) -> Told:
    said = tuple(outcomes(answered.body.get("data") or {})) if answered.text.startswith("{") else ()
    return Told(answered.status, answered.text, frozenset(answered.codes), said)


def _first_event(world: World, asked: Operation, token: str | None, variables: Any) -> Told:
    """What a stream says first. `facts` begins at the first fact, so that there is something to say."""
    from_the_first = {**variables, "after": cursor((0,)), "filter": None}
    told = from_the_first if asked.field == "facts" else variables
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    body = as_json({"query": asked.query, "variables": told})
    with world.client.stream("POST", "/graphql", content=body, headers=headers) as response:
        if response.status_code != 200:
            text = response.read().decode()
            codes = [error.get("extensions", {}).get("code", "") for error in json.loads(text)["errors"]]
            return Told(response.status_code, text, frozenset(codes), ())
        for line in response.iter_lines():
            if line.startswith("data:") and (text := line.removeprefix("data:").strip()):
                codes = [error.get("extensions", {}).get("code", "") for error in json.loads(text).get("errors", ())]
                return Told(200, text, frozenset(codes), ())
    raise AssertionError("the stream said nothing")


def msp_place(asked: Operation) -> tuple[str | int, ...] | None:
    return next((each.path for each in asked.places if each.path[-1] == "msp"), None)


def of_msp(asked: Operation, msp: str | None) -> dict[str, Any]:
    place = msp_place(asked)
    return asked.variables if place is None or msp is None else asked.with_value(place, msp)


def test_every_field_has_been_decided_upon() -> None:
    assert sorted(ALLOWED) == FIELDS
    assert sorted(OF_NO_MSP) == [field for field in FIELDS if msp_place(ALL[field]) is None]


def test_without_a_good_token_nothing_is_answered(world: World) -> None:
    """Without a token each field; with each kind of bad token other ones."""
    turned = itertools.cycle(BAD_TOKENS)

    assert [] == let_in(world, [(field, what) for field in FIELDS for what in (None, next(turned))])


@pytest.mark.long
def test_no_bad_token_lets_anybody_in_anywhere(world: World) -> None:
    assert [] == let_in(world, list(itertools.product(FIELDS, forged(world.provider))))


def let_in(world: World, asked: Sequence[tuple[str, str | None]]) -> list[tuple[str, str | None, str]]:
    """Which fields answered which bad token with anything but 401 and no data, or recorded something."""
    before, made = world.position(), forged(world.provider)
    told = [(field, what, ask(world, ALL[field], what and made[what], ALL[field].variables)) for field, what in asked]
    assert before == world.position()
    return [
        (field, what, each.text) for field, what, each in told if each.status not in {401, 431} or "data" in each.text
    ]


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: f"{caller[0]} of {caller[1] or 'all'}")
def test_each_role_gets_what_it_may_have_and_nothing_else(world: World, caller: tuple[str, str | None]) -> None:
    role, own = caller
    before = world.position()
    unexpected = {}
    for field in FIELDS:
        if role in ALLOWED[field] and ALL[field].kind == "mutation":
            continue  # what an allowed act does is the subject of other tests
        expected = _expected(field, role, own)
        told = ask(world, ALL[field], world.token(role, own), of_msp(ALL[field], None))
        if told.codes & DOORS != expected or told.status != 200:
            unexpected[field] = told
        if own is not None and OTHERS in told.text:
            unexpected[field] = told

    assert {} == unexpected
    assert before == world.position()


def _expected(field: str, role: str, own: str | None) -> set[str]:
    if role not in ALLOWED[field] or (field in OF_ALL_MSPS and own is not None):
        return {"NotAllowed"}
    return set() if own is not None or field in OF_NO_MSP else {"MspNeeded"}


@pytest.mark.parametrize("caller", CALLERS[:3], ids=lambda caller: caller[0])
def test_another_msp_is_as_if_it_did_not_exist(world: World, caller: tuple[str, str | None]) -> None:
    role, own = caller
    before = world.position()
    unexpected = {}
    for field in [each for each in FIELDS if each not in OF_NO_MSP]:
        token = world.token(role, own)
        existing = ask(world, ALL[field], token, of_msp(ALL[field], OTHERS))
        invented = ask(world, ALL[field], token, of_msp(ALL[field], "no-such-msp"))
        expected = {"UnknownMsp"} if role in ALLOWED[field] else {"NotAllowed"}
        is_alike = existing.text.replace(OTHERS, "?") == invented.text.replace("no-such-msp", "?")
        if existing.codes != expected or not is_alike:
            unexpected[field] = (existing, invented)

    assert {} == unexpected
    assert before == world.position()


def test_an_organization_of_another_msp_is_as_if_it_did_not_exist(world: World, others_ids: dict[str, str]) -> None:
    places = [
        at for at in _id_places() if "organization" in str(at[1].path[-1]).lower() or at[0].field == "organization"
    ]

    assert {} == told_apart(world, places, {"organization": others_ids["organization"]})


@pytest.mark.long
def test_ids_of_another_msp_are_as_if_they_did_not_exist(world: World, others_ids: dict[str, str]) -> None:
    """Each id of the other one, wherever an id can stand."""
    assert {} == told_apart(world, _id_places(), others_ids)


def told_apart(
    world: World, places: Sequence[tuple[Operation, Place]], ids: Mapping[str, str]
) -> dict[tuple[object, ...], str]:
    """Where, under the own MSP, an id of the other one is answered unlike one that never was."""
    unexpected: dict[tuple[object, ...], str] = {}
    for asked, place in places:
        for kind, existing in ids.items():
            answers = []
            for value in (existing, _invented(existing)):
                token = world.token(min(ALLOWED[asked.field]), OURS)
                told = ask(world, asked, token, asked.with_value(place.path, value, fresh=f"c{next(_NUMBERS)}"))
                answers.append((told.status, told.codes, told.said))
                if f"of {OTHERS}" in told.text or told.status >= 500 or "InternalError" in told.codes:
                    unexpected[(asked.field, place.path, kind)] = told.text
            if answers[0] != answers[1]:
                unexpected[(asked.field, place.path, kind)] = str(answers)
    return unexpected


def _id_places() -> list[tuple[Operation, Place]]:
    """All of them but keys of idempotency, the MSP itself, names for what is new, and what would end the connection."""
    left_out = {"msp", "idempotencyKey", "changeId", "createOrganization", "registerOrganizations", "create"}
    return [
        (asked, place)
        for asked in ALL.values()
        if asked.field not in {"disconnect", *left_out}
        for place in asked.places
        if place.kind == "ID" and not left_out & set(place.path)
    ]


def _invented(existing: str) -> str:
    """An id of the same shape that nobody has."""
    return existing.translate(str.maketrans("0123456789abcdefhlo", "9876543210fedcbazyx"))
