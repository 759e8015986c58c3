"""Execution of operations, with a short way for the leaves of an answer.

Most of an answer are leaves that an object simply holds: a name, a count, a state. The library walks each through the
same steps as a resolver that may wait or fail, which is most of the time that a page takes. Here a leaf that is an
attribute of its object and holds just what its type is written from is read and written at once. Whatever else there
is goes the library's own way: fields with resolvers, objects and lists, and leaves that hold something unexpected.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import GraphQLField, GraphQLNonNull, GraphQLObjectType, GraphQLScalarType, TypeNameMetaFieldDef
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.types.field import StrawberryField
from typing_extensions import override

from api.scalars import HELD_AS

_WRITTEN_AS_THEY_ARE = frozenset({str, bool})
_OTHERWISE = object()
"""Stands for a leaf that is left to the library."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """An attribute; the one type whose values go the short way, and how they are written (None: as they are)."""

    attribute: str
    held_as: type
    write: Callable[[Any], object] | None
    may_be_null: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the fields that are asked of an object go."""

    fields: GroupedFieldSet
    """What is planned; held here, so that its id stays its own."""
    begun: Mapping[str, object]
    """The answer before anything was read: all names in the order asked for, with the names of types."""
    leaves: Mapping[str, _Leaf]
    others: GroupedFieldSet


class Executing(StrawberryGraphQLCoreExecutionContext):
    """One operation being executed."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._plans: dict[tuple[str, int], _Plan] = {}
        self._is_watched = self.middleware_manager is not None and bool(self.middleware_manager.middlewares)

    @override
    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        if self._is_watched:  # whoever wraps resolvers wants to see every field
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        key = parent_type.name, id(grouped_field_set)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._planned(parent_type, grouped_field_set)
        results = dict(plan.begun)
        others, unexpected = plan.others, set[str]()
        for name, leaf in plan.leaves.items():
            results[name] = written = _written(leaf, source_value)
            if written is _OTHERWISE:
                unexpected.add(name)
        if unexpected:  # in the order asked for, in which the library would meet their errors
            others = {
                name: fields for name, fields in grouped_field_set.items() if name in unexpected or name in others
            }
        if not others:
            return results
        executed = super().execute_fields(parent_type, source_value, path, others, position_context)
        if isinstance(executed, dict):
            results.update(executed)
            return results

        async def joined() -> dict[str, Any]:
            results.update(await executed)
            return results

        return joined()

    def _planned(self, parent_type: GraphQLObjectType, fields: GroupedFieldSet) -> _Plan:
        begun: dict[str, object] = {}
        leaves: dict[str, _Leaf] = {}
        others: GroupedFieldSet = {}
        for name, details in fields.items():
            declared = self.schema.get_field(parent_type, details[0].node.name.value)
            if declared is TypeNameMetaFieldDef:
                begun[name] = parent_type.name
                continue
            leaf = None if declared is None else _leaf(declared)
            if leaf is None:
                others[name] = details
            else:
                leaves[name] = leaf
            if declared is not None:
                begun[name] = None
        return _Plan(fields, begun, leaves, others)


def _written(leaf: _Leaf, source: object) -> object:
    """The leaf of an object as the answer shows it, or that it goes the library's way."""
    try:
        value = getattr(source, leaf.attribute)
        if type(value) is leaf.held_as:
            return value if leaf.write is None else leaf.write(value)
    except Exception:  # noqa: BLE001 - it happens again on the library's way, which tells it as an error of this field
        return _OTHERWISE
    return None if value is None and leaf.may_be_null else _OTHERWISE


def _leaf(declared: GraphQLField) -> _Leaf | None:
    """How a declared field goes the short way; None when it has a resolver, or is no leaf, or of a type without one."""
    own = declared.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(own, StrawberryField) or not own.is_basic_field:
        return None
    is_required = isinstance(declared.type, GraphQLNonNull)
    match declared.type.of_type if isinstance(declared.type, GraphQLNonNull) else declared.type:
        case CustomGraphQLEnumType() as enum:
            return _Leaf(own.python_name, enum.wrapped_cls, _names(enum).__getitem__, not is_required)
        case GraphQLScalarType(name=name, coerce_output_value=write) if name in HELD_AS:
            held_as = HELD_AS[name]
            as_it_is = held_as in _WRITTEN_AS_THEY_ARE
            return _Leaf(own.python_name, held_as, None if as_it_is else write, not is_required)
    return None


@lru_cache(maxsize=1_000)
def _names(enum: CustomGraphQLEnumType) -> Mapping[Any, str]:
    return {enum.wrapped_cls(value.value): name for name, value in enum.values.items()}
