"""How large a document is once its fragments are written out, looked at before anything else reads it.

Validation rules take time that grows with the square of equal fields, and some with every spread of a fragment: a
kilobyte can mean a year of work. So what goes on to validation is small by this measure: few levels, few fields in all,
and few fields of one name beside each other. Spread fragments are counted once each however often they are spread, so
looking takes no longer than the document is long.
"""

from collections import Counter
from dataclasses import dataclass, field

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeNode,
    ValueNode,
)

DEEPEST = 12
"""Fields below each other."""
DEEPEST_NESTING = 30
"""Of fragments within fragments, of values and of types."""
MOST_FIELDS = 3_000
MOST_DIGITS = 100
MOST_ALIKE = 40
"""Fields of one name beside each other, fragments written out: every pair of them is compared."""


class TooLarge(GraphQLError):
    """The document says more than any question needs; it was not validated."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the document {what}", extensions={"code": "DocumentTooLarge", "values": {}})


def check_extent(document: DocumentNode) -> None:
    """Raises: TooLarge. Circles of fragments are left to the rule that names them."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    looking = _Looking(fragments)
    total = 0
    for definition in document.definitions:
        _check_arguments(definition)
        match definition:
            case OperationDefinitionNode():
                for variable in definition.variable_definitions or ():
                    _check_type(variable.type)
                    if variable.default_value is not None:
                        _check_value(variable.default_value, 0)
                total += looking.at(definition.selection_set, 0).total()
            case FragmentDefinitionNode(name=name):
                looking.of_fragment(name.value, 0)
    if total > MOST_FIELDS:
        raise TooLarge(f"has more than {MOST_FIELDS} fields")


@dataclass(slots=True)
class _Seen:
    """What a selection set comes to: how often each name stands in it, and how many and how deep fields lie below."""

    alike: Counter[str] = field(default_factory=Counter)
    below: int = 0
    levels: int = 0

    def total(self) -> int:
        return self.alike.total() + self.below

    def add(self, other: "_Seen") -> None:
        self.alike.update(other.alike)
        self.below += other.below
        self.levels = max(self.levels, other.levels)
        if self.levels > DEEPEST:
            raise TooLarge(f"has fields more than {DEEPEST} levels deep")
        if max(self.alike.values(), default=0) > MOST_ALIKE:
            raise TooLarge(f"has more than {MOST_ALIKE} fields of one name beside each other")
        if self.total() > MOST_FIELDS:
            raise TooLarge(f"has more than {MOST_FIELDS} fields")


@dataclass(slots=True)
class _Looking:
    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, _Seen] = field(default_factory=dict)

    def at(self, selections: SelectionSetNode, depth: int) -> _Seen:
        if depth > DEEPEST_NESTING:
            raise TooLarge(f"is nested more than {DEEPEST_NESTING} levels deep")
        seen = _Seen()
        for selection in selections.selections:
            _check_arguments(selection)
            match selection:
                case FieldNode():
                    name = (selection.alias or selection.name).value
                    inner = _Seen() if selection.selection_set is None else self.at(selection.selection_set, depth + 1)
                    seen.add(_Seen(Counter((name,)), inner.total(), inner.levels + 1))
                case InlineFragmentNode():
                    seen.add(self.at(selection.selection_set, depth + 1))
                case FragmentSpreadNode():
                    seen.add(self.of_fragment(selection.name.value, depth + 1))
        return seen

    def of_fragment(self, name: str, depth: int) -> _Seen:
        fragment = self.fragments.get(name)
        if fragment is None:
            return _Seen()
        if name not in self.known:
            self.known[name] = _Seen()  # what a circle comes back to counts as nothing
            self.known[name] = self.at(fragment.selection_set, depth)
        return self.known[name]


def _check_arguments(node: Node) -> None:
    """Of the node itself and of its directives."""
    for directive in getattr(node, "directives", None) or ():
        _check_arguments(directive)
    for argument in getattr(node, "arguments", None) or ():
        if isinstance(argument, ArgumentNode):
            _check_value(argument.value, 0)


def _check_value(value: ValueNode, depth: int) -> None:
    if depth > DEEPEST_NESTING:
        raise TooLarge(f"holds values nested more than {DEEPEST_NESTING} levels deep")
    match value:
        case IntValueNode(value=digits) | FloatValueNode(value=digits):
            if len(digits) > MOST_DIGITS:
                raise TooLarge(f"holds a number of more than {MOST_DIGITS} digits")
        case ListValueNode(values=values):
            for each in values:
                _check_value(each, depth + 1)
        case ObjectValueNode(fields=fields):
            for member in fields:
                _check_value(member.value, depth + 1)


def _check_type(kind: TypeNode) -> None:
    depth = 0
    while (inner := getattr(kind, "type", None)) is not None:
        kind, depth = inner, depth + 1
        if depth > DEEPEST_NESTING:
            raise TooLarge(f"names a type nested more than {DEEPEST_NESTING} levels deep")
