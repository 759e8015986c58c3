"""Inputs that come by the thousand in one call.

The library works out the type of every field of every item anew, which takes longer than deciding what the item asks
for. Items of leaves need none of that: when they arrive their values are checked and read already.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from strawberry.types import get_object_definition
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryObjectDefinition

T = TypeVar("T")


def of_leaves(item: type[T]) -> type[T]:
    """Let items of an input type, all of whose fields are scalars or enums, be made in one step."""
    definition = get_object_definition(item, strict=True)
    names: dict[str, str] = {}

    def made(cls: type, given: Mapping[str, Any], context: InputContext) -> Any:
        if not names:
            names.update(_names(definition, context))
        return cls(**{names[name]: value for name, value in given.items()})

    definition.from_input = made
    return item


def _names(definition: StrawberryObjectDefinition, context: InputContext) -> dict[str, str]:
    """The name of each field in Python by its name in GraphQL."""
    return {context.config.name_converter.from_field(field): field.python_name for field in definition.fields}
