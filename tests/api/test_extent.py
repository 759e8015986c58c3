"""How large a document may be: judged by what it means, and quickly however it is written."""

import asyncio
from typing import Any

import pytest
from graphql import parse

from api import documents
from api.documents import LONGEST_REMEMBERED
from api.extent import DEEPEST, MOST_ALIKE, MOST_FIELDS, TooLarge, check_extent
from api.schema import build_schema


def is_let_through(query: str) -> bool:
    try:
        check_extent(parse(query))
    except TooLarge:
        return False
    return True


LAUGHS = "{ viewer { ...F0 } } " + " ".join(
    f"fragment F{n} on Viewer {{ ...F{n + 1} ...F{n + 1} }}" for n in range(200)
)
WITHIN = {
    "an ordinary question": "{ viewer { role } organizations(first: 3) { nodes { id name } } }",
    "as deep as allowed": "{ a " * DEEPEST + "}" * DEEPEST,
    "as many of one name as allowed": "{ " + "a " * MOST_ALIKE + "}",
    "fragments in a circle, which another rule names": "{ ...A } fragment A on Q { ...B } fragment B on Q { ...A }",
    "an unknown fragment, which another rule names": "{ ...Nobody }",
}
BEYOND = {
    "too deep": "{ a " * (DEEPEST + 1) + "}" * (DEEPEST + 1),
    "too deep by fragments": "{ ...A } fragment A on Q " + "{ a " * (DEEPEST + 1) + "}" * (DEEPEST + 1),
    "too many of one name": "{ " + "a " * (MOST_ALIKE + 1) + "}",
    "too many of one name by fragments": "{ " + "...A " * (MOST_ALIKE + 1) + "} fragment A on Q { a }",
    "too many fields": "{ " + " ".join(f"a{n}" for n in range(MOST_FIELDS + 1)) + " }",
    "a small document with a huge meaning": LAUGHS + " fragment F200 on Viewer { role }",
    "deep values": "{ a(b: " + "[" * 40 + "]" * 40 + ") }",
    "deep objects": "{ a(b: " + "{c: " * 40 + "1" + "}" * 40 + ") }",
    "deep types": "query ($a: " + "[" * 40 + "Int" + "]" * 40 + ") { a }",
    "a number without end": "{ a(b: " + "9" * 5000 + ") }",
    "a number without end in a directive": "{ a @skip(if: " + "9" * 5000 + ") }",
    "a number without end by default": "query ($a: Int = " + "9" * 5000 + ") { a }",
}


@pytest.mark.parametrize("what", list(WITHIN))
def test_what_questions_need_is_let_through(what: str) -> None:
    assert is_let_through(WITHIN[what])


@pytest.mark.parametrize("what", list(BEYOND))
def test_what_no_question_needs_is_refused(what: str) -> None:
    assert not is_let_through(BEYOND[what])


def test_a_document_is_looked_at_once_unless_it_is_refused_or_long(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[Any] = []

    def look(document: Any) -> None:
        looked_at.append(document)
        check_extent(document)

    monkeypatch.setattr(documents, "check_extent", look)
    schema = build_schema(introspection=True)

    def times_looked_at(query: str) -> int:
        looked_at.clear()
        answers = [asyncio.run(schema.execute(query)) for _ in range(3)]
        assert len({str(answer.errors) for answer in answers}) == 1
        return len(looked_at)

    assert 1 == times_looked_at("{ nobodyAsksThis }")
    assert 3 == times_looked_at("{ nobodyAsksThis " + " " * LONGEST_REMEMBERED + "}")
    assert 3 == times_looked_at(BEYOND["too many of one name"])
