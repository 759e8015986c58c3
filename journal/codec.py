"""How facts become bytes and come back: a closed registry of every fact that may be stored.

It is derived from the unions of facts that the domain declares, one per kind of stream. A fact's stored name is
`<stream kind>.<class name in kebab case>`, never a module path, so code may move freely; its schema version is the
class attribute `SCHEMA` (1 when absent). `stored_form` says how the values themselves are written.
"""

import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any, Union, get_args, get_origin

from domain.streams import StreamKind
from journal.stored_form import Compiler, Decoder, Encoder, NotEncodable, UnknownFact, UnsupportedType

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""From the stored data of one schema version to that of the next."""


@dataclass(frozen=True, slots=True)
class FactType:
    """One registered type of fact.

    `name` is the stored name, `schema` the version written today, `topic` both together as the column holds them.
    """

    cls: type[Any]
    kind: StreamKind
    name: str
    schema: int
    topic: str
    encode: Encoder
    decode: Decoder


class Codec:
    """The closed registry of facts.

    `facts` gives per kind of stream the union of its facts (or a single class). `upcasters` maps (stored name, schema
    version) to the function that lifts stored data to the next version.
    Raises: UnsupportedType when a fact can not be stored, when two classes of one kind share a name, or when an
    upcaster is missing or has no fact.
    """

    def __init__(
        self,
        facts: Mapping[StreamKind, Any],
        upcasters: Mapping[tuple[str, int], Upcaster] = types.MappingProxyType({}),
    ) -> None:
        self._by_class: dict[tuple[StreamKind, type[Any]], FactType] = {}
        self._by_name: dict[str, FactType] = {}
        self._upcasters = dict(upcasters)
        compiled = Compiler()
        for kind, union in facts.items():
            for cls in members(union):
                self._register(kind, cls, compiled)
        self._check_upcasters()

    def _register(self, kind: StreamKind, cls: type[Any], compiled: Compiler) -> None:
        if not is_dataclass(cls):
            raise UnsupportedType(f"{kind}: {cls!r} is no dataclass")
        name = stored_name(kind, cls)
        if name in self._by_name:
            raise UnsupportedType(f"two classes would be stored as {name}")
        schema = getattr(cls, "SCHEMA", 1)
        if type(schema) is not int or schema < 1:
            raise UnsupportedType(f"{name}: SCHEMA must be a whole number from 1, not {schema!r}")
        encode, decode = compiled.record(cls)
        fact_type = FactType(cls, kind, name, schema, f"{name}.v{schema}", encode, decode)
        self._by_class[(kind, cls)] = fact_type
        self._by_name[name] = fact_type

    def _check_upcasters(self) -> None:
        needed = {(t.name, version) for t in self._by_name.values() for version in range(1, t.schema)}
        if needed != self._upcasters.keys():
            odd = sorted(needed ^ self._upcasters.keys())
            raise UnsupportedType(f"upcasters and schema versions do not fit each other: {odd}")

    def fact_types(self) -> tuple[FactType, ...]:
        """Every registered type, sorted by stored name."""
        return tuple(sorted(self._by_name.values(), key=lambda t: t.name))

    def type_of(self, kind: StreamKind, fact: object) -> FactType:
        """Find how a fact is stored in a stream of this kind.

        Raises: NotEncodable when the stream's union does not contain the fact's class.
        """
        try:
            return self._by_class[(kind, type(fact))]
        except KeyError:
            raise NotEncodable(f"{type(fact).__name__} is not a fact of {kind} streams") from None

    def decode(self, topic: str, data: Any) -> tuple[Any, str, int]:
        """Read stored data back into its fact.

        Shape: (fact, stored name, schema version it was stored with).
        Raises: UnknownFact for an unknown name or a newer schema, NotDecodable for data that do not fit.
        """
        name, mark, digits = topic.rpartition(".v")
        fact_type = self._by_name.get(name)
        if fact_type is None or not mark or not (digits.isascii() and digits.isdigit()):
            raise UnknownFact(f"unknown fact type {topic!r}")
        schema = int(digits)
        if not 1 <= schema <= fact_type.schema:
            raise UnknownFact(f"{topic!r} is of a schema this program does not know (it knows {fact_type.topic!r})")
        for version in range(schema, fact_type.schema):
            data = self._upcasters[(name, version)](data)
        return fact_type.decode(data), name, schema


def stored_name(kind: StreamKind, cls: type[Any]) -> str:
    """Give the name a class of facts is stored under.

    >>> class UsagePushed: ...
    >>> stored_name(StreamKind.ADDITION, UsagePushed)
    'addition.usage-pushed'
    """
    kebab = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", cls.__name__).lower()
    return f"{kind.value}.{kebab}"


def members(union: Any) -> Iterable[type[Any]]:
    """The classes a union of facts names; a single class stands for itself."""
    return get_args(union) if get_origin(union) in (Union, types.UnionType) else (union,)
