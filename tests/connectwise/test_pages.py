"""A list is read whole or not at all."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectwise.errors import IncompleteRead, UnreadableAnswer
from connectwise.pages import (
    LONGEST_URL,
    Listing,
    Page,
    Parameters,
    all_of,
    any_id,
    batches,
    has_next,
    like,
    read_whole,
)
from connectwise.shapes import Record, record_id


@dataclass
class Server:
    """A list as ConnectWise serves it, to which things happen between two requests."""

    ids: set[int]
    page_size: int
    happenings: list[Callable[["Server"], None]] = field(default_factory=list)
    cap: int = 1000
    requests: int = 0
    spoil: Callable[[int, list[int]], list[int]] = lambda number, page: page
    links: bool = True

    def listing(self) -> Listing:
        return Listing(self.page, self.count, {"conditions": "deletedFlag=false or id=0"}, self.page_size)

    def page(self, parameters: Parameters) -> Page:
        self._something_happens()
        last = re.fullmatch(r"\(deletedFlag=false or id=0\) and \(id > ([0-9]+)\)", parameters["conditions"])
        rest = sorted(each for each in self.ids if each > (int(last[1]) if last else 0))
        assert (parameters["orderBy"], parameters["page"]) == ("id asc", "1")
        size = min(int(parameters["pageSize"]), self.cap)
        self.requests += 1
        return Page([{"id": each} for each in self.spoil(self.requests, rest[:size])], self.links and len(rest) > size)

    def count(self, parameters: Parameters) -> int:
        self._something_happens()
        assert parameters == {"conditions": "deletedFlag=false or id=0"}
        return len(self.ids)

    def _something_happens(self) -> None:
        if self.happenings:
            self.happenings.pop(0)(self)


def ids_of(records: list[Record]) -> list[int]:
    return [record_id(record) for record in records]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 30, 31])
def test_a_list_of_any_length_is_read_in_order_and_each_record_once(number: int) -> None:
    server = Server(set(range(10, 10 + number)), page_size=3)

    assert ids_of(read_whole(server.listing())) == list(range(10, 10 + number))


def test_an_empty_list_is_believed_when_the_count_is_zero_too() -> None:
    assert read_whole(Server(set(), page_size=3).listing()) == []


def test_a_short_list_that_came_empty_is_not_believed_against_the_count() -> None:
    with pytest.raises(IncompleteRead, match="0 records came"):
        read_whole(Server({1, 2}, page_size=3, spoil=lambda number, page: []).listing())


def test_a_short_list_costs_one_page_and_one_count() -> None:
    counted: list[Parameters] = []
    server = Server({1, 2}, page_size=3)

    def count(parameters: Parameters) -> int:
        counted.append(parameters)
        return server.count(parameters)

    read_whole(Listing(server.page, count, server.listing().parameters, 3))

    assert (server.requests, len(counted)) == (1, 1)


@pytest.mark.parametrize("cap", [1, 2, 7, 25, 49])
def test_a_short_page_without_a_link_is_not_the_end_while_the_count_says_more(cap: int) -> None:
    server = Server(set(range(1, 100)), page_size=50, cap=cap, links=False)

    assert ids_of(read_whole(server.listing())) == list(range(1, 100))


def test_a_page_cut_short_is_not_the_end_even_when_a_deletion_makes_the_count_fit() -> None:
    """Page and count would agree on two records, if the count were taken after the page."""
    server = Server({1, 2, 3}, page_size=3, cap=2, links=False)
    server.happenings = [lambda server: None, lambda server: server.ids.discard(1)]

    assert {2, 3} <= set(ids_of(read_whole(server.listing())))


def test_a_list_of_one_page_that_lost_records_in_the_middle_is_not_believed() -> None:
    server = Server(set(range(1, 11)), page_size=50, spoil=lambda number, page: page[:3] + page[6:])

    with pytest.raises(IncompleteRead, match="7 records came, the PSA counted 10"):
        read_whole(server.listing())


def test_more_records_than_counted_are_read_to_an_empty_page() -> None:
    server = Server(set(range(1, 10)), page_size=50, cap=2, links=False)

    assert ids_of(read_whole(Listing(server.page, lambda _: 1, server.listing().parameters, 50))) == list(range(1, 10))


def test_a_server_that_caps_the_page_size_silently_is_read_to_the_end() -> None:
    server = Server(set(range(1, 100)), page_size=50, cap=7)

    assert ids_of(read_whole(server.listing())) == list(range(1, 100))


@pytest.mark.parametrize(
    ("trouble", "spoil"),
    [
        ("a page came empty", lambda number, page: [] if number % 3 == 2 else page),
        ("the first page came empty", lambda number, page: []),
        ("a page lost its head", lambda number, page: page[1:] if number % 3 == 2 else page),
        ("the first page came again", lambda number, page: [1, 2, 3]),
        ("a page came backwards", lambda number, page: page[::-1]),
        ("a record came twice", lambda number, page: [page[0], *page[:-1]] if page else page),
    ],
)
def test_a_vanished_repeated_or_shuffled_page_is_an_error_and_not_a_shorter_list(
    trouble: str, spoil: Callable[[int, list[int]], list[int]]
) -> None:
    server = Server(set(range(1, 9)), page_size=3, spoil=spoil)

    with pytest.raises(IncompleteRead):
        read_whole(server.listing())


def test_a_list_without_an_end_is_given_up() -> None:
    server = Server(set(range(1, 100_000)), page_size=1000)

    with pytest.raises(IncompleteRead, match="no end, the PSA counted 10"):
        read_whole(Listing(server.page, lambda _: 10, server.listing().parameters, 1000))

    assert server.requests <= 3 * 3


def test_a_list_longer_than_any_is_not_begun() -> None:
    server = Server({1}, page_size=1000)

    with pytest.raises(IncompleteRead, match="more than 200000"):
        read_whole(Listing(server.page, lambda _: 10**30, server.listing().parameters))

    assert server.requests == 0


def test_a_page_that_lost_its_tail_is_healed_by_the_next_one() -> None:
    server = Server(set(range(1, 9)), page_size=3, spoil=lambda number, page: page[:-1] if number == 2 else page)

    assert ids_of(read_whole(server.listing())) == list(range(1, 9))
    assert server.requests == 4


def test_a_passing_trouble_is_read_over() -> None:
    server = Server(set(range(1, 9)), page_size=3, spoil=lambda number, page: [] if number == 2 else page)

    assert ids_of(read_whole(server.listing())) == list(range(1, 9))


@pytest.mark.parametrize("record", [{}, {"id": None}, {"id": "7"}, {"id": True}, {"id": 0}, {"id": -3}])
def test_a_record_without_a_number_is_unreadable(record: Record) -> None:
    with pytest.raises(UnreadableAnswer):
        read_whole(Listing(lambda _: Page([record], False), lambda _: 1, {}))


Happening = st.one_of(
    st.tuples(st.just("insert"), st.integers(1, 400)),
    st.tuples(st.just("delete"), st.integers(0, 10_000)),
    st.just(("nothing", 0)),
)


@settings(max_examples=400, deadline=None)
@given(
    st.sets(st.integers(1, 400), max_size=60),
    st.integers(1, 9),
    st.integers(1, 9),
    st.lists(st.lists(Happening, max_size=4), max_size=80),
)
def test_inserts_and_deletes_between_pages_never_lose_a_record_that_stayed(
    ids: set[int], page_size: int, cap: int, story: list[list[tuple[str, int]]]
) -> None:
    """Ids are inserted anywhere, though ConnectWise only ever counts up: the list must hold even so."""
    stayed = set(ids)
    ever = set(ids)

    def happen(acts: list[tuple[str, int]]) -> Callable[[Server], None]:
        def change(server: Server) -> None:
            for act, number in acts:
                if act == "insert":
                    server.ids.add(number)
                    ever.add(number)
                elif act == "delete" and server.ids:
                    gone = sorted(server.ids)[number % len(server.ids)]
                    server.ids.discard(gone)
                    stayed.discard(gone)

        return change

    server = Server(set(ids), page_size, [happen(acts) for acts in story], cap)

    try:
        found = ids_of(read_whole(server.listing()))
    except IncompleteRead:
        return

    assert stayed <= set(found) <= ever
    assert found == sorted(set(found))


@settings(max_examples=200, deadline=None)
@given(
    st.sets(st.integers(1, 400), min_size=1, max_size=60),
    st.integers(1, 9),
    st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 9)), max_size=60),
)
def test_a_server_that_drops_parts_of_pages_is_never_believed(
    ids: set[int], page_size: int, spoilings: list[tuple[bool, int, int]]
) -> None:
    def spoil(number: int, page: list[int]) -> list[int]:
        if number > len(spoilings) or not spoilings[number - 1][0]:
            return page
        start, length = spoilings[number - 1][1:]
        return page[start : start + length]

    server = Server(set(ids), page_size, spoil=spoil)

    try:
        found = ids_of(read_whole(server.listing()))
    except IncompleteRead:
        return

    assert found == sorted(ids)


@given(st.sets(st.integers(1, 2_000_000), max_size=2000))
@settings(max_examples=30, deadline=None)
def test_batches_hold_every_id_once_and_stay_under_the_limit_of_a_url(ids: set[int]) -> None:
    def length(batch: tuple[int, ...]) -> int:
        return len(f"https://api-na.myconnectwise.net/x?conditions=company/id%20in%20({','.join(map(str, batch))})")

    made = list(batches(ids, length))

    assert [each for batch in made for each in batch] == sorted(ids)
    assert all(length(batch) < LONGEST_URL for batch in made)
    assert len(made) <= len(ids) / 150 + 1


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ('<https://x/?a=1&pageSize=2&page=2>; rel="next", <https://x/?page=9>; rel="last"', True),
        ('<https://x/?page=1>; rel="first", <https://x/?page=8>; rel="prev"', False),
        ("<https://x/?page=2>; rel=next", True),
        ('<https://x/?page=2>; rel = "next"', True),
        ('<https://x/?page=2>;rel="next last"', True),
        ('<https://x/?page=2>; REL="last NEXT"', True),
        ("<https://x/?page=2>; rel='next'", True),
        ('<https://x/?conditions=id in (1,2)&page=2>; title="a, \\" <b>; c"; rel="next"', True),
        ('<https://x/?page=1>; rel="first",<https://x/?page=3>; rel=next', True),
        ('<https://x/?page=9>; title="rel=next"; rel=last', False),
        ('<https://x/?page=9>; title="; rel=next"; rel=last', False),
        ('<https://x/?rel="next">; rel=last', False),
        ('<https://x/?page=2>; rel="nextcloud"', False),
        ("", False),
    ],
)
def test_a_link_header_tells_whether_there_is_a_next_page(link: str, expected: bool) -> None:
    assert has_next(link) is expected


@given(st.text(alphabet="<>;,=\"'\\\\ relnxt", max_size=200))
def test_no_link_header_is_too_odd_to_be_read(link: str) -> None:
    assert has_next(f"<https://x/?page=2>; rel=next, {link}")
    assert has_next(link) in {True, False}


def test_conditions_are_joined_without_changing_each_others_meaning() -> None:
    assert all_of(any_id("status/id", [2, 1, 2]), "", "id > 5") == "(status/id=1 or status/id=2) and (id > 5)"
    assert all_of() == all_of("") == ""


@pytest.mark.parametrize("text", ['14" rack', "O'Brien", "a[1]", "50%", "a*b", "back\\slash", "\"both'"])
def test_no_text_can_end_its_string_early_or_mean_more_than_itself(text: str) -> None:
    for anywhere in (True, False):
        condition = like("identifier", text, anywhere=anywhere)

        assert re.fullmatch(r'identifier like "[^"\'\[\]*\\]*"', condition)
