"""The compiled conditions agree with a second reading of the grammar that shares no code with the first.

The second reading evaluates a random tree directly in three-valued logic, while the simulator gets the tree's text.
"""

from typing import Any, Literal, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.company_shapes import COMPANY
from simulator.condition_text import parse
from simulator.conditions import Names, predicate
from simulator.errors import Refused

Tree: TypeAlias = tuple[Any, ...]
Truth = bool | None

TEXTS = st.text(alphabet="aA%*'é", max_size=3)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": TEXTS,
    "numberOfEmployees": st.integers(0, 3),
    "annualRevenue": st.sampled_from([0.0, 1.5, 2.0]),
    "deletedFlag": st.booleans(),
    "dateAcquired": st.sampled_from(["2026-01-31", "2026-02-01", "2026-02-02"]),
    "status/id": st.integers(1, 3),
}
ORDERED = ("numberOfEmployees", "annualRevenue", "dateAcquired", "status/id", "name")


@st.composite
def leaves(draw: st.DrawFn) -> Tree:
    field = draw(st.sampled_from(["name", *sorted(FIELDS)]))
    if draw(st.integers(0, 7)) == 0:
        return ("null", field, draw(st.sampled_from(["=", "!="])))
    if draw(st.integers(0, 4)) == 0:
        values = draw(st.lists(st.none() | FIELDS[field], min_size=1, max_size=3))
        return ("in", field, draw(st.booleans()), values)
    if field == "name" and draw(st.booleans()):
        return (draw(st.sampled_from(["like", "contains"])), field, draw(st.booleans()), draw(TEXTS))
    signs = ["=", "!=", "<", "<=", ">", ">="] if field in ORDERED else ["=", "!="]
    return ("compare", field, draw(st.sampled_from(signs)), draw(FIELDS[field]))


TREES: st.SearchStrategy[Tree] = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    ),
    max_leaves=8,
)
COMPANIES = st.lists(
    st.fixed_dictionaries(
        {"_info": st.just({})},
        optional={
            "name": TEXTS,
            "numberOfEmployees": st.integers(0, 3),
            "annualRevenue": st.sampled_from([0.0, 1.5, 2.0]),
            "deletedFlag": st.booleans(),
            "dateAcquired": st.sampled_from([f"2026-0{day}T00:00:00Z" for day in ("1-31", "2-01", "2-02")]),
            "status": st.builds(lambda number: {"id": number}, st.integers(1, 3)),
        },
    ),
    min_size=1,
    max_size=5,
)


def written(tree: Tree, quote: str, *, case: Literal["lower", "upper"]) -> str:
    """The tree as text, with no more parentheses than the precedence of `not`, `and` and `or` needs."""
    word = str.upper if case == "upper" else str.lower

    def value(field: str, of: Any) -> str:
        if of is None:
            return word("null")
        if field == "dateAcquired":
            return f"[{of}]"
        if isinstance(of, bool):
            return word(str(of))
        return quote + of.replace(quote, quote * 2) + quote if isinstance(of, str) else str(of)

    def text(node: Tree) -> str:
        match node:
            case ("null", field, sign):
                return f"{field} {sign} {word('null')}"
            case ("in", field, negated, values):
                listed = ",".join(value(field, each) for each in values)
                return f"{field} {word('not ') if negated else ''}{word('in')} ({listed})"
            case (("like" | "contains") as kind, field, negated, pattern):
                return f"{field} {word('not ') if negated else ''}{word(kind)} {value(field, pattern)}"
            case ("compare", field, sign, of):
                return f"{field}{sign}{value(field, of)}"
            case ("not", inner):
                return (
                    f"{word('not')} {text(inner) if inner[0] not in ('and', 'or', 'not') else '(' + text(inner) + ')'}"
                )
            case ("and", left, right):
                return f" {word('and')} ".join(
                    f"({text(side)})" if side[0] == "or" else text(side) for side in (left, right)
                )
            case _:
                return f" {word('or')} ".join(text(side) for side in node[1:])

    return text(tree)


def read(company: dict[str, Any], field: str) -> Any:
    name, _, member = field.partition("/")
    found = company.get(name)
    return found.get(member) if member and found else found


def folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def truth(tree: Tree, company: dict[str, Any]) -> Truth:
    """Kleene's logic: None is "unknown", which an absent value makes of every comparison but those with null."""
    match tree:
        case ("not", inner):
            found = truth(inner, company)
            return None if found is None else not found
        case ("and" | "or" as word, left, right):
            sides = (truth(left, company), truth(right, company))
            decisive = word == "or"
            if decisive in sides:
                return bool(decisive)
            return None if None in sides else not decisive
        case ("null", field, sign):
            return bool((read(company, field) is None) == (sign == "="))
        case ("in", field, negated, values):
            any_equal: Tree = ("null", field, "=") if values[0] is None else ("compare", field, "=", values[0])
            for each in values[1:]:
                other: Tree = ("null", field, "=") if each is None else ("compare", field, "=", each)
                any_equal = ("or", any_equal, other)
            return truth(("not", any_equal) if negated else any_equal, company)
    field, found = tree[1], folded(read(company, tree[1]))
    if found is None:
        return None
    if tree[0] == "compare":
        wanted = folded(f"{tree[3]}T00:00:00Z" if field == "dateAcquired" else tree[3])
        return bool(
            {
                "=": found == wanted,
                "!=": found != wanted,
                "<": found < wanted,
                "<=": found <= wanted,
                ">": found > wanted,
                ">=": found >= wanted,
            }[tree[2]]
        )
    pattern = tree[3].casefold()
    hit = pattern in found if tree[0] == "contains" else matches(pattern, found)
    return bool(hit != tree[2])


def matches(pattern: str, text: str) -> bool:
    """A like pattern, one character at a time."""
    if not pattern:
        return not text
    if pattern[0] in "%*":
        return any(matches(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    return text[:1] == pattern[0] and matches(pattern[1:], text[1:])


@settings(max_examples=400, deadline=None)
@given(tree=TREES, companies=COMPANIES, quote=st.sampled_from("\"'"), case=st.sampled_from(["lower", "upper"]))
def test_the_simulator_finds_the_records_that_the_naive_reading_finds(
    tree: Tree, companies: list[dict[str, Any]], quote: str, case: Literal["lower", "upper"]
) -> None:
    text = written(tree, quote, case=case)

    test = predicate(parse(text, "both"), Names(COMPANY, {}).find)

    assert [test(company) for company in companies] == [truth(tree, company) is True for company in companies], text


@given(pattern=st.text(alphabet="aB%*", max_size=5), name=st.text(alphabet="aAb*", max_size=5), negated=st.booleans())
def test_like_takes_both_wildcards_anywhere(pattern: str, name: str, negated: bool) -> None:
    test = predicate(parse(f"name {'not ' if negated else ''}like '{pattern}'"), Names(COMPANY, {}).find)

    assert test({"name": name}) == (matches(pattern.casefold(), name.casefold()) != negated)


@given(text=st.text(alphabet="name=()\"'[]<>!, andornotin123/%*\\-.", max_size=30))
def test_any_text_is_read_or_refused_with_a_condition_error(text: str) -> None:
    refusal: Refused | None = None

    try:
        predicate(parse(text, "both"), Names(COMPANY, {}).find)
    except Refused as raised:
        refusal = raised

    assert refusal is None or (refusal.status, refusal.body["code"]) == (400, "ApiFindCondition")
