"""The stored form of values: canonical JSON whose shape follows the type hints.

No tags and no class names inside. Encoders and decoders are compiled once per type. Keys are sorted, there are no
blanks, UTF-8 is not escaped: equal values give equal bytes, so the bytes can be hashed and signed. What does not
fit is refused in both directions:

    CodecError
    ├── UnsupportedType   a fact is declared with a type that has no stored form (found when the registry is built)
    ├── NotEncodable      a value does not fit its declared type: a float, a naive datetime, a wrong class
    ├── NotDecodable      stored data lacks a field, has an unknown one, or holds a value of another form
    └── UnknownFact       a stored type, or a newer schema of a known one, that this program does not know
"""

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

Encoder = Callable[[Any], Any]
"""From a value to what JSON can hold: text, whole number, truth, None, list, dict with text keys."""
Decoder = Callable[[Any], Any]
"""The way back; raises `NotDecodable`."""
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOST_DIGITS = 100
"""More digits before or after the point than any quantity or price has; a bound on what a bad exponent could print."""


class CodecError(Exception):
    """Something can not be stored or read back; a bug or foreign data, never a user's mistake."""


class UnsupportedType(CodecError):
    """A fact declares a field whose type has no stored form."""


class NotEncodable(CodecError):
    """A value does not fit its declared type."""


class NotDecodable(CodecError):
    """Stored data does not fit the declared type."""


class UnknownFact(CodecError):
    """A stored fact that this program does not know; skipping it would falsify every state and view."""


