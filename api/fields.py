"""How fields are declared: who may ask, and how a refusal leaves.

Every query and mutation names its roles; a field without roles does not exist. Mutations name the union that they
answer with.
"""

from collections.abc import AsyncGenerator, Callable
from functools import wraps
from typing import Any

import strawberry
from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver

from api.context import Info
from api.errors import Refused, not_allowed
from api.refusals import Result, as_graphql, is_told_by
from connectwise.errors import PsaError
from domain.refusals import Refusal
from journal.entry import Role

ADMINS = frozenset({Role.ADMIN})
READERS = frozenset({Role.ADMIN, Role.AUDITOR})
PLATFORM = frozenset({Role.PLATFORM})
EVERYBODY = frozenset({Role.ADMIN, Role.AUDITOR, Role.PLATFORM})
OVERSEERS = frozenset({Role.AUDITOR, Role.PLATFORM})


def require(info: Info, roles: frozenset[Role]) -> None:
    """Raises: Denied unless the caller has one of the roles."""
    role = info.context.principal.role
    if role not in roles:
        raise not_allowed(role.value)


class Guarded(FieldExtension):
    """Lets the named roles in and turns refusals into what the schema can say."""

    def __init__(self, roles: frozenset[Role], told: Result | None) -> None:
        self.roles = roles
        self._told = told

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **given: Any) -> Any:
        require(info, self.roles)
        try:
            return await next_(source, info, **given)
        except (Refusal, PsaError) as error:
            if self._told is not None and is_told_by(self._told, shown := as_graphql(error)):
                return shown
            raise Refused(error) from error


def query(roles: frozenset[Role], description: str | None = None) -> Callable[[Callable[..., Any]], Any]:
    """A field of Query. Refusals leave as errors with the refusal's name and values in their extensions."""

    def declare(resolver: Callable[..., Any]) -> Any:
        return strawberry.field(resolver=resolver, description=description, extensions=[Guarded(roles, None)])

    return declare


def mutation(
    told: Result, roles: frozenset[Role], description: str | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """A field of Mutation that answers with a result union; refusals are members of it."""

    def declare(resolver: Callable[..., Any]) -> Any:
        return strawberry.mutation(
            resolver=resolver,
            description=description,
            graphql_type=told.annotation,
            extensions=[Guarded(roles, told)],
        )

    return declare


def subscription(roles: frozenset[Role], description: str | None = None) -> Callable[[Callable[..., Any]], Any]:
    """A field of Subscription: an async generator. Refusals leave as those of a query."""

    def declare(resolver: Callable[..., Any]) -> Any:
        @wraps(resolver)
        async def guarded(self: Any, info: Info, **given: Any) -> AsyncGenerator[Any, None]:
            require(info, roles)
            try:
                async for each in resolver(self, info, **given):
                    yield each
            except (Refusal, PsaError) as error:
                raise Refused(error) from error

        return strawberry.subscription(resolver=guarded, description=description)

    return declare


def computed(description: str | None = None, graphql_type: Any = None) -> Callable[[Callable[..., Any]], Any]:
    """A field of a type that is worked out when asked for. It shows what its parent's reader may see.

    `graphql_type` for a resolver that gives a value or something to wait for: waiting costs much for each item of a
    list, so what is there already is better given as it is.
    """

    def declare(resolver: Callable[..., Any]) -> Any:
        return strawberry.field(resolver=resolver, description=description, graphql_type=graphql_type)

    return declare


def asks_for(info: Info, name: str) -> bool:
    """Whether a field of the name is asked for somewhere below this one, so that a whole page is read for it.

    It may say yes where a directive leaves the field out in the end, never the other way round.
    """
    raw = info._raw_info
    spread: set[str] = set()
    waiting = [node.selection_set for node in raw.field_nodes]
    while waiting:
        selected = waiting.pop()
        for selection in () if selected is None else selected.selections:
            match selection:
                case FieldNode():
                    if selection.name.value == name:
                        return True
                    waiting.append(selection.selection_set)
                case InlineFragmentNode():
                    waiting.append(selection.selection_set)
                case FragmentSpreadNode() if selection.name.value not in spread:
                    spread.add(selection.name.value)
                    waiting.append(raw.fragments[selection.name.value].selection_set)
    return False
