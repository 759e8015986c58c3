"""The sealer: follows the journal, makes the chain of every MSP, and signs how far each has come.

Facts are sealed in batches, in journal order; position, seals and chains move in one transaction, so each fact is
sealed exactly once, whoever crashes. Signed rounds come every `CHECKPOINT_SECONDS`: a checkpoint for every MSP with new
facts, and one head over all of them.

A seal keeps the hash of each fact's line. With them a check of the database names the very row that was changed, and a
filtered export can say what it left out without reading it.

    SealError
    ├── NotTheSealer      somebody else holds the lock
    ├── SealerOvertaken   the stored position is not what this sealer left there
    └── JournalAltered    the journal has a gap, or a row whose columns contradict its bytes; nothing more is signed
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, LiteralString
from uuid import UUID

import orjson
import psycopg

from domain.streams import Stream, StreamKind
from domain.values import MspId
from journal.only_one import OnlyOne
from journal.proof import Checkpoint, Head, digest_of_heads, fact_line, genesis, link
from journal.signing_keys import SigningKey, SigningKeys

LOCK = 4_071_004
"""Advisory lock of the one active sealer; migrations, appends and the projector have other numbers."""
CHECKPOINT_SECONDS = 20.0
"""How old the oldest unsigned fact may become, about; a third of what is promised."""
BATCH = 2_000


def in_calendar(column: LiteralString) -> LiteralString:
    """A column of instants for SELECT, NULL where it holds what is none: it would break off the reading of all rows."""
    return (
        f"CASE WHEN {column} >= timestamptz '0001-01-02 00:00:00+00'"
        f" AND {column} < timestamptz '9999-12-31 00:00:00+00' THEN {column} END"
    )


SEALED_COLUMNS: LiteralString = (
    "notification_id, originator_id, originator_version, topic,"
    f" {in_calendar('recorded_at')}, msp, kind, entry_id, state"
)
"""What `SealedRow` takes, in this order."""
SealedRow = tuple[int, UUID, int, str, datetime | None, str, str, UUID, bytes]
RECORDED_AT = 4
"""Its place in a `SealedRow`; none for a row that was altered to hold no instant."""


class SealError(Exception):
    """This sealer has to stop; the next one starts from the stored position."""


class NotTheSealer(SealError):
    """Somebody else holds the sealer's lock."""


class SealerOvertaken(SealError):
    """The stored position is not what this sealer left there: another one works."""


class JournalAltered(SealError):
    """The journal is not as appends leave it; signing on would vouch for an alteration."""

    def __init__(self, position: int, what: str) -> None:
        super().__init__(f"the journal was altered at position {position}: {what}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Chain:
    """One MSP's chain, and its newest checkpoint. Shape: `signed_number` is 0 and `signed_hash` none before one.

    `position` and `signed_position` are the journal's; `count` is the number of the last fact.
    """

    position: int
    count: int
    value: bytes
    signed_number: int = 0
    signed_position: int = 0
    signed_hash: bytes | None = None


@dataclass(slots=True)
class _Batch:
    """What one MSP has in a batch."""

    before: Chain
    positions: list[int] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)


def contradiction(row: SealedRow) -> str | None:
    """In what a row's columns contradict its stored bytes, if they do."""
    _, stream_id, _, _, recorded_at, msp, kind, entry_id, state = row
    if recorded_at is None:
        return "its time of recording is none"
    try:
        stored = orjson.loads(state)
        stream = stored["stream"]
        if stored["msp"] != msp:
            return "its column msp names another MSP than its bytes"
        if stored["entry_id"] != str(entry_id):
            return "its column entry_id differs from its bytes"
        if stream["kind"] != kind:
            return "its column kind differs from its bytes"
        if Stream(StreamKind(kind), MspId(msp), tuple(stream["key"])).id != stream_id:
            return "its stream id does not belong to the stream that its bytes name"
    except (KeyError, TypeError, ValueError):
        return "its bytes can not be read"
    return None


def line_of(row: SealedRow, number: int) -> bytes:
    """The canonical line of a row whose fact has this number among those of its MSP, and that has a time."""
    _, stream_id, version, topic, recorded_at, _, _, _, state = row
    assert recorded_at is not None
    return fact_line((number, stream_id, version, topic, recorded_at, state))


