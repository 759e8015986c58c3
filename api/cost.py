"""What a GraphQL operation may cost, worked out before it runs: fields times the rows they can bring.

A page counts as `first` says, in the document, in a variable or by default; a list without pages as `LIST_ROWS`. A
fragment is worked out once however often it is spread, so small documents with huge meanings are cheap to refuse.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)
from strawberry.types import ExecutionContext

from api.context import Asking
from api.exchanges import tell
from api.paging import LARGEST_PAGE
from api.rates import COST_PER_TOKEN

MOST_COST = 30_000
"""Fields of one answer. Executing one takes about 10 us, so this is a third of a second of one core."""
LIST_ROWS = 5
"""Rows of a list that has no pages: components of a plan, agreements of a company."""


class TooCostly(GraphQLError):
    """The operation could bring more than one answer may hold."""

    def __init__(self, cost: int) -> None:
        super().__init__(
            f"this could bring {cost} fields, at most {MOST_COST} are answered at once: ask for smaller pages",
            extensions={"code": "TooCostly", "values": {"cost": cost, "most": MOST_COST}},
        )


class TokenIsOver(GraphQLError):
    """The token that a socket was opened with has expired meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            "the token has expired: connect again with a new one", extensions={"code": "Unauthenticated", "values": {}}
        )


def cost_of(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any] | None
) -> tuple[int, bool]:
    """The cost of the operation that would run, 0 when the document has none of that name; and whether it is the same
    whatever the variables are.

    The document must be valid: fragments form no circles, fields exist.
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    for operation in operations:
        if operation_name is None or (operation.name is not None and operation.name.value == operation_name):
            fragments = {
                node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
            }
            root = schema.get_root_type(operation.operation)
            if root is None:
                return 0, True
            defaults = {
                each.variable.name.value: int(each.default_value.value)
                for each in operation.variable_definitions or ()
                if isinstance(each.default_value, IntValueNode)
            }
            counting = _Counting(schema, fragments, {**defaults, **(variables or {})})
            return counting.of(operation.selection_set, root), counting.is_fixed
    return 0, True


@dataclass(slots=True)
class _Counting:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    known: dict[str, int] = field(default_factory=dict)
    is_fixed: bool = True

    def of(self, selections: SelectionSetNode, parent: Any) -> int:
        """Whatever the type of a union's member may be, all its fragments are counted: an upper bound."""
        cost = 0
        for selection in selections.selections:
            match selection:
                case FieldNode():
                    cost += self._of_field(selection, parent)
                case InlineFragmentNode(type_condition=condition):
                    within = parent if condition is None else self.schema.get_type(condition.name.value)
                    cost += self.of(selection.selection_set, within)
                case FragmentSpreadNode():
                    cost += self._of_fragment(selection.name.value)
        return cost

    def _of_fragment(self, name: str) -> int:
        if name not in self.known:
            fragment = self.fragments[name]
            self.known[name] = self.of(fragment.selection_set, self.schema.get_type(fragment.type_condition.name.value))
        return self.known[name]

    def _of_field(self, node: FieldNode, parent: Any) -> int:
        if node.selection_set is None:
            return 1
        is_composite = isinstance(parent, GraphQLObjectType | GraphQLInterfaceType)
        declared = parent.fields.get(node.name.value) if is_composite else None
        if declared is None:  # introspection, or the name of a type
            return 1 + LIST_ROWS * self.of(node.selection_set, None)
        return 1 + self._rows(node, declared) * self.of(node.selection_set, get_named_type(declared.type))

    def _rows(self, node: FieldNode, declared: GraphQLField) -> int:
        if "first" in declared.args:
            return self._first(node, declared)
        return LIST_ROWS if _is_list(declared.type) and not _is_of_page(node) else 1

    def _first(self, node: FieldNode, declared: GraphQLField) -> int:
        """The page's size as it will be; whatever is no number of rows is refused later and counts as the largest."""
        given: object = declared.args["first"].default_value
        for argument in node.arguments or ():
            if argument.name.value == "first":
                match argument.value:
                    case IntValueNode(value=digits):
                        given = int(digits) if len(digits) < 10 else LARGEST_PAGE
                    case VariableNode(name=name):
                        self.is_fixed = False
                        given = self.variables.get(name.value, given)
        is_number = isinstance(given, int) and not isinstance(given, bool)
        return min(max(given, 1), LARGEST_PAGE) if is_number and isinstance(given, int) else LARGEST_PAGE


def _is_list(kind: GraphQLOutputType) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)


def _is_of_page(node: FieldNode) -> bool:
    """Lists within a page of a connection: its rows were counted with `first` already."""
    return node.name.value in {"nodes", "edges"}


async def charge(running: ExecutionContext, cost: int) -> None:
    """Refuse an operation that costs too much, and let the caller pay for what it costs beyond its request.

    On a WebSocket nobody looks at the token again at the door, so it is looked at here.
    Raises: TooCostly, RateLimited, TokenIsOver.
    """
    if cost > MOST_COST:
        raise TooCostly(cost)
    asking: Asking = running.context
    if asking.is_websocket and asking.principal.has_expired(datetime.now(UTC)):
        raise TokenIsOver
    tell(asking.scope, operation=running.operation_name, cost=cost)
    tokens = cost // COST_PER_TOKEN + (1 if asking.is_websocket else 0)
    if tokens:
        await asking.parts.rates.charge(asking.principal, tokens)