def canonical(value: Any) -> bytes:
    """Print what JSON can hold in the one canonical form.

    >>> canonical({"b": 1, "a": "ü"}).decode()
    '{"a":"ü","b":1}'
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise NotEncodable(f"not storable as JSON: {error}") from error


def instant_text(value: datetime) -> str:
    """Write an instant the one way the journal writes it.

    Units: UTC, microseconds, always 27 characters.
    Raises: NotEncodable for a naive datetime.

    >>> instant_text(datetime(2026, 11, 22, 7, 31, tzinfo=UTC))
    '2026-11-22T07:31:00.000000Z'
    """
    if value.utcoffset() is None:
        raise NotEncodable(f"not an aware instant: {value!r}")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_instant(text: object) -> datetime:
    """Read what `instant_text` wrote. Raises: NotDecodable for any other form."""
    if type(text) is not str or _INSTANT.fullmatch(text) is None:
        raise NotDecodable(f"not an instant: {text!r}")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise NotDecodable(f"not an instant: {text!r}") from error


class Compiler:
    """Builds the encoder and decoder of each type once; records that contain each other are not supported."""

    def __init__(self) -> None:
        self._records: dict[type[Any], tuple[Encoder, Decoder] | None] = {}

    def record(self, cls: type[Any]) -> tuple[Encoder, Decoder]:
        if cls in self._records:
            known = self._records[cls]
            if known is None:
                raise UnsupportedType(f"{cls.__name__} contains itself")
            return known
        if not cls.__dataclass_params__.frozen:
            raise UnsupportedType(f"{cls.__name__} is not frozen")
        self._records[cls] = None
        hints = get_type_hints(cls)
        built = _record(cls, {f.name: self.value(hints[f.name], f"{cls.__name__}.{f.name}") for f in fields(cls)})
        self._records[cls] = built
        return built

    def value(self, hint: Any, where: str) -> tuple[Encoder, Decoder]:
        while isinstance(hint, NewType):
            hint = hint.__supertype__
        if hint in _SCALARS:
            return _SCALARS[hint]
        origin = get_origin(hint)
        if origin in (Union, types.UnionType):
            return self._optional(hint, where)
        if origin is tuple:
            return self._tuple(hint, where)
        if origin in (Mapping, dict):
            return self._mapping(hint, where)
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return _enum(hint)
        if is_dataclass(hint) and isinstance(hint, type):
            return _parsed(hint) if _is_parsed(hint) else self.record(hint)
        raise UnsupportedType(f"{where}: {hint!r} has no stored form")

    def _optional(self, hint: Any, where: str) -> tuple[Encoder, Decoder]:
        others = [member for member in get_args(hint) if member is not type(None)]
        if len(others) != 1:
            raise UnsupportedType(f"{where}: of unions only `X | None` has a stored form, not {hint}")
        encode, decode = self.value(others[0], where)

        def encode_optional(value: Any) -> Any:
            return None if value is None else encode(value)

        def decode_optional(data: Any) -> Any:
            return None if data is None else decode(data)

        return encode_optional, decode_optional

    def _tuple(self, hint: Any, where: str) -> tuple[Encoder, Decoder]:
        members = get_args(hint)
        if len(members) != 2 or members[1] is not Ellipsis:
            return _pair([self.value(member, where) for member in members])
        encode, decode = self.value(members[0], where)

        def encode_tuple(value: Any) -> Any:
            if type(value) is not tuple:
                raise NotEncodable(f"not a tuple: {value!r}")
            return [encode(item) for item in value]

        def decode_tuple(data: Any) -> Any:
            if type(data) is not list:
                raise NotDecodable(f"not an array: {data!r}")
            return tuple([decode(item) for item in data])

        return encode_tuple, decode_tuple

    def _mapping(self, hint: Any, where: str) -> tuple[Encoder, Decoder]:
        key_hint, value_hint = get_args(hint)
        while isinstance(key_hint, NewType):
            key_hint = key_hint.__supertype__
        textual = key_hint is str or (
            isinstance(key_hint, type) and (issubclass(key_hint, StrEnum) or _is_parsed(key_hint))
        )
        if not textual:
            raise UnsupportedType(f"{where}: keys of an object are text, not {key_hint!r}")
        encode_key, decode_key = self.value(key_hint, where)
        encode, decode = self.value(value_hint, where)

        def encode_mapping(value: Any) -> Any:
            if not isinstance(value, Mapping):
                raise NotEncodable(f"not a mapping: {value!r}")
            return {encode_key(key): encode(item) for key, item in value.items()}

        def decode_mapping(data: Any) -> Any:
            if type(data) is not dict:
                raise NotDecodable(f"not an object: {data!r}")
            return types.MappingProxyType({decode_key(key): decode(item) for key, item in data.items()})

        return encode_mapping, decode_mapping


def _record(cls: type[Any], codecs: dict[str, tuple[Encoder, Decoder]]) -> tuple[Encoder, Decoder]:
    encoders = [(name, encode) for name, (encode, _) in codecs.items()]
    decoders = [(name, decode) for name, (_, decode) in codecs.items()]
    names = frozenset(codecs)
    label = cls.__name__

    def encode_record(value: Any) -> Any:
        if type(value) is not cls:
            raise NotEncodable(f"not a {label}: {value!r}")
        return {name: encode(getattr(value, name)) for name, encode in encoders}

    def decode_record(data: Any) -> Any:
        if type(data) is not dict or data.keys() != names:
            found = sorted(data) if type(data) is dict else type(data).__name__
            raise NotDecodable(f"{label} has the fields {sorted(names)}, found {found}")
        try:
            return cls(**{name: decode(data[name]) for name, decode in decoders})
        except ValueError as error:
            raise NotDecodable(f"{label}: {error}") from error

    return encode_record, decode_record


def _pair(codecs: list[tuple[Encoder, Decoder]]) -> tuple[Encoder, Decoder]:
    """A tuple of fixed length, each place with its own type."""

    def encode_pair(value: Any) -> Any:
        if type(value) is not tuple or len(value) != len(codecs):
            raise NotEncodable(f"not a tuple of {len(codecs)}: {value!r}")
        return [encode(item) for (encode, _), item in zip(codecs, value, strict=True)]

    def decode_pair(data: Any) -> Any:
        if type(data) is not list or len(data) != len(codecs):
            raise NotDecodable(f"not an array of {len(codecs)}: {data!r}")
        return tuple(decode(item) for (_, decode), item in zip(codecs, data, strict=True))

    return encode_pair, decode_pair


def _enum(cls: type[StrEnum]) -> tuple[Encoder, Decoder]:
    by_value: dict[Any, StrEnum] = {member.value: member for member in cls}

    def encode_enum(value: Any) -> Any:
        if type(value) is not cls:
            raise NotEncodable(f"not a {cls.__name__}: {value!r}")
        return value.value

    def decode_enum(data: Any) -> Any:
        member = by_value.get(data) if type(data) is str else None
        if member is None:
            raise NotDecodable(f"not a {cls.__name__}: {data!r}")
        return member

    return encode_enum, decode_enum


def _is_parsed(cls: type[Any]) -> bool:
    """A value with `parse` and a `__str__` of its own is stored as its text."""
    prints_itself = any("__str__" in base.__dict__ for base in cls.__mro__[:-1])
    return prints_itself and callable(getattr(cls, "parse", None))


def _parsed(cls: type[Any]) -> tuple[Encoder, Decoder]:
    def encode_parsed(value: Any) -> Any:
        if type(value) is not cls:
            raise NotEncodable(f"not a {cls.__name__}: {value!r}")
        return str(value)

    def decode_parsed(data: Any) -> Any:
        if type(data) is not str:
            raise NotDecodable(f"not a {cls.__name__}: {data!r}")
        try:
            return cls.parse(data)
        except ValueError as error:
            raise NotDecodable(f"not a {cls.__name__}: {data!r}") from error

    return encode_parsed, decode_parsed


def _encode_str(value: Any) -> Any:
    if type(value) is not str:
        raise NotEncodable(f"not text: {value!r}")
    return value


def _encode_int(value: Any) -> Any:
    if type(value) is not int or not _SMALLEST <= value <= _LARGEST:
        raise NotEncodable(f"not a whole number of 64 bits: {value!r}")
    return value


def _encode_bool(value: Any) -> Any:
    if type(value) is not bool:
        raise NotEncodable(f"not true or false: {value!r}")
    return value


def _encode_decimal(value: Any) -> Any:
    if type(value) is not Decimal or not value.is_finite():
        raise NotEncodable(f"not a finite Decimal: {value!r}")
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_MOST_DIGITS or value.adjusted() > _MOST_DIGITS:
        raise NotEncodable(f"a Decimal of more than {_MOST_DIGITS} digits: {value!r}")
    return format(value, "f")


def _encode_uuid(value: Any) -> Any:
    if type(value) is not UUID:
        raise NotEncodable(f"not a UUID: {value!r}")
    return str(value)


def _encode_instant(value: Any) -> Any:
    if type(value) is not datetime:
        raise NotEncodable(f"not an instant: {value!r}")
    return instant_text(value)


def _encode_date(value: Any) -> Any:
    if type(value) is not date:
        raise NotEncodable(f"not a date: {value!r}")
    return value.isoformat()


def _decode_str(data: Any) -> Any:
    if type(data) is not str:
        raise NotDecodable(f"not text: {data!r}")
    return data


def _decode_int(data: Any) -> Any:
    if type(data) is not int:
        raise NotDecodable(f"not a whole number: {data!r}")
    return data


def _decode_bool(data: Any) -> Any:
    if type(data) is not bool:
        raise NotDecodable(f"not true or false: {data!r}")
    return data


def _decode_decimal(data: Any) -> Any:
    if type(data) is not str or _DECIMAL.fullmatch(data) is None:
        raise NotDecodable(f"not a decimal number: {data!r}")
    return Decimal(data)


def _decode_uuid(data: Any) -> Any:
    try:
        found = UUID(data)
    except (ValueError, AttributeError, TypeError) as error:
        raise NotDecodable(f"not a UUID: {data!r}") from error
    if str(found) != data:
        raise NotDecodable(f"not a UUID in its usual form: {data!r}")
    return found


def _decode_date(data: Any) -> Any:
    if type(data) is not str or _DATE.fullmatch(data) is None:
        raise NotDecodable(f"not a date: {data!r}")
    try:
        return date.fromisoformat(data)
    except ValueError as error:
        raise NotDecodable(f"not a date: {data!r}") from error


_SCALARS: dict[Any, tuple[Encoder, Decoder]] = {
    str: (_encode_str, _decode_str),
    int: (_encode_int, _decode_int),
    bool: (_encode_bool, _decode_bool),
    Decimal: (_encode_decimal, _decode_decimal),
    UUID: (_encode_uuid, _decode_uuid),
    datetime: (_encode_instant, parse_instant),
    date: (_encode_date, _decode_date),
}
