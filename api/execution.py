"""Execution of operations, with short ways for what an answer simply holds.

Most of an answer are leaves that an object simply holds: a name, a count, a state. The library walks each through the
same steps as a resolver that may wait or fail, which is most of the time that a page takes. Here a leaf that is an
attribute of its object and holds just what its type is written from is read and written at once; and so is a whole
object, list or member of a union that consists of nothing else, however deep. Whatever else there is goes the library's
own way: fields with resolvers, and values that hold something unexpected.

How the fields of an operation go does not depend on who asks, nor on variables unless it has directives. So it is
worked out once for each operation that has none.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TypeNameMetaFieldDef,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, GroupedFieldSet
from graphql.execution.values import VariableValues
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from typing_extensions import override

from api.documents import CACHED_DOCUMENTS, LONGEST_REMEMBERED
from api.scalars import HELD_AS
from api.variables import ReadVariables, variables_of

_WRITTEN_AS_THEY_ARE = frozenset({str, bool})
N = TypeVar("N", bound=Node)
_OTHERWISE = object()
"""Stands for a leaf that is left to the library."""

_Write = Callable[[Any], object]
"""How a value is written into an answer. Raises: whatever, when it goes the library's way."""
_Place = tuple[object, ...]
"""What is asked of a value: its type, and the nodes that ask."""


class _Unexpected(Exception):
    """A value that is not what its type is usually written from."""


class _Unseen(Exception):
    """A value of a class that had no value yet where it stands; `plan` works out how it is written there."""

    def __init__(self, plan: "Callable[[Executing], None]") -> None:
        super().__init__()
        self.plan = plan


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


@dataclass(slots=True)
class _Worked:
    """What was worked out of an operation."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    """Held here with its fragments, so that the ids of their nodes stay their own."""
    fragments: Iterable[FragmentDefinitionNode]
    is_fixed: bool
    """Whether it means the same each time it runs."""
    plans: dict[tuple[str, int], _Plan] = field(default_factory=dict)
    subfields: dict[_Place, CollectedFields] = field(default_factory=dict)
    wholes: dict[_Place, _Write | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document with one operation, which may take its variables from us."""

    document: DocumentNode
    """As it was read; held here, so that its id stays its own."""
    schema: GraphQLSchema
    without_variables: DocumentNode
    read: ReadVariables | None
    """None when the library reads them, or there are none."""

    def variables(self, given: Mapping[str, Any]) -> VariableValues | None:
        """None when they are for the library to look at."""
        if self.read is None:
            return None
        try:
            return self.read(given)
        except Exception:  # noqa: BLE001 - it happens again on the library's way, which tells where
            return None


