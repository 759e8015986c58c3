"""The grammar of `conditions`, from text to a tree.

    expr    := or ; or := and ("or" and)* ; and := unary ("and" unary)* ; unary := ["not"] primary
    primary := "(" or ")" | field op value
    op      := = != < <= > >= | ["not"] contains | ["not"] like | ["not"] in
    value   := "text" | 'text' | 123 | 1.5 | true | false | [2026-09-01T00:00:00Z] | [2026-09-01] | null | (v, v, …)

Words are read in any case. Inside text a backslash or a doubled quote stands for the quote, and `[[]` for a bracket;
which escapes a live system takes is not documented, so `escapes` chooses.
"""

import re
from dataclasses import dataclass
from typing import Literal

from simulator import clock
from simulator.errors import bad_condition

Escapes = Literal["both", "backslash", "doubled", "none"]
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "contains", "like", "in"]


@dataclass(frozen=True, slots=True)
class Instant:
    """A date literal, in the form in which records hold dates: `2026-09-01T00:00:00Z`."""

    text: str


Scalar = str | int | float | bool | Instant | None
Value = Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field op value`; the value is a tuple after `in` and a scalar otherwise."""

    field: str
    operator: Operator
    value: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    inner: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Expression", ...]


Expression = Comparison | Not | And | Or

TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[-+]?\d+(?:\.\d+)?(?![\w.]))
    | (?P<word>[A-Za-z_][\w.]*(?:/[A-Za-z_]\w*)*)
    | (?P<sign><=|>=|!=|<>|=|<|>|\(|\)|,)
    | (?P<date>\[[^\]\[]*\])
    | (?P<quote>["'])
    )""",
    re.VERBOSE,
)
LONGEST_NUMBER = 30
"""Digits of a number, sign and point included."""
DEEPEST = 50
"""How deep parentheses and `not` may nest before the expression is refused."""


@dataclass(slots=True)
class Token:
    kind: str
    text: str


def parse(text: str, escapes: Escapes = "both") -> Expression:
    """Read one condition expression.

    Raises: Refused (400, ApiFindCondition) when the text is not an expression.
    """
    reader = Reader(tokens(text, escapes))
    expression = reader.any_of(0)
    if reader.position < len(reader.tokens):
        raise bad_condition(f"Unexpected '{reader.tokens[reader.position].text}' in condition.")
    return expression


def tokens(text: str, escapes: Escapes) -> list[Token]:
    found: list[Token] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise bad_condition(f"Unexpected '{text[position:].strip()[:20]}' in condition.")
        kind = match.lastgroup
        position = match.end()
        if kind == "quote":
            content, position = quoted(text, position, match["quote"], escapes)
            found.append(Token("text", content))
        else:
            found.append(Token(kind, match[kind]))
    return found


def quoted(text: str, position: int, quote: str, escapes: Escapes) -> tuple[str, int]:
    """Read to the closing quote; gives the content and the position after it."""
    content: list[str] = []
    while position < len(text):
        here, after = text[position], text[position + 1 : position + 2]
        if here == "\\" and after in {'"', "'", "\\"} and after and escapes in {"both", "backslash"}:
            content.append(after)
            position += 2
        elif here == quote and after == quote and escapes in {"both", "doubled"}:
            content.append(quote)
            position += 2
        elif here == quote:
            return "".join(content).replace("[[]", "["), position + 1
        else:
            content.append(here)
            position += 1
    raise bad_condition("A text in the condition has no closing quote.")


class Reader:
    """Recursive descent over the tokens; each method reads one rule of the grammar."""

    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.position = 0

    def peek_word(self) -> str:
        if self.position < len(self.tokens) and self.tokens[self.position].kind == "word":
            return self.tokens[self.position].text.lower()
        return ""

    def peek_sign(self) -> str:
        if self.position < len(self.tokens) and self.tokens[self.position].kind == "sign":
            return self.tokens[self.position].text
        return ""

    def take(self) -> Token:
        if self.position >= len(self.tokens):
            raise bad_condition("The condition ends too early.")
        self.position += 1
        return self.tokens[self.position - 1]

    def any_of(self, depth: int) -> Expression:
        parts = [self.all_of(depth)]
        while self.peek_word() == "or":
            self.position += 1
            parts.append(self.all_of(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def all_of(self, depth: int) -> Expression:
        parts = [self.unary(depth)]
        while self.peek_word() == "and":
            self.position += 1
            parts.append(self.unary(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def unary(self, depth: int) -> Expression:
        if depth > DEEPEST:
            raise bad_condition("The condition is nested too deeply.")
        if self.peek_word() == "not":
            self.position += 1
            return Not(self.primary(depth + 1))
        return self.primary(depth)

    def primary(self, depth: int) -> Expression:
        if self.peek_sign() == "(":
            self.position += 1
            if depth > DEEPEST:
                raise bad_condition("The condition is nested too deeply.")
            inner = self.any_of(depth + 1)
            if self.take().text != ")":
                raise bad_condition("A parenthesis in the condition is not closed.")
            return inner
        name = self.take()
        if name.kind != "word":
            raise bad_condition(f"Expected a field name instead of '{name.text}'.")
        return self.comparison(name.text)

    def comparison(self, field: str) -> Comparison:
        negated = self.peek_word() == "not"
        if negated:
            self.position += 1
        operator = self.take()
        word = operator.text.lower()
        if operator.kind == "word" and word == "in":
            return Comparison(field, "in", self.value_list(), negated)
        if operator.kind == "word" and word == "contains":
            return Comparison(field, "contains", self.scalar(), negated)
        if operator.kind == "word" and word == "like":
            return Comparison(field, "like", self.scalar(), negated)
        if operator.kind == "sign" and not negated:
            match operator.text:
                case "=" | "!=" | "<" | "<=" | ">" | ">=" as sign:
                    return Comparison(field, sign, self.scalar())
        raise bad_condition(f"'{operator.text}' is not a recognized operator.")

    def value_list(self) -> tuple[Scalar, ...]:
        if self.take().text != "(":
            raise bad_condition("A list of values is expected after 'in'.")
        values = [self.scalar()]
        while (separator := self.take().text) == ",":
            values.append(self.scalar())
        if separator != ")":
            raise bad_condition("The list of values after 'in' is not closed.")
        return tuple(values)

    def scalar(self) -> Scalar:
        token = self.take()
        match token.kind:
            case "text":
                return token.text
            case "number":
                if len(token.text) > LONGEST_NUMBER:
                    raise bad_condition("A number in the condition is too large.")
                return float(token.text) if "." in token.text else int(token.text)
            case "date":
                return Instant(instant_text(token.text[1:-1]))
            case "word" if token.text.lower() in {"true", "false"}:
                return token.text.lower() == "true"
            case "word" if token.text.lower() == "null":
                return None
        raise bad_condition(f"'{token.text}' is not a value.")


def instant_text(text: str) -> str:
    """A date literal without its brackets, as records hold it; without an offset it is UTC."""
    try:
        return clock.instant_text(clock.read_instant(text))
    except ValueError as error:
        raise bad_condition(f"String '{text[:40]}' was not recognized as a valid DateTime.") from error
