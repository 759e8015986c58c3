"""Inputs that come by the thousand in one call.

The library works out the type of every field of every item anew, which takes longer than deciding what the item asks
for. Items of leaves need none of that: when they arrive their values are checked and read already.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from strawberry.types import get_object_definition
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryList, StrawberryObjectDefinition, StrawberryOptional

T = TypeVar("T")

_Make = Callable[[type, Mapping[str, Any], InputContext], Any]


def of_leaves(item: type[T]) -> type[T]:
    """Let an input type be made in one step: all of its fields are scalars, enums, or lists of such inputs."""
    definition = get_object_definition(item, strict=True)
    names: dict[str, str] = {}
    lists: dict[str, tuple[type, _Make]] = {}

    def made(cls: type, given: Mapping[str, Any], context: InputContext) -> Any:
        if not names:
            lists.update(_lists(definition))
            names.update(_names(definition, context))
        read = {names[name]: value for name, value in given.items()}
        for name, (of, make) in lists.items():
            if read.get(name) is not None:
                read[name] = [make(of, each, context) for each in read[name]]
        return cls(**read)

    definition.from_input = made
    return item


def _names(definition: StrawberryObjectDefinition, context: InputContext) -> dict[str, str]:
    """The name of each field in Python by its name in GraphQL."""
    return {context.config.name_converter.from_field(field): field.python_name for field in definition.fields}


def _lists(definition: StrawberryObjectDefinition) -> dict[str, tuple[type, _Make]]:
    """What the lists among the fields hold, by their names in Python. Raises: TypeError unless `of_leaves` made it."""
    found: dict[str, tuple[type, _Make]] = {}
    for field in definition.fields:
        held = field.resolve_type()
        if isinstance(held, StrawberryOptional):
            held = held.of_type
        of = cast(type, held.of_type if isinstance(held, StrawberryList) else held)
        if (inner := get_object_definition(of)) is None:
            continue
        if inner.from_input is None or not isinstance(held, StrawberryList):
            raise TypeError(f"{definition.name}.{field.python_name} holds what is not made in one step")
        found[field.python_name] = of, inner.from_input
    return found