class Executing(StrawberryGraphQLCoreExecutionContext):
    """One operation being executed. Operations are executed in one thread."""

    _known: ClassVar[OrderedDict[int, _Worked]] = OrderedDict()
    _prepared: ClassVar[OrderedDict[tuple[int, str | None], _Prepared]] = OrderedDict()

    @classmethod
    @override
    def build(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        root_value: Any = None,
        context_value: Any = None,
        raw_variable_values: dict[str, Any] | None = None,
        operation_name: str | None = None,
        *more: Any,
        **named: Any,
    ) -> list[GraphQLError] | Executor[Any]:
        """The library's, but variables that are plainly right are read before, and faster."""
        prepared = cls._prepared_for(schema, document, operation_name)
        variables = None if prepared is None else prepared.variables(raw_variable_values or {})
        if prepared is not None and variables is not None:
            document, raw_variable_values = prepared.without_variables, None
        given = raw_variable_values
        built = super().build(schema, document, root_value, context_value, given, operation_name, *more, **named)
        if variables is not None and isinstance(built, Executor):
            built.variable_values = variables
        return built

    @classmethod
    def _prepared_for(cls, schema: GraphQLSchema, document: DocumentNode, name: str | None) -> _Prepared | None:
        """None when the text is not kept or has no such operation, or several."""
        key = id(document), name
        prepared = cls._prepared.get(key)
        if prepared is not None and prepared.document is document and prepared.schema is schema:
            cls._prepared.move_to_end(key)
            return prepared
        if document.loc is None or len(document.loc.source.body) > LONGEST_REMEMBERED:  # parsed anew each time
            return None
        operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        if name is not None:
            operations = [each for each in operations if each.name is not None and each.name.value == name]
        if len(operations) != 1:
            return None
        [operation] = operations
        without, read = document, variables_of(schema, operation) if operation.variable_definitions else None
        if read is not None:
            bare = _changed(operation, variable_definitions=())
            definitions = tuple(bare if each is operation else each for each in document.definitions)
            without = _changed(document, definitions=definitions)
        prepared = _Prepared(document, schema, without, read)
        cls._prepared[key] = prepared
        if len(cls._prepared) > CACHED_DOCUMENTS:
            cls._prepared.popitem(last=False)
        return prepared

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._is_watched = self.middleware_manager is not None and bool(self.middleware_manager.middlewares)
        self._worked = self._worked_out()

    def _worked_out(self) -> _Worked:
        known = self._known.get(id(self.operation))
        if known is not None and known.operation is self.operation and known.schema is self.schema:
            self._known.move_to_end(id(self.operation))
            return known
        fragments = tuple(self.fragment_definitions.values())
        is_fixed = not any(map(_has_directives, (self.operation, *fragments)))
        worked = _Worked(self.schema, self.operation, fragments, is_fixed)
        text = self.operation.loc
        if is_fixed and text is not None and len(text.source.body) <= LONGEST_REMEMBERED:  # others are parsed anew
            self._known[id(self.operation)] = worked
            if len(self._known) > CACHED_DOCUMENTS:
                self._known.popitem(last=False)
        return worked

    @override
    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields:
        if not self._worked.is_fixed:
            return super().collect_subfields(return_type, field_details_list)
        place = _place(return_type, field_details_list)
        found = self._worked.subfields.get(place)
        if found is None:
            found = self._worked.subfields[place] = super().collect_subfields(return_type, field_details_list)
        return found

    @override
    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[Any]:
        if self._worked.is_fixed and not self._is_watched:
            write = self._whole(return_type, field_details_list)
            while write is not None:
                try:
                    return write(result)
                except _Unseen as unseen:
                    unseen.plan(self)
                except Exception:  # noqa: BLE001 - it happens again on the library's way, which tells where
                    break
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)

    def _whole(self, kind: GraphQLOutputType, asked: FieldDetailsList) -> _Write | None:
        """How a value is written in one go; None when that is not known, or there is nothing to be gained."""
        place = _place(kind, asked)
        try:
            return self._worked.wholes[place]
        except KeyError:
            is_leaf = isinstance(kind, GraphQLScalarType | CustomGraphQLEnumType)
            write = self._worked.wholes[place] = None if is_leaf else self._written_whole(kind, asked)
            return write

    def _written_whole(self, kind: GraphQLOutputType, asked: FieldDetailsList) -> _Write | None:
        if isinstance(kind, GraphQLNonNull):
            return self._written_present(kind.of_type, asked)
        write = self._written_present(kind, asked)
        return None if write is None else lambda value: None if value is None else write(value)

    def _written_present(self, kind: GraphQLOutputType, asked: FieldDetailsList) -> _Write | None:
        match kind:
            case GraphQLList():
                return self._written_list(kind, asked)
            case GraphQLObjectType():
                return self._written_object(kind, asked)
            case GraphQLUnionType() | GraphQLInterfaceType():
                return self._written_member(kind, asked)
        held = _held(kind)
        return None if held is None else _writing(*held)

    def _written_list(self, kind: GraphQLList[Any], asked: FieldDetailsList) -> _Write | None:
        item = self._written_whole(kind.of_type, asked)
        if item is None:
            return None

        def write(value: Any) -> object:
            if type(value) is not list and type(value) is not tuple:
                raise _Unexpected
            return [item(each) for each in value]

        return write

    def _written_object(self, kind: GraphQLObjectType, asked: FieldDetailsList) -> _Write | None:
        held_as = _class_of(kind)
        if held_as is None:
            return None
        plan = self._plan(kind, self.collect_subfields(kind, asked).grouped_field_set)
        nested: list[tuple[str, str, _Write]] = []
        for name, details in plan.others.items():
            declared = self.schema.get_field(kind, details[0].node.name.value)
            own = None if declared is None else _basic(declared)
            write_field = None if declared is None else self._written_whole(declared.type, details)
            if own is None or write_field is None:
                return None
            nested.append((name, own.python_name, write_field))
        leaves = [(name, one.attribute, one.held_as, one.write, one.may_be_null) for name, one in plan.leaves.items()]

        def write(value: Any) -> object:
            if type(value) is not held_as:
                raise _Unexpected
            results = dict(plan.begun)
            for name, attribute, leaf_as, write_leaf, may_be_null in leaves:
                read = getattr(value, attribute)
                if type(read) is leaf_as:
                    results[name] = read if write_leaf is None else write_leaf(read)
                elif read is not None or not may_be_null:
                    raise _Unexpected
            for name, attribute, write_other in nested:
                results[name] = write_other(getattr(value, attribute))
            return results

        return write

    def _written_member(self, kind: GraphQLAbstractType, asked: FieldDetailsList) -> _Write:
        """Each member is planned when it comes: an interface may have many."""
        members: dict[type, _Write] = {}

        def write(value: Any) -> object:
            held_as = type(value)
            written = members.get(held_as)
            if written is None:
                raise _Unseen(lambda executing: plan(executing, held_as))
            return written(value)

        def plan(executing: Executing, held_as: type) -> None:
            own = (each for each in executing.schema.get_possible_types(kind) if _class_of(each) is held_as)
            written = next((executing._written_object(each, asked) for each in own), None)
            members[held_as] = written or _unexpected

        return write

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
        plan = self._plan(parent_type, grouped_field_set, is_root=path is None)
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

    def _plan(self, parent_type: GraphQLObjectType, fields: GroupedFieldSet, *, is_root: bool = False) -> _Plan:
        key = parent_type.name, 0 if is_root else id(fields)  # those of the root are collected anew each time
        plan = self._worked.plans.get(key)
        if plan is None:
            plan = self._worked.plans[key] = self._planned(parent_type, fields)
        return plan

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
    own, kind = _basic(declared), declared.type
    may_be_null = not isinstance(kind, GraphQLNonNull)
    held = _held(kind.of_type if isinstance(kind, GraphQLNonNull) else kind)
    return None if own is None or held is None else _Leaf(own.python_name, *held, may_be_null)


