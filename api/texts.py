"""Texts that nothing behind us can hold are refused at the door: NUL characters and halves of surrogate pairs.

PostgreSQL stores neither, and no stored fact could be exported as UTF-8. They may come in a variable or be spelled as
an escape within a query, so both are looked at.
"""

import re
from typing import Any

from graphql import ASTValidationRule, GraphQLError, StringValueNode

from api.errors import Refused
from domain.refusals import InvalidInput

UNSTORABLE = InvalidInput("text", "a NUL character or half of a surrogate pair can not be stored")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """
    >>> is_storable("Café"), is_storable("a\\x00b"), is_storable("\\ud800")
    (True, False, False)
    """
    return _UNSTORABLE.search(text) is None


def is_plain_json(data: str | bytes) -> bool:
    """Whether no text within it can be one that is not storable, which its bytes tell without looking at each text.

    Such a text is spelled as an escape, or in bytes that no ASCII document has. False says nothing.

    >>> [is_plain_json(data) for data in (b'{"name": "Cafe"}', rb'{"name": "\\u0000"}', '{"name": "Café"}')]
    [True, False, False]
    """
    if isinstance(data, str):
        return data.isascii() and "\\u" not in data and "\x00" not in data
    return data.isascii() and b"\\u" not in data and b"\x00" not in data


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
