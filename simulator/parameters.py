"""The query string of a list: names in any case, unknown ones passed over, and the Link header that answers it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, quote_plus

from simulator.errors import refused

DEFAULT_PAGE_SIZE = 25
LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What a list call asks for. `kept` are the original parameters that the Link header repeats."""

    conditions: str = ""
    child_conditions: str = ""
    custom_field_conditions: str = ""
    order_by: str = ""
    fields: str = ""
    page: int = 1
    page_size: int = DEFAULT_PAGE_SIZE
    page_id: int | None = None
    forward_only: bool = False
    kept: tuple[tuple[str, str], ...] = ()


def read_parameters(query: bytes, *, forward_only: bool, oversized: Literal["cap", "refuse"]) -> ListRequest:
    """Raises: Refused (400) for a page or page size below 1, and for `orderBy` in forward-only mode."""
    if not query:
        return ListRequest(forward_only=forward_only)
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    values = {name.lower(): value for name, value in pairs}
    page_size = positive("pageSize", values.get("pagesize"), DEFAULT_PAGE_SIZE)
    if page_size > LARGEST_PAGE:
        if oversized == "refuse":
            raise refused(400, "ConnectWiseApi", f"The page size may be at most {LARGEST_PAGE}.")
        page_size = LARGEST_PAGE
    if forward_only and values.get("orderby"):
        raise refused(400, "ConnectWiseApi", "orderBy is not supported with forward-only pagination.")
    page_id = values.get("pageid")
    return ListRequest(
        conditions=values.get("conditions", ""),
        child_conditions=values.get("childconditions", ""),
        custom_field_conditions=values.get("customfieldconditions", ""),
        order_by=values.get("orderby", ""),
        fields=values.get("fields", ""),
        page=positive("page", values.get("page"), 1),
        page_size=page_size,
        page_id=whole("pageId", page_id) if page_id else None,
        forward_only=forward_only,
        kept=tuple((name, value) for name, value in pairs if name.lower() not in {"page", "pagesize", "pageid"}),
    )


def positive(name: str, text: str | None, default: int) -> int:
    if not text:
        return default
    number = whole(name, text)
    if number < 1:
        raise refused(400, "ConnectWiseApi", f"{name} must be 1 or more.")
    return number


def whole(name: str, text: str) -> int:
    if re.fullmatch(r"-?\d{1,9}", text.strip(), re.ASCII) is None:
        raise refused(400, "ConnectWiseApi", f"The value '{text[:40]}' is not valid for {name}.")
    return int(text)


def link(url: str, asked: ListRequest, total: int, *, one_page: Literal["absent", "last"]) -> str | None:
    """The Link header of a list by page number; None when there is none.

    As recorded: a slash before the question mark, the original parameters, then `pageSize` and, last of all, `page`.
    """
    last = max(1, -(-total // asked.page_size))
    if last == 1 and asked.page == 1 and one_page == "absent":
        return None
    relations: list[tuple[str, int]] = []
    if asked.page < last:
        relations.append(("next", asked.page + 1))
    if asked.page > 1:
        relations.append(("prev", asked.page - 1))
        relations.append(("first", 1))
    if asked.page < last or one_page == "last":
        relations.append(("last", last))
    start = parameter_start(url, asked)
    return ", ".join(f'<{start}&page={page}>; rel="{relation}"' for relation, page in relations)


def forward_link(url: str, asked: ListRequest, last_id: int | None) -> str:
    """The Link header in forward-only mode: always there, empty at the end."""
    return "" if last_id is None else f'<{parameter_start(url, asked)}&pageId={last_id}>; rel="next"'


def parameter_start(url: str, asked: ListRequest) -> str:
    kept = "".join(f"{name}={encoded(value)}&" for name, value in asked.kept)
    return f"{url.rstrip('/')}/?{kept}pageSize={asked.page_size}"


def encoded(value: str) -> str:
    """Blanks as plus, percent escapes in lower case."""
    pieces: Sequence[str] = quote_plus(value, safe="()*!").split("%")
    return pieces[0] + "".join(f"%{piece[:2].lower()}{piece[2:]}" for piece in pieces[1:])