def _held(kind: GraphQLOutputType) -> tuple[type, Callable[[Any], object] | None] | None:
    """What leaves of a type hold as a rule, and how that is written; None when we do not know."""
    match kind:
        case CustomGraphQLEnumType() as enum:
            return enum.wrapped_cls, _names(enum).__getitem__
        case GraphQLScalarType(name=name, coerce_output_value=write) if name in HELD_AS:
            held_as = HELD_AS[name]
            return held_as, None if held_as in _WRITTEN_AS_THEY_ARE else write
    return None


@lru_cache(maxsize=1_000)
def _names(enum: CustomGraphQLEnumType) -> Mapping[Any, str]:
    return {enum.wrapped_cls(value.value): name for name, value in enum.values.items()}


def _unexpected(_: Any) -> object:
    raise _Unexpected


def _writing(held_as: type, write_it: Callable[[Any], object] | None) -> _Write:
    def write(value: Any) -> object:
        if type(value) is not held_as:
            raise _Unexpected
        return value if write_it is None else write_it(value)

    return write


def _basic(declared: GraphQLField) -> StrawberryField | None:
    """A declared field as it was written, if it is an attribute of its object."""
    own = declared.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return own if isinstance(own, StrawberryField) and own.is_basic_field else None


def _class_of(kind: GraphQLObjectType) -> type | None:
    """The one class whose objects are of this type; None when others may be too."""
    own = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(own, StrawberryObjectDefinition) or own.concrete_of is not None or own.is_type_of is not None:
        return None
    return own.origin


def _place(kind: GraphQLOutputType, asked: FieldDetailsList) -> _Place:
    if len(asked) == 1:
        return id(kind), id(asked[0].node)
    return (id(kind), *(id(each.node) for each in asked))


def _changed(node: N, **changes: object) -> N:
    """A node like another."""
    return type(node)(**{**{name: getattr(node, name) for name in node.keys}, **changes})


def _has_directives(node: ExecutableDefinitionNode | SelectionNode) -> bool:
    """Whether there is any directive on a node or below it."""
    below: SelectionSetNode | None = getattr(node, "selection_set", None)
    return bool(node.directives) or any(map(_has_directives, () if below is None else below.selections))
