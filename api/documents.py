"""How a text becomes a document that is let through: read, looked at (`extent`) and validated, each once."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from graphql import ASTValidationRule
from strawberry.extensions import ParserCache, ValidationCache
from typing_extensions import override

from api.extent import check_extent

MOST_TOKENS = 5_000
CACHED_DOCUMENTS = 500
MOST_REMEMBERED, LONGEST_REMEMBERED = 500, 20_000
"""Documents that were let through, and the characters of one: longer ones are looked at each time."""


class Documents(ParserCache, ValidationCache):
    """The steps before an operation runs; what they gave for a text is kept.

    What validates slowly is stopped before it is validated. Whatever was let through is let through again without
    looking: clients send few queries, many times.
    Why one extension: the library asks each one at each step of each request, which takes longer than the steps.
    """

    let_through: ClassVar[set[str]] = set()

    def __init__(self, rules: Sequence[type[ASTValidationRule]]) -> None:
        ParserCache.__init__(self, CACHED_DOCUMENTS)
        ValidationCache.__init__(self, CACHED_DOCUMENTS)
        self._rules = tuple(rules)

    @override
    def on_operation(self) -> Iterator[None]:
        self.execution_context.parse_options["max_tokens"] = MOST_TOKENS
        self.execution_context.validation_rules += self._rules
        yield

    @override
    def on_validate(self) -> Iterator[None]:
        """Raises: TooLarge."""
        running = self.execution_context
        assert running.query is not None
        assert running.graphql_document is not None
        if running.query not in self.let_through:
            check_extent(running.graphql_document)
            self._remember(running.query)
        yield from super().on_validate()

    def _remember(self, query: str) -> None:
        if len(query) <= LONGEST_REMEMBERED:
            if len(self.let_through) >= MOST_REMEMBERED:
                self.let_through.clear()
            self.let_through.add(query)