class Sealer(OnlyOne):
    """Seals and signs.

    `now` is the time that checkpoints tell; without one it is the ledger's.
    Raises: psycopg.OperationalError when the database can not be reached.
    """

    def __init__(
        self,
        url: str,
        keys: SigningKeys,
        *,
        batch: int = BATCH,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        # A seal that a crash of the server takes away is made again, the same; only signed rounds have to last.
        super().__init__(url, LOCK, name="psa-ledger sealer", options="-c synchronous_commit=off")
        self._keys = keys
        self._batch = batch
        self._checkpoint_seconds = checkpoint_seconds
        self._monotonic = monotonic
        self._now = now or self._ledger_now
        self._round_at: float | None = None
        self._position = 0
        self._chains: dict[MspId, Chain] = {}
        self._unsigned: set[MspId] = set()
        self._head: tuple[int, bytes | None] = (0, None)

    @property
    def position(self) -> int:
        """Up to where the journal is sealed."""
        return self._position

    def prepare(self) -> None:
        """Read where sealing stands. Raises: NotTheSealer unless this sealer holds the lock."""
        if not self.holds_lock:
            raise NotTheSealer("another sealer is active")
        with self._connection.transaction():
            stands = self._connection.execute("SELECT position FROM audit_position").fetchone()
            self._position = 0 if stands is None else stands[0]
            self._chains = {
                MspId(msp): Chain(*chain)
                for msp, *chain in self._connection.execute(
                    "SELECT msp, position, count, value, signed_number, signed_position, signed_hash FROM audit_chains"
                )
            }
            head = self._connection.execute(
                "SELECT number, body FROM audit_heads ORDER BY number DESC LIMIT 1"
            ).fetchone()
            self._head = (0, None) if head is None else (head[0], sha256(head[1]).digest())
        self._unsigned = {msp for msp, chain in self._chains.items() if chain.position > chain.signed_position}

    def seal(self) -> int:
        """Seal the next batch. Shape: how many facts were sealed; 0 when there is nothing new.

        Raises: JournalAltered, SealerOvertaken; after any error the sealer is of no further use.
        """
        rows: Sequence[SealedRow] = self._connection.execute(
            _NEXT, (self._position, self._batch), binary=True
        ).fetchall()
        if not rows:
            return 0
        batches: dict[MspId, _Batch] = {}
        for expected, row in enumerate(rows, start=self._position + 1):
            if row[0] != expected:
                raise JournalAltered(expected, "it holds no fact")
            what = contradiction(row)
            if what is not None:
                raise JournalAltered(expected, what)
            msp = MspId(row[5])
            batch = batches.get(msp)
            if batch is None:
                batch = batches[msp] = _Batch(self._chains.get(msp) or Chain(0, 0, genesis(msp)))
            batch.positions.append(expected)
            batch.hashes.append(sha256(line_of(row, batch.before.count + len(batch.positions))).digest())
        self._write(batches, rows[-1][0])
        return len(rows)

    def _write(self, batches: dict[MspId, _Batch], end: int) -> None:
        chains: dict[MspId, Chain] = {}
        seals: list[tuple[object, ...]] = []
        for msp, batch in batches.items():
            value = batch.before.value
            for line_hash in batch.hashes:
                value = link(value, line_hash)
            count = batch.before.count + len(batch.hashes)
            chains[msp] = replace(batch.before, position=batch.positions[-1], count=count, value=value)
            seals.append(
                (msp, batch.positions[-1], count, batch.before.value, value, batch.positions, b"".join(batch.hashes))
            )
        with self._connection.transaction(), self._connection.cursor() as cursor:
            if self._position == 0:
                cursor.execute("INSERT INTO audit_position (position) VALUES (%s) ON CONFLICT DO NOTHING", (end,))
            else:
                cursor.execute("UPDATE audit_position SET position = %s WHERE position = %s", (end, self._position))
            if cursor.rowcount != 1:
                raise SealerOvertaken(f"the sealed position is no longer {self._position}")
            cursor.executemany(_SEAL, seals)
            cursor.executemany(_CHAIN, [(msp, c.position, c.count, c.value) for msp, c in chains.items()])
        self._chains.update(chains)
        self._unsigned.update(chains)
        self._position = end

    def sign_if_due(self) -> bool:
        """Sign what is unsigned when the time of a round has come. Tells whether it signed.

        Why: rounds come at fixed times from the first call on, also where there was nothing to sign. Would the next one
        wait for the last, the time of an MSP's checkpoint would tell whether others had recorded something before.
        """
        now = self._monotonic()
        if self._round_at is None:
            self._round_at = now
        if now < self._round_at:
            return False
        self._round_at += (1 + (now - self._round_at) // self._checkpoint_seconds) * self._checkpoint_seconds
        return self.sign() > 0

    def sign(self) -> int:
        """Sign a checkpoint for every MSP with unsigned facts, and a head. Shape: how many checkpoints.

        Raises: SealerOvertaken, BadSetting when the key file became unreadable.
        """
        if not self._unsigned:
            return 0
        key = self._keys()
        with self._connection.transaction():
            self._connection.execute("SET LOCAL synchronous_commit = on")
            now = self._now()
            signed = {msp: self._checkpoint(msp, key, now) for msp in sorted(self._unsigned)}
            self._write_round(signed, key, now)
        return len(signed)

    def _ledger_now(self) -> datetime:
        row = self._connection.execute("SELECT ledger_now()").fetchone()
        assert row is not None
        now: datetime = row[0]
        return now.astimezone(UTC)

    def _checkpoint(self, msp: MspId, key: SigningKey, now: datetime) -> Checkpoint:
        chain = self._chains[msp]
        return Checkpoint(
            msp=msp,
            number=chain.signed_number + 1,
            count=chain.count,
            chain=chain.value,
            at=now,
            key=key.id,
            previous=chain.signed_hash,
        )

    def _write_round(self, signed: dict[MspId, Checkpoint], key: SigningKey, now: datetime) -> None:
        bodies = {msp: checkpoint.body() for msp, checkpoint in signed.items()}
        chains = dict(self._chains)
        for msp, checkpoint in signed.items():
            chains[msp] = replace(
                chains[msp],
                signed_number=checkpoint.number,
                signed_position=chains[msp].position,
                signed_hash=sha256(bodies[msp]).digest(),
            )
        heads = {msp: chain.signed_hash for msp, chain in chains.items() if chain.signed_hash is not None}
        number, previous = self._head
        head = Head(number + 1, self._position, len(heads), digest_of_heads(heads), now, key.id, previous)
        body = head.body()
        with self._connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audit_keys (id, public_key, first_used_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                (key.id, key.public_bytes, now),
            )
            try:
                cursor.executemany(
                    "INSERT INTO audit_checkpoints (msp, position, number, count, at, key, head, body, signature)"
                    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                    [
                        (
                            msp,
                            chains[msp].position,
                            c.number,
                            c.count,
                            now,
                            key.id,
                            head.number,
                            bodies[msp],
                            key.private.sign(bodies[msp]),
                        )
                        for msp, c in signed.items()
                    ],
                )
                cursor.execute(
                    "INSERT INTO audit_heads (number, position, at, key, body, signature)"
                    " VALUES (%s, %s, %s, %s, %s, %s)",
                    (head.number, head.position, now, key.id, body, key.private.sign(body)),
                )
            except psycopg.errors.UniqueViolation as error:
                raise SealerOvertaken("another sealer signed meanwhile") from error
            cursor.executemany(
                "UPDATE audit_chains SET signed_number = %s, signed_position = %s, signed_hash = %s WHERE msp = %s",
                [(c.signed_number, c.signed_position, c.signed_hash, m) for m, c in chains.items() if m in signed],
            )
        self._chains = chains
        self._unsigned.clear()
        self._head = (head.number, sha256(body).digest())


def seal_until_now(url: str, keys: SigningKeys) -> int:
    """Seal and sign everything that is recorded, in this thread; for tests and the command line.

    Shape: the position up to which the journal is sealed and signed.
    Raises: NotTheSealer when a sealer is at work; JournalAltered.
    """
    with Sealer(url, keys) as sealer:
        if not sealer.try_lock():
            raise NotTheSealer("another sealer is active")
        sealer.prepare()
        while sealer.seal():
            pass
        sealer.sign()
        return sealer.position


_NEXT = f"SELECT {SEALED_COLUMNS} FROM facts WHERE notification_id > %s ORDER BY notification_id LIMIT %s"  # noqa: S608 - our own constants

_SEAL = """
INSERT INTO audit_seals (msp, position, count, value_before, value, positions, hashes)
VALUES (%s, %s, %s, %s, %s, %s::bigint[], %s)
"""

_CHAIN = """
INSERT INTO audit_chains (msp, position, count, value, signed_number, signed_position) VALUES (%s, %s, %s, %s, 0, 0)
ON CONFLICT (msp) DO UPDATE SET position = excluded.position, count = excluded.count, value = excluded.value
"""


def public_keys(connection: psycopg.Connection[Any]) -> dict[str, bytes]:
    """The public keys that ever signed here, by id, as the database lists them."""
    return dict(connection.execute("SELECT id, public_key FROM audit_keys ORDER BY first_used_at, id").fetchall())
