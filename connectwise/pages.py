"""Whole lists or none: a list that misses a record would later become a smaller number on an invoice.

Pages by number shift while records come and go. So every page asks for the records after the last id seen
(`id > 4711`, ordered by id, always page 1): a record that exists for the whole read is on exactly one page, whatever
is inserted or deleted meanwhile. What is left is a server that repeats, reorders, drops or shortens a page. Order is
checked on every record, and every list is held against the PSA's own count: servers cap the size of a page silently,
so neither a short page nor a missing link to the next one proves an end.

The count is asked for before the pages, because then one extra request is proof. What is deleted afterwards makes the
list look too short, which is looked into; what is added afterwards has the highest ids, so that no page that was cut
short can hold it in place of a record that was there before.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from connectwise import shapes
from connectwise.errors import IncompleteRead

T = TypeVar("T")

PAGE_SIZE = 1000
"""The largest page. Source: api-facts §3.1."""

LONGEST_URL = 1900
"""Characters of a whole URL; 2,000 is the limit. Source: api-facts §3.11."""

ROOM_FOR_PAGING = len("() and (id > 2147483647)&orderBy=id asc&page=1&pageSize=1000") + 20
"""What a page adds to the URL of its list, once encoded."""

READS_OF_A_LIST = 3

MOST_NEWCOMERS = 1000
"""Records that may be added while a list is read. More than that and the server is making them up."""

MOST_RECORDS = 200_000
"""No list that we read is longer: the largest PSAs have some ten thousand companies and agreements."""

Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a list request. `has_next` is whether its Link header names a next page."""

    records: list[shapes.Record]
    has_next: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A list to read whole: how to get one of its pages, and its count."""

    page: Callable[[Parameters], Page]
    count: Callable[[Parameters], int]
    parameters: Parameters
    page_size: int = PAGE_SIZE


def read_whole(listing: Listing) -> list[shapes.Record]:
    """Every record, ordered by id, each once.

    Raises: IncompleteRead when the list could not be proven whole in three reads; whatever a page raises.
    """
    for last_try in (False,) * (READS_OF_A_LIST - 1) + (True,):
        try:
            return _read_once(listing)
        except IncompleteRead:
            if last_try:
                raise
    raise AssertionError("a list is read at least once")


def _read_once(listing: Listing) -> list[shapes.Record]:
    counted = listing.count(listing.parameters)
    if counted > MOST_RECORDS:
        raise IncompleteRead(f"the PSA counted more than {MOST_RECORDS} records: longer than any list that is read")
    page = _page_after(listing, 0)
    records = list(page.records)
    while page.records and (_may_go_on(page, listing.page_size) or len(records) != counted):
        if len(records) > counted + MOST_NEWCOMERS:
            raise IncompleteRead(f"{len(records)} records came and no end, the PSA counted {counted}")
        page = _page_after(listing, shapes.record_id(records[-1]))
        records += page.records
    if len(records) < counted and len(records) < (counted_after := listing.count(listing.parameters)):
        raise IncompleteRead(f"{len(records)} records came, the PSA counted {counted} before and {counted_after} after")
    return records


def _may_go_on(page: Page, asked: int) -> bool:
    """A page shorter than asked for can be full all the same: servers cap the size silently, and link to the next."""
    return page.has_next or len(page.records) >= asked


def _page_after(listing: Listing, last_id: int) -> Page:
    """Raises: IncompleteRead when the page's ids do not strictly rise from the last one seen: repeated or shuffled."""
    parameters = {**listing.parameters, "orderBy": "id asc", "page": "1", "pageSize": str(listing.page_size)}
    if last_id:
        parameters["conditions"] = all_of(parameters.get("conditions", ""), f"id > {last_id}")
    page = listing.page(parameters)
    for record in page.records:
        this_id = shapes.record_id(record)
        if this_id <= last_id:
            raise IncompleteRead(f"record {this_id} came after record {last_id}: a page was repeated or not ordered")
        last_id = this_id
    return page


_LINK_VALUE = re.compile(r'<[^<>]*>((?:[^",]|"(?:[^"\\]|\\.)*")*)')
_LINK_PARAMETER = re.compile(r';\s*([^\s;,="]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?')


def has_next(link: str) -> bool:
    """Whether a Link header names a next page, in any form that the RFC allows: relations are a list of words, quoted
    or not, in any case. Every `rel` of a link counts, although the first should alone: asking once too often is cheap.

    Source: api-facts §3.1.3; RFC 8288 §3.

    >>> has_next("<https://x/?a=1,2>; title=\\"a, b\\"; rel = Next"), has_next('<https://x>; title="; rel=next"')
    (True, False)
    """
    return any(
        name.lower() == "rel" and "next" in (quoted or token).lower().replace("'", " ").split()
        for value in _LINK_VALUE.finditer(link)
        for name, quoted, token in _LINK_PARAMETER.findall(value[1])
    )


def query(parameters: Parameters) -> str:
    """The query string. Encodes what the guide wants encoded and leaves readable what saves characters.

    >>> query({"conditions": "company/id in (1,2)"})
    'conditions=company/id%20in%20(1,2)'
    """
    return "&".join(f"{name}={quote(value, safe='/(),=!:')}" for name, value in parameters.items() if value)


def batches(ids: Iterable[int], url_length: Callable[[tuple[int, ...]], int]) -> Iterator[tuple[int, ...]]:
    """Split ids so that the URL of each batch stays under the limit, with room for paging.

    Shape: sorted, each id once; nothing for no ids.
    """
    batch: tuple[int, ...] = ()
    for each in sorted(set(ids)):
        if batch and url_length((*batch, each)) > LONGEST_URL - ROOM_FOR_PAGING:
            yield batch
            batch = ()
        batch = (*batch, each)
    if batch:
        yield batch


def all_of(*conditions: str) -> str:
    """Every condition must hold. Each is put in parentheses, so that none needs to know of the others.

    >>> all_of("status/id=1 or status/id=2", "", "id > 7")
    '(status/id=1 or status/id=2) and (id > 7)'
    """
    given = [condition for condition in conditions if condition]
    return given[0] if len(given) == 1 else " and ".join(f"({condition})" for condition in given)


def any_id(field: str, ids: Iterable[int]) -> str:
    """The form that is safe in `conditions` and in `childConditions` alike.

    Source: api-facts §6, filter by several types.
    """
    return " or ".join(f"{field}={each}" for each in sorted(set(ids)))


def like(field: str, text: str, *, anywhere: bool) -> str:
    """A condition that holds for every record whose field is (or contains) the text, and perhaps for a few more.

    How a quote inside a string is escaped is documented nowhere (api-facts §3.2.4), and `[ % *` mean something in
    `like`: any text holding one of these becomes a pattern with a wildcard in its place. The caller compares again.

    >>> like("identifier", "CLOUD-1", anywhere=False)
    'identifier = "CLOUD-1"'
    >>> like("identifier", 'a"[b', anywhere=False)
    'identifier like "a%%b"'
    """
    awkward = "\"'[]%*\\_"
    if not anywhere and not any(c in text for c in awkward.replace("_", "")):
        return f'{field} = "{text}"'
    pattern = "".join("%" if c in awkward else c for c in text)
    return f'{field} like "%{pattern}%"' if anywhere else f'{field} like "{pattern}"'
