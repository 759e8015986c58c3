"""Whatever a server sends is read or is unreadable; nothing else can come of it."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectwise import shapes
from connectwise.errors import UnreadableAnswer
from connectwise.shapes import Record
from domain.values import PsaAgreementId
from tests.connectwise import documented

SHAPES: tuple[tuple[Callable[[Record], object], Record], ...] = (
    (lambda record: shapes.addition(record, PsaAgreementId(7)), documented.addition(70)),
    (shapes.agreement, documented.agreement(7)),
    (shapes.company, documented.company(19)),
    (shapes.catalog_item, documented.catalog_item()),
    (shapes.count, {"count": 7}),
)

Odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name"]), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize(
    "number", ["1e9999999999999999999999", "-1e-9999999999999999999999", "1e999999999", "0e999999999", "9" * 5000]
)
def test_a_number_beyond_all_bounds_is_unreadable(number: str) -> None:
    body = json.dumps(documented.addition(70)).replace('"quantity": 12', f'"quantity": {number}').encode()

    with pytest.raises(UnreadableAnswer):
        shapes.addition(shapes.one_record(shapes.parse_json(body)), PsaAgreementId(7))


@pytest.mark.parametrize("text", ["half a \ud800 pair", "a \0 inside"])
def test_a_text_that_can_not_be_stored_is_unreadable(text: str) -> None:
    body = json.dumps(documented.catalog_item(identifier=text)).encode()

    with pytest.raises(UnreadableAnswer, match="identifier"):
        shapes.catalog_item(shapes.one_record(shapes.parse_json(body)))


@given(st.sampled_from(SHAPES), st.data())
def test_a_record_with_an_odd_field_is_read_or_unreadable(
    shape: tuple[Callable[[Record], object], Record], data: st.DataObject
) -> None:
    read, good = shape
    body = json.dumps({**good, data.draw(st.sampled_from(sorted(good))): data.draw(Odd)}).encode()

    try:
        read(shapes.one_record(shapes.parse_json(body)))
    except UnreadableAnswer:
        return


@given(
    st.binary(max_size=40) | st.text(alphabet='[]{}",:0123456789eE+-.ntruefalsNIiy\\\\ ', max_size=40).map(str.encode)
)
def test_bytes_are_json_or_unreadable(body: bytes) -> None:
    try:
        shapes.parse_json(body)
    except UnreadableAnswer:
        return
