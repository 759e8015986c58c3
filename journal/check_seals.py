"""Checking the database against its own seals: is every fact what was sealed, and every seal what was signed?

Nothing is taken on trust but the public keys. Each MSP's chain is made again from the rows as they are now and held
against the hash of each line, each seal's value and each signed checkpoint; the newest head against the newest
checkpoints, each of which holds the hash of the one before it. So a changed row is found even where the seals were
rewritten with it, as long as a checkpoint vouches for the old one. Memory stays the same however much there is.

What this can not see: facts and checkpoints that were removed together at the very end, with every trace. Checkpoints
that somebody else keeps (an export, `auditCheckpoints`) show that.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.values import MspId
from journal.proof import HASH_BYTES, digest_of_heads, fields_of, genesis, key_id_of, link
from journal.seal import RECORDED_AT, SEALED_COLUMNS, SealedRow, contradiction, in_calendar, line_of
from journal.stored_form import instant_text

KEY_BYTES = 32
PAGE = 2_000
MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was sealed or signed. `position` is 0 where it is about no single fact."""

    msp: str
    position: int
    what: str


@dataclass(slots=True)
class Checked:
    """What a check of the database found. Shape: `findings` by position, at most `MOST_FINDINGS` of them.

    `facts` counts those that were checked, `unsigned` those after the newest checkpoint of their MSP.
    """

    facts: int = 0
    unsigned: int = 0
    msps: int = 0
    checkpoints: int = 0
    heads: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_proven(self) -> bool:
        return not self.findings

    def note(self, msp: str, position: int, what: str) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(msp, position, what))


@dataclass(frozen=True, slots=True)
class _Seal:
    position: int
    count: int
    value_before: bytes
    value: bytes
    positions: list[int]
    hashes: bytes

    @property
    def is_whole(self) -> bool:
        """Whether it holds a place in the journal and a hash for each of its facts, of which there is one at least."""
        places = [each for each in self.positions if type(each) is int]
        return len(places) == len(self.positions) > 0 and len(self.hashes) == len(places) * HASH_BYTES

    def hash_of(self, place: int) -> bytes:
        return self.hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES]


@dataclass(frozen=True, slots=True)
class _Signed:
    position: int
    number: int
    count: int
    chain: str


@dataclass(frozen=True, slots=True)
class _Newest:
    """An MSP's newest checkpoint."""

    head: int
    hash: bytes


def check_database(url: str, keys: Mapping[str, Ed25519PublicKey]) -> Checked:
    """Check everything in one snapshot of the database; facts that arrive meanwhile do not count.

    Raises: psycopg.Error when the database can not be asked.
    """
    checked = Checked()
    with psycopg.connect(url, connect_timeout=10, options="-c TimeZone=UTC") as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        newest: dict[MspId, _Newest] = {}
        for msp in _msps(connection):
            checked.msps += 1
            _check_msp(connection, msp, keys, checked, newest)
        _check_heads(connection, keys, checked, newest)
        _check_positions(connection, checked)
    checked.findings.sort(key=lambda finding: (finding.position == 0, finding.position, finding.msp))
    return checked


def keys_by_id(raw: Mapping[str, bytes]) -> dict[str, Ed25519PublicKey]:
    """Public keys by the id that follows from each; an id that somebody wrote beside another key is not believed, and
    what is no key is passed over."""
    keys = [Ed25519PublicKey.from_public_bytes(each) for each in raw.values() if len(each) == KEY_BYTES]
    return {key_id_of(key): key for key in keys}


def public_text(raw: bytes) -> str:
    """A public key as people pass it on."""
    return b64encode(raw).decode()


def _msps(connection: psycopg.Connection[Any]) -> list[MspId]:
    rows = connection.execute(
        "SELECT msp FROM audit_chains UNION SELECT msp FROM audit_seals UNION SELECT msp FROM audit_checkpoints"
        " UNION SELECT msp FROM facts ORDER BY msp"
    )
    return [MspId(msp) for (msp,) in rows]


