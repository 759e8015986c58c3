"""What is hashed and what is signed, so that others can prove that nothing was changed, removed or slipped in.

Every fact has one line, the same in every export for ever. The lines of one MSP, in journal order, form a chain of
SHA-256 values; a signed checkpoint says how far the chain had come and what its value was. Whoever holds the lines and
a checkpoint can make the chain again and compare; nothing of ours is needed for that. `docs/audit.md` tells the same
for implementers in other languages, with test vectors.

A line holds the fact's number among those of its MSP, never its position in the journal of all: the gaps between
positions would tell everybody how much the others record.

    line    = {"fact":<stored bytes>,"number":n,"recorded_at":"…","stream_id":"…","type":"….v1","version":n}
    chain 0 = SHA-256("psa-ledger.chain.v1" LF msp)
    chain n = SHA-256(chain n-1 ‖ SHA-256(line n))
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.values import MspId
from journal.stored_form import canonical, instant_text

CHAIN_TAG = b"psa-ledger.chain.v1\n"
CHECKPOINT_FORMAT = "psa-ledger.checkpoint.v1"
HEAD_FORMAT = "psa-ledger.head.v1"
EXPORT_FORMAT = "psa-ledger.export.v1"
HASH_BYTES = 32


LineRow = tuple[int, UUID, int, str, datetime, bytes]
"""What `fact_line` takes: number, stream id, version, stored type, time of recording, stored bytes."""


def fact_line(row: LineRow) -> bytes:
    """The canonical line of a fact, without a line end: its stored bytes, and the columns that the append gave it.

    Shape: canonical JSON itself, because the names are in order and the stored bytes are canonical.
    Units: the time in UTC with microseconds.
    """
    number, stream_id, version, topic, recorded_at, state = row
    tail = (
        f',"number":{number},"recorded_at":"{instant_text(recorded_at)}","stream_id":"{stream_id}"'
        f',"type":"{topic}","version":{version}}}'
    )
    return b'{"fact":' + state + tail.encode()


def genesis(msp: MspId) -> bytes:
    """The chain of an MSP before its first fact."""
    return sha256(CHAIN_TAG + msp.encode()).digest()


def link(chain: bytes, line_hash: bytes) -> bytes:
    """The chain after one more line."""
    return sha256(chain + line_hash).digest()


def chained_line(line: bytes, chain: bytes) -> bytes:
    """A fact's line as exports show it: with the chain's value after it as first member.

    Cutting out the 75 bytes after the opening brace gives back the very bytes that were hashed.
    """
    return b'{"chain":"' + chain.hex().encode() + b'",' + line[1:]


def left_out_line(hashes: Iterable[bytes]) -> bytes:
    """Stands in a filtered export for facts that were left out: the hashes of their lines, in order."""
    return b'{"left_out":"' + b"".join(hashes).hex().encode() + b'"}'


def key_id_of(public: Ed25519PublicKey) -> str:
    """A key's name, derived from the key: nobody can give another key the same one."""
    return sha256(public.public_bytes_raw()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far an MSP's chain had come. `previous` is the hash of the MSP's checkpoint before, none for the first.

    Shape: `number` counts the MSP's checkpoints from 1, `count` its facts up to this one.
    """

    msp: MspId
    number: int
    count: int
    chain: bytes
    at: datetime
    key: str
    previous: bytes | None

    def body(self) -> bytes:
        """The bytes that are signed."""
        return canonical(
            {
                "at": instant_text(self.at),
                "chain": self.chain.hex(),
                "count": self.count,
                "format": CHECKPOINT_FORMAT,
                "key": self.key,
                "msp": self.msp,
                "number": self.number,
                "previous": None if self.previous is None else self.previous.hex(),
            }
        )


@dataclass(frozen=True, slots=True)
class Head:
    """How far everything was sealed at one time. `digest` covers the newest checkpoint of every MSP.

    Shape: `number` counts heads from 1, `msps` is how many MSPs have a checkpoint, `position` the journal's.
    """

    number: int
    position: int
    msps: int
    digest: bytes
    at: datetime
    key: str
    previous: bytes | None

    def body(self) -> bytes:
        """The bytes that are signed."""
        return canonical(
            {
                "at": instant_text(self.at),
                "digest": self.digest.hex(),
                "format": HEAD_FORMAT,
                "key": self.key,
                "msps": self.msps,
                "number": self.number,
                "position": self.position,
                "previous": None if self.previous is None else self.previous.hex(),
            }
        )


def digest_of_heads(checkpoints: Mapping[MspId, bytes]) -> bytes:
    """What a head covers, from the hash of each MSP's newest checkpoint: they are joined in the order of MSP ids.

    Units: the order is that of the ids' UTF-8 bytes.
    """
    ordered = sorted((msp.encode(), checkpoint) for msp, checkpoint in checkpoints.items())
    return sha256(b"".join(sha256(msp).digest() + checkpoint for msp, checkpoint in ordered)).digest()


def checkpoint_line(body: bytes, signature: bytes) -> bytes:
    """A checkpoint as exports show it: the signed bytes as they are, and the signature."""
    return b'{"checkpoint":' + body + b',"signature":"' + b64encode(signature) + b'"}'


def header_line(
    msp: MspId,
    *,
    after: tuple[int, bytes],
    until: int,
    wanted: Mapping[str, Any] | None,
) -> bytes:
    """The first line of an export: whose facts, from where to where, and by which filter (none: all of them).

    Shape: `after` is how many facts come before the export, and the chain after them; `until` the count of its last
    checkpoint.
    """
    count, chain = after
    return canonical(
        {
            "export": {
                "after": {"chain": chain.hex(), "count": count},
                "filter": None if wanted is None else dict(wanted),
                "format": EXPORT_FORMAT,
                "msp": msp,
                "until": until,
            }
        }
    )


def fields_of(body: bytes) -> dict[str, Any]:
    """What a checkpoint or head says."""
    found: dict[str, Any] = orjson.loads(body)
    return found
