"""Values of an operation's variables, read in one go where there is plainly nothing wrong with them.

The library works out for each value anew of which type it is, and walks all of it twice; of a call of a thousand
changes that was two fifths of what the event loop did. Here it is worked out once for an operation how its values are
read. What is not plainly right is left to the library, which reads everything again and tells what is wrong with it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.pyutils import Undefined
from graphql.type import is_required_input_field
from graphql.type.scalars import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT
from graphql.utilities.coerce_input_value import coerce_default_value
from strawberry.schema.schema_converter import CustomGraphQLEnumType

Read = Callable[[Any], Any]
"""How a value that came is read. Raises: whatever, when it is for the library to look at."""
ReadVariables = Callable[[Mapping[str, Any]], VariableValues]
"""As `Read`, for all variables of an operation by their names."""

_HELD_AS_THEY_COME = {"String": str, "ID": str, "Boolean": bool}


class NotPlain(Exception):
    """For the library to look at."""


def variables_of(schema: GraphQLSchema, operation: OperationDefinitionNode) -> ReadVariables | None:
    """How the variables of an operation are read; None when that is the library's matter."""
    signatures: list[tuple[GraphQLVariableSignature, Read, bool]] = []
    for definition in operation.variable_definitions or ():
        signature = get_variable_signature(schema, definition)
        if isinstance(signature, GraphQLError):
            return None
        read = _reading(signature.type, ())
        if read is None:
            return None
        may_lack = signature.default is None and not isinstance(signature.type, GraphQLNonNull)
        signatures.append((signature, read, may_lack))

    def read_all(given: Mapping[str, Any]) -> VariableValues:
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for signature, read, may_lack in signatures:
            name = signature.name
            if name in given:
                value = given[name]
                sources[name] = VariableValueSource(signature, value)
                coerced[name] = read(value)
            elif may_lack:
                sources[name] = VariableValueSource(signature)
            else:
                raise NotPlain
        return VariableValues(sources, coerced)

    return read_all


def _reading(kind: GraphQLInputType, within: tuple[GraphQLInputObjectType, ...]) -> Read | None:
    """`within` are the types around it: of one that holds itself, only the library knows how deep it may go."""
    if isinstance(kind, GraphQLNonNull):
        return _reading_present(kind.of_type, within)
    read = _reading_present(kind, within)
    return None if read is None else lambda value: None if value is None else read(value)


def _reading_present(kind: GraphQLInputType, within: tuple[GraphQLInputObjectType, ...]) -> Read | None:
    match kind:
        case GraphQLList():
            return _reading_list(kind, within)
        case GraphQLInputObjectType():
            return None if kind in within or kind.is_one_of else _reading_object(kind, (*within, kind))
        case CustomGraphQLEnumType():
            return {name: kind.wrapped_cls(each.value) for name, each in kind.values.items()}.__getitem__
        case GraphQLScalarType(name="Int"):
            return _whole_number
        case GraphQLScalarType(name=name) if name in _HELD_AS_THEY_COME:
            return _held_as(_HELD_AS_THEY_COME[name])
        case GraphQLScalarType():
            return _by_its_scalar(kind)
    return None


def _reading_list(kind: GraphQLList[Any], within: tuple[GraphQLInputObjectType, ...]) -> Read | None:
    item = _reading(kind.of_type, within)
    if item is None:
        return None

    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise NotPlain
        return [item(each) for each in value]

    return read


def _reading_object(kind: GraphQLInputObjectType, within: tuple[GraphQLInputObjectType, ...]) -> Read | None:
    fields: list[tuple[str, str, Read, bool, GraphQLInputField | None]] = []
    for name, field in kind.fields.items():
        read_field = _reading(field.type, within)
        if read_field is None:
            return None
        defaulted = field if coerce_default_value(field) is not Undefined else None
        fields.append((name, field.out_name or name, read_field, is_required_input_field(field), defaulted))

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise NotPlain
        found: dict[str, Any] = {}
        left = len(value)
        for name, held_as, read_field, is_required, defaulted in fields:
            if name in value:
                left -= 1
                found[held_as] = read_field(value[name])
            elif is_required:
                raise NotPlain
            elif defaulted is not None:
                found[held_as] = coerce_default_value(defaulted)
        if left:  # a name that the type does not know
            raise NotPlain
        return kind.out_type(found)

    return read


def _whole_number(value: Any) -> int:
    if type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT:
        return value
    raise NotPlain


def _held_as(python_type: type) -> Read:
    def read(value: Any) -> Any:
        if type(value) is python_type:
            return value
        raise NotPlain

    return read


def _by_its_scalar(kind: GraphQLScalarType) -> Read:
    def read(value: Any) -> Any:
        if value is None or (found := kind.coerce_input_value(value)) is Undefined:
            raise NotPlain
        return found

    return read