def _check_msp(
    connection: psycopg.Connection[Any],
    msp: MspId,
    keys: Mapping[str, Ed25519PublicKey],
    checked: Checked,
    newest: dict[MspId, _Newest],
) -> None:
    checkpoints = _checkpoints(connection, msp, keys, checked, newest)
    signed = next(checkpoints, None)
    rows = _rows(connection, msp)
    row = next(rows, None)
    actual = sealed = genesis(msp)
    count = 0
    last_signed = _number(connection, "SELECT coalesce(max(count), 0) FROM audit_checkpoints WHERE msp = %s", (msp,))
    for seal in _seals(connection, msp):
        if not seal.is_whole:
            checked.note(msp, seal.position, "its seal contradicts itself")
            continue
        if seal.value_before != sealed:
            checked.note(msp, seal.positions[0], "its seal does not follow the one before it")
        for place, position in enumerate(seal.positions):
            number = seal.count - len(seal.positions) + place + 1
            while row is not None and row[0] < position:
                checked.note(msp, row[0], "this fact was slipped in: nobody sealed it")
                row = next(rows, None)
            line_hash = sealed_hash = seal.hash_of(place)
            if row is None or row[0] != position:
                checked.note(msp, position, "the fact that was sealed here is gone")
            else:
                what = contradiction(row)
                if row[RECORDED_AT] is not None:
                    line_hash = sha256(line_of(row, number)).digest()
                    what = what if line_hash == sealed_hash else "this row is not the fact that was sealed"
                if what is not None:
                    checked.note(msp, position, what)
                checked.facts += 1
                checked.unsigned += number > last_signed
                row = next(rows, None)
            actual, sealed = link(actual, line_hash), link(sealed, sealed_hash)
        count += len(seal.positions)
        if seal.value != sealed or seal.count != count:
            checked.note(msp, seal.position, "its seal contradicts itself")
        sealed = seal.value
        while signed is not None and signed.position <= seal.position:
            if (signed.position, signed.count, signed.chain) != (seal.position, count, actual.hex()):
                checked.note(
                    msp, signed.position, f"the facts up to here do not lead to the signed checkpoint {signed.number}"
                )
            signed = next(checkpoints, None)
    while signed is not None:
        checked.note(msp, signed.position, f"the facts up to checkpoint {signed.number} are gone")
        signed = next(checkpoints, None)
    sealed_up_to = _number(connection, "SELECT coalesce(max(position), 0) FROM audit_position")
    while row is not None:
        if row[0] <= sealed_up_to:
            checked.note(msp, row[0], "this fact was slipped in: nobody sealed it")
        else:
            checked.facts += 1
            checked.unsigned += 1
        row = next(rows, None)


def _checkpoints(
    connection: psycopg.Connection[Any],
    msp: MspId,
    keys: Mapping[str, Ed25519PublicKey],
    checked: Checked,
    newest: dict[MspId, _Newest],
) -> Iterator[_Signed]:
    """The MSP's checkpoints, each checked by itself and against the one before it. Shape: in rising order."""
    previous: str | None = None
    reached = 0
    with connection.cursor("checkpoints", binary=True) as cursor:
        cursor.execute(
            f"SELECT position, number, count, head, body, signature, key, {in_calendar('at')} FROM audit_checkpoints"  # noqa: S608 - our own constants
            " WHERE msp = %s ORDER BY number",
            (msp,),
        )
        for expected, (position, number, count, head, body, signature, key, at) in enumerate(cursor, start=1):
            told = _told(body)
            problem = _signature_problem(body, signature, keys)
            if problem is not None:
                checked.note(msp, position, f"checkpoint {number}: {problem}")
            shown = {"msp": msp, "count": count, "number": number, "key": key, "at": _text_of(at)}
            if not _tells(told, shown) or number != expected or position <= reached:
                checked.note(msp, position, f"checkpoint {number} is not the one that belongs here")
            elif told.get("previous") != previous:
                checked.note(msp, position, f"checkpoint {number} does not follow the one before it")
            digest = sha256(body)
            previous, reached = digest.hexdigest(), position
            newest[msp] = _Newest(head, digest.digest())
            checked.checkpoints += 1
            yield _Signed(position, number, told.get("count", -1), told.get("chain", ""))


