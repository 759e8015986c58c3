"""An entry's bytes: the envelope and the fact as one canonical JSON object.

Position, version, type and time stand in columns of their own, because only the append knows them or because queries
need them; everything else about an entry is in these bytes.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from domain.streams import Stream, StreamKind
from domain.values import MspId
from journal.codec import Codec
from journal.entry import Actor, Entry, Origin, Role
from journal.recorder import StoredFact
from journal.stored_form import NotDecodable, canonical

FACT_COLUMNS = "notification_id, originator_version, topic, recorded_at, state"
"""What `read_entry` takes, in this order."""
FactRow = tuple[int, int, str, datetime, bytes]


def store_fact(
    codec: Codec, stream: Stream, version: int, fact: object, *, entry_id: UUID, origin: Origin
) -> StoredFact:
    """Write a fact and its envelope as a row. Raises: CodecError when it can not be stored."""
    fact_type = codec.type_of(stream.kind, fact)
    actor = origin.actor
    state = canonical(
        {
            "entry_id": str(entry_id),
            "msp": stream.msp,
            "stream": {"kind": stream.kind.value, "key": stream.key},
            "actor": {
                "subject": actor.subject,
                "role": actor.role.value,
                "address": actor.address,
                "user_agent": actor.user_agent,
            },
            "request_id": origin.request_id,
            "correlation_id": origin.correlation_id,
            "causation_id": None if origin.causation_id is None else str(origin.causation_id),
            "data": fact_type.encode(fact),
        }
    )
    return StoredFact(stream.id, version, fact_type.topic, state, entry_id, stream.msp, stream.kind)


def read_entry(codec: Codec, row: FactRow) -> Entry[Any]:
    """Read a row back. Raises: UnknownFact, NotDecodable."""
    position, version, topic, recorded_at, state = row
    try:
        stored = orjson.loads(state)
        stream, actor, causation_id = stored["stream"], stored["actor"], stored["causation_id"]
        fact, fact_type, schema = codec.decode(topic, stored["data"])
        msp = MspId(stored["msp"])
        return Entry(
            position=position,
            entry_id=UUID(stored["entry_id"]),
            stream=_stream(stream["kind"], msp, *stream["key"]),
            version=version,
            recorded_at=recorded_at.astimezone(UTC),
            msp=msp,
            actor=_actor(actor["subject"], actor["role"], actor["address"], actor["user_agent"]),
            request_id=stored["request_id"],
            correlation_id=stored["correlation_id"],
            causation_id=None if causation_id is None else UUID(causation_id),
            fact=fact,
            fact_type=fact_type,
            schema=schema,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotDecodable(f"the entry at position {position} can not be read: {error}") from error


@lru_cache(maxsize=20_000)
def _stream(kind: str, msp: MspId, *key: str) -> Stream:
    """One object for all entries of a stream: a long journal names few streams often."""
    return Stream(StreamKind(kind), msp, key)


@lru_cache(maxsize=1_000)
def _actor(subject: str, role: str, address: str | None, user_agent: str | None) -> Actor:
    return Actor(subject, Role(role), address, user_agent)


def read_fact(codec: Codec, topic: str, state: bytes) -> Any:
    """Read only the fact; all that a fold needs. Raises: UnknownFact, NotDecodable."""
    try:
        data = orjson.loads(state)["data"]
    except (KeyError, TypeError, ValueError) as error:
        raise NotDecodable(f"stored bytes of a {topic} can not be read: {error}") from error
    return codec.decode(topic, data)[0]
