"""Lists in pages: Relay connections with keyset cursors.

A cursor holds the sort key of its row, so the next page begins right after it, whatever was added meanwhile. Pages
are capped; a list says how many there are only when asked, because counting may cost more than the page.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import strawberry

from api.errors import Refused
from domain.refusals import InvalidInput

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_PAGE = 25
LARGEST_PAGE = 100

LARGEST_NUMBER = 2**63 - 1
"""What a column holds; a larger one is in no cursor of ours."""

Key = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What to fetch: rows after a key (None: from the beginning), one more than shown, to see whether more follow."""

    first: int
    after: Key | None

    @property
    def limit(self) -> int:
        return self.first + 1


def page(first: int, after: str | None, key_types: tuple[type, ...]) -> Page:
    """Raises: Refused(InvalidInput) for a page size that is not 1 to 100, or a cursor that is none of ours."""
    if not 1 <= first <= LARGEST_PAGE:
        raise Refused(InvalidInput("first", f"1 to {LARGEST_PAGE}"))
    return Page(first, None if after is None else _key(after, key_types))


def cursor(key: Key) -> str:
    """Opaque text for a sort key.

    >>> page(1, cursor(("globex", 7)), (str, int)).after
    ('globex', 7)
    """
    return urlsafe_b64encode(json.dumps(key, ensure_ascii=False).encode()).decode()


def _key(text: str, key_types: tuple[type, ...]) -> Key:
    try:
        key = json.loads(urlsafe_b64decode(text.encode("ascii"))) if len(text) <= 2000 else None
    except (ValueError, BadBase64, RecursionError):
        key = None
    if (
        not isinstance(key, list)
        or len(key) != len(key_types)
        or any(type(part) is not wanted for part, wanted in zip(key, key_types, strict=True))
        or any(isinstance(part, int) and abs(part) > LARGEST_NUMBER for part in key)
    ):
        raise Refused(InvalidInput("after", "a cursor that a page before this one gave"))
    return tuple(key)


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type(description="How many there are in a state, over the whole list and not only this page.")
class StateCount:
    state: str
    count: int


Count = Callable[[], Awaitable[int]]
Counts = Callable[[], Awaitable[dict[str, int]]]


async def no_counts() -> dict[str, int]:
    return {}


@strawberry.type(name="Connection")
class Paged(Generic[T]):
    """A page of a list. `totalCount` and `counts` are worked out only when asked for."""

    edges: list[Edge[T]]
    page_info: PageInfo
    count: strawberry.Private[Count]
    count_by_state: strawberry.Private[Counts] = no_counts

    @strawberry.field
    def nodes(self) -> list[T]:
        return [edge.node for edge in self.edges]

    @strawberry.field
    async def total_count(self) -> int:
        return await self.count()

    @strawberry.field
    async def counts(self) -> list[StateCount]:
        return [StateCount(state=state, count=count) for state, count in sorted((await self.count_by_state()).items())]


@dataclass(frozen=True, slots=True)
class Cut(Generic[R]):
    """The rows of one page, and whether more follow."""

    rows: list[R]
    has_more: bool


def cut(rows: Sequence[R], asked: Page) -> Cut[R]:
    return Cut(list(rows[: asked.first]), len(rows) > asked.first)


def edges_of(cut_rows: Cut[R], key: Callable[[R], Key], node: Callable[[R], T]) -> tuple[list[Edge[T]], PageInfo]:
    edges = [Edge(cursor=cursor(key(row)), node=node(row)) for row in cut_rows.rows]
    return edges, PageInfo(has_next_page=cut_rows.has_more, end_cursor=edges[-1].cursor if edges else None)
