"""How a text becomes a document that is let through: read, looked at (`extent`) and validated, each once.

Clients send few texts, many times. What was found out about one is kept with it, as far as it depends on nothing else.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from graphql import ASTValidationRule, DocumentNode, GraphQLError, parse
from strawberry.extensions.context import (
    ExecutingContextManager,
    OperationContextManager,
    ParsingContextManager,
    ValidationContextManager,
)
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.schema.schema import validate_document
from strawberry.types import ExecutionContext
from typing_extensions import override

from api.cost import charge, cost_of
from api.extent import check_extent

MOST_TOKENS = 5_000
CACHED_DOCUMENTS = 200
LONGEST_REMEMBERED = 4_000
"""Characters of a text that is kept; longer ones are looked at each time. The panel's longest has 1,200. A kept text
takes some 300 bytes for each character, twice where what is worked out of it outlives it."""


@dataclass(slots=True, eq=False)
class Document:
    """A text that was read. `errors` is what is wrong with it, None while nobody has looked."""

    node: DocumentNode
    errors: list[GraphQLError] | None = None
    costs: dict[str | None, int] = field(default_factory=dict)
    """Of its operations, by their names, where they do not depend on variables."""


class Documents:
    """Those of one schema, and the rules that they have to keep beside the usual ones."""

    def __init__(self, rules: Sequence[type[ASTValidationRule]]) -> None:
        self._rules = tuple(rules)
        self._kept = lru_cache(CACHED_DOCUMENTS)(_read)

    def read(self, text: str) -> Document:
        """Raises: GraphQLSyntaxError."""
        return self._kept(text) if len(text) <= LONGEST_REMEMBERED else _read(text)

    def validate(self, document: Document, running: ExecutionContext) -> list[GraphQLError]:
        """What is wrong with a document. Raises: TooLarge for one that validates slowly; it is not validated."""
        if document.errors is None:
            check_extent(document.node)
            rules = (*running.validation_rules, *self._rules)
            document.errors = validate_document(running.schema._schema, document.node, rules)
        return [*document.errors]  # whoever tells them changes the list in place


def _read(text: str) -> Document:
    return Document(parse(text, max_tokens=MOST_TOKENS))


class Steps(SchemaExtensionsRunner):
    """The steps of one operation before it runs.

    Why none of the library's extensions: it makes each anew for each request, and asks each at each step in a way that
    takes longer than the steps.
    """

    def __init__(self, running: ExecutionContext, documents: Documents) -> None:
        super().__init__(running)
        self._documents = documents
        self._document: Document | None = None

    @override
    def operation(self) -> OperationContextManager:
        return _Operation(_nothing)

    @override
    def parsing(self) -> ParsingContextManager:
        return _Parsing(self._parse)

    @override
    def validation(self) -> ValidationContextManager:
        return _Validation(self._validate)

    @override
    def executing(self) -> ExecutingContextManager:
        return _Executing(self._charge)

    async def _parse(self) -> None:
        text = self.execution_context.query
        assert text is not None
        self._document = self._documents.read(text)
        self.execution_context.graphql_document = self._document.node

    async def _validate(self) -> None:
        assert self._document is not None
        self.execution_context.pre_execution_errors = self._documents.validate(self._document, self.execution_context)

    async def _charge(self) -> None:
        """Raises: TooCostly, RateLimited, TokenIsOver; nothing runs then."""
        assert self._document is not None
        running, costs = self.execution_context, self._document.costs
        name = running.operation_name
        cost = costs.get(name)
        if cost is None:
            cost, is_fixed = cost_of(running.schema._schema, self._document.node, name, running.variables)
            if is_fixed:
                costs[name] = cost
        await charge(running, cost)


async def _nothing() -> None:
    pass


class _Step:
    """A step that is done where the library begins it; nothing is left for its end."""

    def __init__(self, do: Callable[[], Awaitable[None]]) -> None:
        self._do = do

    async def __aenter__(self) -> None:
        await self._do()

    async def __aexit__(self, *_: object) -> None:
        pass


class _Operation(_Step, OperationContextManager):
    pass


class _Parsing(_Step, ParsingContextManager):
    pass


class _Validation(_Step, ValidationContextManager):
    pass


class _Executing(_Step, ExecutingContextManager):
    pass