def _check_heads(
    connection: psycopg.Connection[Any],
    keys: Mapping[str, Ed25519PublicKey],
    checked: Checked,
    newest: Mapping[MspId, _Newest],
) -> None:
    """Each head follows the one before it; the last one covers every MSP's newest checkpoint."""
    previous: str | None = None
    told: dict[str, Any] = {}
    number = 0
    with connection.cursor("heads", binary=True) as cursor:
        cursor.execute(
            f"SELECT number, body, signature, position, key, {in_calendar('at')} FROM audit_heads ORDER BY number"  # noqa: S608 - our own constants
        )
        for expected, (number, body, signature, position, key, at) in enumerate(cursor, start=1):
            told = _told(body)
            problem = _signature_problem(body, signature, keys)
            if problem is not None:
                checked.note("", 0, f"head {number}: {problem}")
            elif not _tells(told, {"number": number, "position": position, "key": key, "at": _text_of(at)}):
                checked.note("", 0, f"head {number} is not the one that belongs here")
            elif (told.get("number"), told.get("previous")) != (expected, previous):
                checked.note("", 0, f"head {number} does not follow the one before it")
            previous = sha256(body).hexdigest()
            checked.heads += 1
    for msp, checkpoint in newest.items():
        if checkpoint.head > number:
            checked.note(msp, 0, f"head {checkpoint.head}, which covers its newest checkpoint, is gone")
    digest = digest_of_heads({msp: checkpoint.hash for msp, checkpoint in newest.items()}).hex()
    if number and told.get("digest") != digest:
        checked.note("", 0, f"head {number} does not cover the newest checkpoints: one was changed or is gone")


def _check_positions(connection: psycopg.Connection[Any], checked: Checked) -> None:
    """The journal's positions have no gap, and the sealer left none out."""
    row = connection.execute("SELECT count(*), coalesce(max(notification_id), 0) FROM facts").fetchone()
    assert row is not None
    there, last = row
    if there != last:
        checked.note("", 0, f"the journal holds {there} facts, its last position is {last}")


def _told(body: bytes) -> dict[str, Any]:
    """What signed bytes say; nothing when they are no JSON object any more."""
    try:
        told: object = fields_of(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _tells(told: Mapping[str, Any], shown: Mapping[str, object]) -> bool:
    """Whether the columns beside signed bytes show what these say: the columns are what is found and shown."""
    return {name: told.get(name) for name in shown} == shown


def _text_of(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)


def _signature_problem(body: bytes, signature: bytes, keys: Mapping[str, Ed25519PublicKey]) -> str | None:
    key = keys.get(str(_told(body).get("key")))
    if key is None:
        return "it is signed with a key that is none of those given"
    try:
        key.verify(signature, body)
    except InvalidSignature:
        return "its signature is not right"
    return None


def _rows(connection: psycopg.Connection[Any], msp: MspId) -> Iterator[SealedRow]:
    reached = 0
    query = (
        f"SELECT {SEALED_COLUMNS} FROM facts WHERE msp = %s AND notification_id > %s ORDER BY notification_id LIMIT %s"  # noqa: S608 - our own constants
    )
    while rows := connection.execute(query, (msp, reached, PAGE), binary=True).fetchall():
        yield from rows
        reached = rows[-1][0]


def _seals(connection: psycopg.Connection[Any], msp: MspId) -> Iterator[_Seal]:
    reached = 0
    query = (
        "SELECT position, count, value_before, value, positions, hashes FROM audit_seals"
        " WHERE msp = %s AND position > %s ORDER BY position LIMIT 100"
    )
    while rows := connection.execute(query, (msp, reached), binary=True).fetchall():
        for row in rows:
            yield _Seal(*row)
        reached = rows[-1][0]


def _number(connection: psycopg.Connection[Any], query: Any, parameters: tuple[object, ...] = ()) -> int:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return int(row[0])
