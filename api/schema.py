"""The schema: every feature's queries and mutations as one, with its scalars, bounds and error handling.

`python -m api.schema` prints it into `schema.graphql`; a test compares the two, so a change of the API is seen.
"""

import sys
from collections.abc import Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import strawberry
from graphql import ASTValidationRule, GraphQLError, NoSchemaIntrospectionCustomRule
from strawberry.extensions import MaxAliasesLimiter, SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StreamResult
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType
from typing_extensions import override

from api.as_of import AsOfQueries
from api.audit import AuditQueries
from api.connection import ConnectionMutations, ConnectionQueries
from api.directory import DirectoryQueries
from api.documents import Documents, Steps
from api.errors import told_errors
from api.execution import Executing
from api.explain import ExplainQueries
from api.history import HistoryQueries
from api.licenses import LicenseMutations
from api.licenses_by_day import LicensesByDayQueries
from api.mapping_previews import MappingPreviewMutations
from api.mappings import MappingMutations, MappingQueries
from api.month_end import MonthEndQueries
from api.names import NameQueries
from api.organization_changes import OrganizationMutations
from api.organizations import OrganizationQueries
from api.product_previews import ProductPreviewMutations
from api.products import ProductMutations, ProductQueries
from api.pushes import PushMutations, PushQueries
from api.reconstruct import ReconstructQueries
from api.refusals import refusal_types
from api.restoring import RestoreMutations, RestoreQueries
from api.runs import RunMutations, RunQueries
from api.scalars import SCALARS
from api.suggestions import SuggestionQueries
from api.syncing import SyncMutations
from api.tail import TailSubscriptions
from api.texts import StorableTexts
from api.unbilled import UnbilledQueries
from api.usage import UsageQueries
from api.viewer import ViewerQueries

MOST_ALIASES = 30

SCHEMA_FILE = Path(__file__).with_name("schema.graphql")


@strawberry.type
class Query(
    ViewerQueries,
    ConnectionQueries,
    ProductQueries,
    OrganizationQueries,
    DirectoryQueries,
    MappingQueries,
    SuggestionQueries,
    RestoreQueries,
    RunQueries,
    UsageQueries,
    UnbilledQueries,
    LicensesByDayQueries,
    PushQueries,
    MonthEndQueries,
    HistoryQueries,
    ExplainQueries,
    AsOfQueries,
    ReconstructQueries,
    AuditQueries,
    NameQueries,
):
    pass


@strawberry.type
class Mutation(
    ConnectionMutations,
    ProductMutations,
    ProductPreviewMutations,
    OrganizationMutations,
    LicenseMutations,
    MappingMutations,
    MappingPreviewMutations,
    RestoreMutations,
    RunMutations,
    SyncMutations,
    PushMutations,
):
    pass


@strawberry.type
class Subscription(TailSubscriptions):
    pass


class Schema(strawberry.Schema):
    def __init__(self, documents: Documents, **declared: Any) -> None:
        super().__init__(**declared)
        self._documents = documents

    @override
    def create_extensions_runner(self, execution_context: ExecutionContext, extensions: list[SchemaExtension]) -> Steps:
        assert not extensions, "the steps would leave them out"
        return Steps(execution_context, self._documents)

    @override
    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """For one answer, so no subscriptions: those are for `stream`. Raises: InvalidOperationTypeError for one."""
        allowed = set(OperationType if allowed_operation_types is None else allowed_operation_types)
        return await super().execute(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            allowed - {OperationType.SUBSCRIPTION},
            operation_extensions,
        )

    @override
    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
    ) -> StreamResult:
        """As `execute`, also in that a document that is not let through is told as the only result."""
        results = await super().stream(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            operation_extensions,
            allowed_operation_types,
        )
        return _with_what_is_wrong(results)

    @override
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Leave in the list what the caller may see.

        Why here: every error of every operation passes, those of extensions too, which an extension that masks errors
        never sees. And nothing is logged of a client's own mistakes: its query could hold a key.
        """
        errors[:] = told_errors(errors, execution_context)


async def _with_what_is_wrong(results: StreamResult) -> StreamResult:
    """The results; or what an extension said before there were any, which the library lets through here as it comes."""
    has_begun = False
    async with aclosing(results):
        try:
            async for result in results:
                has_begun = True
                yield result
        except Exception as error:
            if has_begun:
                raise
            coerced = error if isinstance(error, GraphQLError) else GraphQLError("", original_error=error)
            yield PreExecutionError(data=None, errors=told_errors([coerced], None))


def build_schema(*, introspection: bool) -> Schema:
    rules: list[type[ASTValidationRule]] = [
        *MaxAliasesLimiter(max_alias_count=MOST_ALIASES).validation_rules,
        StorableTexts,
        *(() if introspection else (NoSchemaIntrospectionCustomRule,)),
    ]
    return Schema(
        Documents(rules),
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=refusal_types(),
        execution_context_class=Executing,
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def printed() -> str:
    return build_schema(introspection=True).as_str() + "\n"


def main() -> None:
    """Print the schema into its file."""
    SCHEMA_FILE.write_text(printed(), encoding="utf-8")
    sys.stdout.write(f"{SCHEMA_FILE.name} written\n")


if __name__ == "__main__":
    main()
