"""What an MSP's auditor is shown is the same, byte by byte, whatever other MSPs record in between.

One random history of two MSPs is told. One database holds all of it; another holds only ACME's facts, the very same
rows, closed up. Both are sealed at the same times, folded and served, and ACME's auditor asks everything there is.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_required_argument,
)

from api.paging import cursor
from api.schema import SCHEMA_FILE
from journal.application import Journal
from journal.registry import CODEC
from journal.seal import CHECKPOINT_SECONDS, Sealer
from projections.follower import fold_until
from tests.api.harness import Api, Caller, serving
from tests.api.test_tail import told
from tests.databases import Template
from tests.journal.sealing import KEY
from tests.projections.story import ACME, OTHER, tell

STORY = 400
LOOKS = [each * CHECKPOINT_SECONDS for each in (0.0, 1.0, 2.25, 2.5, 3.5)]
"""When the sealer looks, after each stretch of facts. The third is another's alone, and signed; ACME's next comes so
soon after it that a round which waited for the last one would be late for ACME."""
DEEPEST = 7
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
REQUEST = {"X-Request-Id": "the-same"}
COLUMNS = "originator_id, originator_version, topic, state, notification_id, entry_id, msp, kind, recorded_at"
INSERT = f"INSERT INTO facts ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
Row = tuple[Any, ...]


def rounds_of(facts: Sequence[Row]) -> list[list[Row]]:
    """The facts in stretches, one of which is only another's."""
    runs = [list(run) for _, run in itertools.groupby(facts, lambda row: row[6] == OTHER)]
    quiet = max(range(2, len(runs) - 2), key=lambda place: len(runs[place]) if runs[place][0][6] == OTHER else 0)
    before = [row for run in runs[:quiet] for row in run]
    after = [row for run in runs[quiet + 1 :] for row in run]
    half = len(before) // 2
    return [before[:half], before[half:], runs[quiet], after[: len(after) // 2], after[len(after) // 2 :]]


def fill(url: str, rounds: Sequence[Sequence[Row]], *, with_others: bool) -> None:
    """Record the stretches, each sealed before the next and signed when a round's time has come; then fold."""
    now = [0.0]
    position = 0
    with (
        psycopg.connect(url, autocommit=True) as connection,
        Sealer(url, lambda: KEY, monotonic=lambda: now[0], now=lambda: AT + timedelta(seconds=now[0])) as sealer,
    ):
        assert sealer.try_lock()
        sealer.prepare()
        for now[0], rows in zip(LOOKS, rounds, strict=True):
            for row in rows:
                if with_others or row[6] == ACME:
                    position += 1
                    connection.execute(INSERT, (*row[:4], position, *row[5:]))
            while sealer.seal():
                pass
            sealer.sign_if_due()
        now[0] += CHECKPOINT_SECONDS
        sealer.sign_if_due()
    fold_until(url)


@pytest.fixture(scope="module")
def worlds(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Caller, Caller]]:
    """ACME's auditor in the world with others, and in the one without."""
    with ExitStack() as stack:
        told, alone, among = (stack.enter_context(template.copy()) for _ in range(3))
        with Journal(told, CODEC) as journal:
            tell(journal, seed=11, acts=STORY)
        with psycopg.connect(told) as connection:
            facts = connection.execute(f"SELECT {COLUMNS} FROM facts ORDER BY notification_id", binary=True).fetchall()
        rounds = rounds_of(facts)
        assert {OTHER} == {row[6] for row in rounds[2]}
        callers = []
        for url, with_others in ((among, True), (alone, False)):
            fill(url, rounds, with_others=with_others)
            served = stack.enter_context(serving(url, tmp_path_factory.mktemp("api"), frozenset()))
            callers.append(Api(served, ACME).auditor())
        yield callers[0], callers[1]


# --- questions -----------------------------------------------------------------------------------------------------

SCHEMA = build_schema(SCHEMA_FILE.read_text(encoding="utf-8"))
NOT_OF_THE_LEDGER = {
    *("serverTime", "restorableMappings"),
    *("psaProducts", "psaProductSetup", "psaCompanyTypes", "psaCompanyStatuses", "psaCompanyCount"),
}
"""Told by the clock or by the MSP's own ConnectWise."""


def selection(schema: GraphQLSchema, named: GraphQLNamedType, depth: int) -> str:
    """Everything there is to ask about a type, down to a depth."""
    if isinstance(named, GraphQLUnionType):
        members = [f"... on {each.name} {selection(schema, each, depth)}" for each in named.types]
        return "{ __typename " + " ".join(members) + " }"
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
        return ""
    asked = ["__typename"]
    for name, each in named.fields.items():
        inner = get_named_type(each.type)
        if needed(each) or (isinstance(inner, GraphQLObjectType | GraphQLUnionType) and depth == 0):
            continue
        asked.append(f"{name} {selection(schema, inner, depth - 1)}")
    return "{ " + " ".join(asked) + " }"


def needed(field: GraphQLField) -> list[str]:
    return [name for name, argument in field.args.items() if is_required_argument(argument)]


def known_values(caller: Caller) -> Mapping[str, list[str]]:
    """Arguments that lead somewhere, by name, as GraphQL writes them; taken from what the caller himself is shown."""
    entries = pages(caller, "{ history(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes {"
                            " id recordedAt factType organization agreement product run requestId } } }")  # fmt: skip
    shown = [node for page in entries for node in page["data"]["history"]["nodes"]]

    def some(name: str, most: int = 3) -> list[str]:
        return [json.dumps(each) for each in dict.fromkeys(node[name] for node in shown if node[name] is not None)][
            :most
        ]

    instants = [some("recordedAt", 10_000)[place] for place in (0, len(shown) // 2, -1)]
    return {
        "month": ['"2026-10"', '"2026-11"'],
        "agreement": some("agreement", 2),
        "product": some("product", 2),
        "at": instants,
        "from": instants[:2],
        "to": instants[1:],
        "id": [*some("id"), *some("organization"), *some("run"), *some("requestId"), *some("agreement", 1)],
        "run": some("run"),
        "organization": some("organization"),
        "search": ['"a"'],
    }


def questions(known: Mapping[str, list[str]]) -> Iterator[str]:
    """Every query of the schema with every field of its answer, once for each choice of the arguments it needs."""
    assert SCHEMA.query_type is not None
    for name, field in SCHEMA.query_type.fields.items():
        if name in NOT_OF_THE_LEDGER:
            continue
        choices = [[f"{argument}: {value}" for value in values_of(known, argument)] for argument in needed(field)]
        pageable = ["first: 7, after: $after"] if "after" in field.args else []
        for chosen in itertools.product(*choices):
            arguments = ", ".join([*chosen, *pageable])
            inner = selection(SCHEMA, get_named_type(field.type), DEEPEST)
            yield f"{{ {name}{f'({arguments})' if arguments else ''} {inner} }}"


def values_of(known: Mapping[str, list[str]], argument: str) -> list[str]:
    assert argument in known, f"no value is known for the argument {argument}: give it one"
    return known[argument]


END = re.compile(r'"hasNextPage": true, "endCursor": "([^"]+)"')


def pages(caller: Caller, query: str) -> list[Any]:
    """The answers to a query page by page, each after the cursor with which the one before it ended."""
    declared = f"query ($after: String) {query}" if "$after" in query else query
    answers: list[Any] = []
    after = None
    while len(answers) < 60:
        body = Caller(caller.api, caller.token, REQUEST).ask(declared, **({"after": after} if after else {})).body
        answers.append(body)
        found = END.search(json.dumps(body))
        if "$after" not in query or found is None:
            return answers
        after = found[1]
    return answers


def test_every_page_of_every_answer_is_the_same_with_and_without_others(worlds: tuple[Caller, Caller]) -> None:
    among, alone = worlds
    asked = list(questions(known_values(alone)))

    answered = 0
    for query in asked:
        with_others, without = pages(among, query), pages(alone, query)
        assert without == with_others, query
        answered += any("errors" not in page for page in with_others)

    assert len({name_of(query) for query in asked}) > 20
    assert answered > 30


@pytest.mark.long
def test_ids_of_others_lead_where_ids_of_nothing_lead(worlds: tuple[Caller, Caller]) -> None:
    """The same questions with everything that another MSP's auditor could have told: nothing is learned from it."""
    among, alone = worlds
    theirs = known_values(Api(among.api.served, OTHER).auditor())
    ours = known_values(alone)
    foreign = {name: [value for value in values if value not in ours[name]] for name, values in theirs.items()}
    asked = list(questions({name: values or ours[name] for name, values in foreign.items()}))

    for query in asked:
        assert pages(alone, query) == pages(among, query), query

    assert len(foreign["id"]) > 2


@pytest.mark.long
def test_another_msp_is_nobody_to_every_question(worlds: tuple[Caller, Caller]) -> None:
    assert SCHEMA.query_type is not None
    alone = worlds[1]
    known = known_values(alone)
    asked = [query for query in questions(known) if "msp" in SCHEMA.query_type.fields[name_of(query)].args]

    for query in asked:
        about_other = query.replace(name_of(query), f'{name_of(query)}(msp: "{OTHER}")', 1).replace(")(", ", ", 1)
        about_nobody = about_other.replace(f'"{OTHER}"', '"never-was"')
        answers = [pages(caller, each) for each in (about_other, about_nobody) for caller in worlds]
        assert len({json.dumps(answer).replace("never-was", OTHER) for answer in answers}) == 1, query
        assert '"UnknownMsp"' in json.dumps(answers[0])


FORGED = [(0,), (-1,), (10**6,), (2**63,), (10**40,), ("1",), (None,), (1, 2), (1.5,), (True,)]


@pytest.mark.parametrize("key", FORGED, ids=str)
def test_a_forged_cursor_opens_nothing(worlds: tuple[Caller, Caller], key: tuple[Any, ...]) -> None:
    for name in ("history", "auditCheckpoints", "runs", "exceptions"):
        query = f"query ($a: String) {{ {name}(first: 100, after: $a) {{ totalCount edges {{ cursor }} }} }}"

        with_others, without = (caller.ask(query, a=cursor(key)) for caller in worlds)

        assert without.body == with_others.body
        assert set(with_others.codes) <= {"InvalidInput"}, with_others.body


def name_of(query: str) -> str:
    return str(re.findall(r"\w+", query)[0])


def exported(caller: Caller, form: str, **parameters: Any) -> tuple[int, bytes, str | None]:
    served = caller.api.served
    headers = {"Authorization": f"Bearer {caller.token}", **REQUEST}
    answer = served.portal.call(lambda: served.client.get(f"/exports/facts.{form}", params=parameters, headers=headers))
    return answer.status_code, answer.content, answer.headers.get("x-export-until")


EXPORTS: list[dict[str, Any]] = [
    {},
    {"factType": "organization.licenses-changed"},
    {"role": "WORKER"},
    {"subject": "nobody"},
    {"after": 50},
    {"after": 50, "upTo": 120},
    {"resumeAfter": 33},
    {"resumeAfter": 10**9},
    {"msp": OTHER},
]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_every_export_is_the_same_bytes_with_and_without_others(worlds: tuple[Caller, Caller], form: str) -> None:
    among, alone = worlds

    for parameters in EXPORTS:
        assert exported(alone, form, **parameters) == exported(among, form, **parameters), parameters

    status, content, until = exported(among, form)
    facts = among.api.facts()
    assert (200, str(facts)) == (status, until)
    assert b"acme" in content
    assert b'"other"' not in content


def test_checkpoints_are_signed_at_the_same_times_with_and_without_others(worlds: tuple[Caller, Caller]) -> None:
    query = "{ auditCheckpoints { nodes { count at body signature } } }"

    with_others, without = (caller.one(query)["nodes"] for caller in worlds)

    assert without == with_others
    assert len(without) > 2


def test_the_tail_tells_the_same_with_and_without_others(worlds: tuple[Caller, Caller]) -> None:
    query = "subscription ($a: String) { facts(after: $a) { cursor node { id number factType } } }"
    begin = cursor((5,))

    with_others, without = (told(caller, query, count=120, a=begin) for caller in worlds)

    assert without == with_others
    assert list(range(6, 126)) == [each["data"]["facts"]["node"]["number"] for each in without]


@pytest.mark.parametrize("path", ["/ready", "/health"])
def test_what_anybody_may_ask_says_nothing_about_how_much_there_is(worlds: tuple[Caller, Caller], path: str) -> None:
    with_others, without = (caller.api.get(path).content for caller in worlds)

    assert without == with_others
