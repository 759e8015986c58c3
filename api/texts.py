"""Texts that nothing behind us can hold are refused at the door: NUL characters and halves of surrogate pairs.

PostgreSQL stores neither, and no stored fact could be exported as UTF-8. They may come in a variable or be spelled as
an escape within a query, so both are looked at.
"""

from typing import Any

from graphql import ASTValidationRule, GraphQLError, StringValueNode

from api.errors import Refused
from domain.refusals import InvalidInput

UNSTORABLE = InvalidInput("text", "a NUL character or half of a surrogate pair can not be stored")


def is_storable(text: str) -> bool:
    """
    >>> is_storable("Café"), is_storable("a\\x00b"), is_storable("\\ud800")
    (True, False, False)
    """
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def all_storable(value: Any) -> bool:
    """Whether every text within a decoded JSON value can be stored, names of its fields included."""
    pending = [value]
    while pending:
        match pending.pop():
            case str() as text:
                if not is_storable(text):
                    return False
            case dict() as fields:
                pending.extend(fields.keys())
                pending.extend(fields.values())
            case list() as items:
                pending.extend(items)
    return True


class StorableTexts(ASTValidationRule):
    """A query holds no text that can not be stored."""

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        if not is_storable(node.value):
            refused = Refused(UNSTORABLE)
            self.report_error(GraphQLError(str(refused), node, original_error=refused))
