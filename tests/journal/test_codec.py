"""Facts become canonical bytes and come back as they were; what does not fit is refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.streams import StreamKind
from domain.values import BillingMonth, Component, Tenant
from journal.codec import Codec, stored_name
from journal.registry import CODEC as LEDGER
from journal.stored_form import NotDecodable, NotEncodable, UnknownFact, UnsupportedType, canonical
from tests.journal.examples import strategy_of
from tests.journal.sample import CODEC, Detail, JarSeen, Label, MarblesAdded, MarblesTaken

LOG, JAR = StreamKind.CONNECTION, StreamKind.ORGANIZATION

SEEN = JarSeen(
    seen_at=datetime(2026, 11, 22, 8, 31, tzinfo=timezone(timedelta(hours=1))),
    on=date(2026, 11, 22),
    by=UUID(int=1),
    month=BillingMonth(2026, 11),
    tenant=Tenant("na.myconnectwise.net", "acme"),
    component=Component.LICENSE,
    is_full=True,
    details=(Detail(Label("ü"), Decimal("1.50"), ("a", "b")),),
    pair=(1, Decimal("1E+3")),
    note=None,
    weights={"b": Decimal(1), "a": Decimal("-0.0")},
    counts={Component.SERVER: 2},
)


def encode(kind: StreamKind, fact: object) -> bytes:
    return canonical(CODEC.type_of(kind, fact).encode(fact))


def test_the_stored_form_follows_the_type_hints() -> None:
    expected = (
        '{"by":"00000000-0000-0000-0000-000000000001","component":"LICENSE","counts":{"SERVER":2},'
        '"details":[{"label":"ü","tags":["a","b"],"weight":"1.50"}],"first":null,"is_full":true,"month":"2026-11",'
        '"note":null,"on":"2026-11-22","pair":[1,"1000"],"seen_at":"2026-11-22T07:31:00.000000Z",'
        '"tenant":{"company_id":"acme","site":"na.myconnectwise.net"},"weights":{"a":"-0.0","b":"1"}}'
    )

    assert expected == encode(LOG, SEEN).decode()


@given(strategy_of(JarSeen))
def test_what_was_encoded_decodes_to_the_same(fact: JarSeen) -> None:
    fact_type = CODEC.type_of(LOG, fact)

    stored = encode(LOG, fact)
    back, name, schema = CODEC.decode(fact_type.topic, json.loads(stored))

    assert fact == back
    assert (name, schema) == ("connection.jar-seen", 1)
    assert stored == encode(LOG, back)


@given(st.data())
def test_every_fact_of_the_ledger_decodes_to_the_same(data: st.DataObject) -> None:
    fact_type = data.draw(st.sampled_from(LEDGER.fact_types()))
    fact = data.draw(strategy_of(fact_type.cls))

    back, _, _ = LEDGER.decode(fact_type.topic, json.loads(canonical(fact_type.encode(fact))))

    assert fact == back


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_a_decimal_keeps_its_scale(weight: Decimal) -> None:
    detail = Detail(Label(""), weight, ())
    back, _, _ = CODEC.decode("connection.jar-seen.v1", json.loads(encode(LOG, replace(SEEN, details=(detail,)))))

    assert weight == back.details[0].weight
    assert max(0, -_exponent(weight)) == -_exponent(back.details[0].weight)


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"seen_at": datetime(2026, 11, 22)}, id="naive datetime"),  # noqa: DTZ001 - the point of the test
        pytest.param({"seen_at": "2026-11-22T07:31:00.000000Z"}, id="text for an instant"),
        pytest.param({"pair": (1.0, Decimal(1))}, id="float for a whole number"),
        pytest.param({"pair": (1, 1.5)}, id="float for a decimal"),
        pytest.param({"pair": (1, 1)}, id="whole number for a decimal"),
        pytest.param({"pair": (1, Decimal("NaN"))}, id="not a number"),
        pytest.param({"pair": (1, Decimal("Infinity"))}, id="infinite"),
        pytest.param({"pair": (1, Decimal("1E+999999"))}, id="endless digits"),
        pytest.param({"pair": (1, Decimal("1E-999999"))}, id="endless decimals"),
        pytest.param({"pair": (True, Decimal(1))}, id="truth for a whole number"),
        pytest.param({"pair": (2**63, Decimal(1))}, id="more than 64 bits"),
        pytest.param({"pair": (1,)}, id="too short"),
        pytest.param({"pair": [1, Decimal(1)]}, id="list for a tuple of fixed length"),
        pytest.param({"details": []}, id="list for a tuple"),
        pytest.param({"details": ({"label": "x"},)}, id="dict for a record"),
        pytest.param({"on": datetime(2026, 11, 22, tzinfo=UTC)}, id="instant for a date"),
        pytest.param({"by": "00000000-0000-0000-0000-000000000001"}, id="text for a UUID"),
        pytest.param({"month": "2026-11"}, id="text for a month"),
        pytest.param({"tenant": None}, id="none where something is due"),
        pytest.param({"component": "LICENSE"}, id="text for an enum"),
        pytest.param({"is_full": 1}, id="number for truth"),
        pytest.param({"note": 1}, id="number for text"),
        pytest.param({"note": "\ud800"}, id="half a character"),
        pytest.param({"weights": [("a", Decimal(1))]}, id="list for a mapping"),
        pytest.param({"weights": {1: Decimal(1)}}, id="number for a key"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(NotEncodable):
        encode(LOG, replace(SEEN, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"extra": 1}, id="unknown field"),
        pytest.param({"seen_at": "2026-11-22T07:31:00Z"}, id="instant without microseconds"),
        pytest.param({"seen_at": "2026-02-30T07:31:00.000000Z"}, id="no such day"),
        pytest.param({"seen_at": 5}, id="number for an instant"),
        pytest.param({"on": "20261122"}, id="date in another form"),
        pytest.param({"on": "2026-02-30"}, id="no such date"),
        pytest.param({"by": "{00000000-0000-0000-0000-000000000001}"}, id="UUID in another form"),
        pytest.param({"by": 5}, id="number for a UUID"),
        pytest.param({"month": "2026-13"}, id="no such month"),
        pytest.param({"month": 5}, id="number for a month"),
        pytest.param({"component": "DESK"}, id="unknown member"),
        pytest.param({"component": ["LICENSE"]}, id="list for a member"),
        pytest.param({"is_full": 1}, id="number for truth"),
        pytest.param({"pair": [1.5, "1"]}, id="float"),
        pytest.param({"pair": [1, "1e3"]}, id="decimal with exponent"),
        pytest.param({"pair": [1, "NaN"]}, id="not a number"),
        pytest.param({"pair": [1, 1]}, id="number for a decimal"),
        pytest.param({"pair": [1]}, id="too short"),
        pytest.param({"details": {}}, id="object for an array"),
        pytest.param({"tenant": {"site": "x"}}, id="missing field within"),
        pytest.param({"tenant": "x"}, id="text for a record"),
        pytest.param({"note": 1}, id="number for text"),
        pytest.param({"weights": []}, id="array for an object"),
    ],
)
def test_stored_data_that_do_not_fit_are_refused(changes: dict[str, Any]) -> None:
    stored = json.loads(encode(LOG, SEEN)) | changes

    with pytest.raises(NotDecodable):
        CODEC.decode("connection.jar-seen.v1", stored)


def test_a_missing_field_is_refused_even_if_it_has_a_default() -> None:
    stored = json.loads(encode(LOG, SEEN))
    del stored["first"]

    with pytest.raises(NotDecodable, match="first"):
        CODEC.decode("connection.jar-seen.v1", stored)


@pytest.mark.parametrize(
    "topic",
    [
        "connection.jar-lost.v1",
        "connection.jar-seen.v2",
        "connection.jar-seen.v0",
        "connection.jar-seen.v",
        "connection.jar-seen.v١",
        "connection.jar-seen",
        "",
    ],
)
def test_a_fact_that_is_not_known_is_never_skipped(topic: str) -> None:
    with pytest.raises(UnknownFact):
        CODEC.decode(topic, json.loads(encode(LOG, SEEN)))


def test_a_fact_of_another_kind_of_stream_is_refused() -> None:
    with pytest.raises(NotEncodable, match="not a fact of connection"):
        CODEC.type_of(LOG, MarblesAdded(1))


def test_an_older_schema_is_lifted_to_todays() -> None:
    assert (MarblesTaken(3, "unknown"), "organization.marbles-taken", 1) == CODEC.decode(
        "organization.marbles-taken.v1", {"count": 3}
    )
    assert (MarblesTaken(3, "play"), "organization.marbles-taken", 2) == CODEC.decode(
        "organization.marbles-taken.v2", {"count": 3, "reason": "play"}
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UsagePushed", "usage-pushed"),
        ("Paused", "paused"),
        ("NFRChanged", "nfr-changed"),
        ("Level2Reached", "level2-reached"),
    ],
)
def test_stored_names_are_kebab_case(name: str, expected: str) -> None:
    assert f"organization.{expected}" == stored_name(JAR, type(name, (), {}))


def test_decoded_mappings_can_not_be_changed() -> None:
    fact, _, _ = CODEC.decode("connection.jar-seen.v1", json.loads(encode(LOG, SEEN)))

    assert isinstance(fact.weights, MappingProxyType)


@dataclass(frozen=True)
class HasFloat:
    weight: float


@dataclass(frozen=True)
class Positive:
    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError("not positive")


@dataclass
class Changeable:
    count: int


@dataclass(frozen=True)
class HasUnion:
    what: MarblesAdded | MarblesTaken


@dataclass(frozen=True)
class HasNumberedKeys:
    what: Mapping[int, str]


@dataclass(frozen=True)
class ByMonth:
    months: Mapping[BillingMonth, int]
    labels: Mapping[Label, int]


@dataclass(frozen=True)
class HasItself:
    inner: "HasItself | None"


@dataclass(frozen=True)
class HasBadSchema:
    SCHEMA: ClassVar[int] = 0


@pytest.mark.parametrize("cls", [HasFloat, Changeable, HasUnion, HasNumberedKeys, HasItself, HasBadSchema, int])
def test_a_type_without_stored_form_is_found_when_the_registry_is_built(cls: type[Any]) -> None:
    with pytest.raises(UnsupportedType):
        Codec({JAR: cls})


def test_two_facts_of_one_name_are_found_when_the_registry_is_built() -> None:
    twin: Any = dataclass(frozen=True)(type("MarblesAdded", (), {}))

    with pytest.raises(UnsupportedType, match="two classes"):
        Codec({JAR: MarblesAdded | twin})


def test_a_missing_or_needless_upcaster_is_found_when_the_registry_is_built() -> None:
    with pytest.raises(UnsupportedType, match="upcasters"):
        Codec({JAR: MarblesTaken})
    with pytest.raises(UnsupportedType, match="upcasters"):
        Codec({JAR: MarblesAdded}, {("organization.marbles-added", 1): dict})


def test_a_value_that_refuses_its_stored_data_is_named() -> None:
    codec = Codec({JAR: Positive})

    with pytest.raises(NotDecodable, match="Positive: not positive"):
        codec.decode("organization.positive.v1", {"count": 0})


def test_keys_of_an_object_may_be_named_types_and_months() -> None:
    codec = Codec({JAR: ByMonth})
    fact = ByMonth({BillingMonth(2026, 11): 1}, {Label("a"): 2})

    stored = codec.type_of(JAR, fact).encode(fact)

    assert stored == {"months": {"2026-11": 1}, "labels": {"a": 2}}
    assert fact == codec.decode("organization.by-month.v1", stored)[0]
