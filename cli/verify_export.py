#!/usr/bin/env python3
"""Check an export of PSA Ledger without PSA Ledger: one file, Python 3.9 or later, and `pip install cryptography`.

    python verify_export.py facts.ndjson --key KEY

KEY is a public key that you were given on another way than this file: the base64 text of its 32 bytes, or a file that
holds such lines or a PEM public key. Several keys may be given, one after each --key.

It makes the chain of SHA-256 values again, line by line, and holds it against every signed checkpoint in the file. It
names the first bad line. It says whether the file is complete between its first and last checkpoint, or proves only
that its facts are part of the chain, in this order (a filtered export). The form of the file is told in docs/audit.md.

Exit status: 0 proven, 1 not proven, 2 asked wrongly.
"""

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, TextIO

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CHAIN_TAG = b"psa-ledger.chain.v1\n"
FACT, LEFT_OUT, CHECKPOINT, SIGNATURE = b'{"chain":"', b'{"left_out":"', b'{"checkpoint":', b',"signature":"'
CUT = 76
"""Where the hashed bytes of a fact's line go on, after the brace: behind `{"chain":"<64 digits>",`."""
LONGEST_SHOWN = 100
"""Characters of a value that a sentence repeats from a bad line."""

TrustedKeys = Mapping[str, Ed25519PublicKey]


class NotProven(Exception):
    """The file does not prove what it shows. `line` is the first bad one, counted from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line


class BadKey(Exception):
    """What was given as a key is none."""


@dataclass(frozen=True)
class Proven:
    """What a file proves. `left_out` is how many facts it does not show; 0 means it is complete in its bounds."""

    msp: str
    facts: int
    left_out: int
    after: int
    until: int
    until_at: str
    checkpoints: int
    filter: Optional[Mapping[str, Any]]  # noqa: UP045 - this file runs on Python 3.9 as well

    @property
    def is_complete(self) -> bool:
        return self.left_out == 0

    def sentence(self) -> str:
        since = "the first fact" if self.after == 0 else f"right after number {self.after}"
        bounds = f"from {since} up to number {self.until}, signed at {self.until_at}"
        if self.is_complete:
            return (
                f"COMPLETE: {self.facts} facts of MSP {self.msp}, {bounds}. Nothing was changed, removed, added or"
                f" reordered ({self.checkpoints} checkpoints)."
            )
        return (
            f"INCLUSION AND ORDER ONLY: {self.facts} facts of MSP {self.msp} are part of its chain, unchanged and in"
            f" this order, {bounds}. {self.left_out} other facts were left out: this file can not prove that none of"
            f" them matches the filter it names ({json.dumps(self.filter, ensure_ascii=False)})."
        )


@dataclass
class _Reached:
    """How far the chain was made again."""

    chain: bytes
    count: int
    """The number of the last fact, shown or left out."""
    facts: int = 0
    left_out: int = 0
    checkpoints: int = 0
    unsigned_since: int = 0
    """The first line that no checkpoint has vouched for yet; 0 when all are."""
    hidden_since: int = 0
    """The first line of hashes since the last line whose chain was seen to be right; 0 when there is none."""
    number: int = 0
    key: str = ""
    body_hash: str = ""
    at: str = ""


NEVER_LOST: Mapping[str, int] = {}


def verify(
    lines: Iterable[bytes], keys: TrustedKeys, reaches: int = 0, last_good: Mapping[str, int] = NEVER_LOST
) -> Proven:
    """Check the lines of an export, with or without their line ends, in one pass and constant memory.

    `reaches` is the number of a fact that the file must reach, known from a checkpoint that you got elsewhere;
    `last_good` the number of the MSP's last checkpoint that counts, by the id of a key that was lost after it.
    Raises: NotProven naming the first bad line.
    """
    numbered = enumerate((line.rstrip(b"\n") for line in lines), start=1)
    first = next(numbered, None)
    if first is None:
        raise NotProven(1, "the file is empty")
    header = _header(first[1])
    msp: str = header["msp"]
    after = header["after"]
    reached = _Reached(bytes.fromhex(after["chain"]), after["count"])
    genesis = hashlib.sha256(CHAIN_TAG + msp.encode()).digest()
    begins_signed = after["count"] == 0
    if begins_signed and reached.chain != genesis:
        raise NotProven(1, f"the chain of MSP {msp} does not begin so")
    number = 1
    for number, line in numbered:
        if line.startswith(FACT):
            if not begins_signed:
                raise NotProven(number, "the checkpoint at which the export begins is missing here")
            _fact(reached, number, line)
        elif line.startswith(CHECKPOINT):
            _checkpoint(reached, number, line, msp, keys)
            if reached.number > last_good.get(reached.key, reached.number):
                counts = f"whose last good checkpoint is number {last_good[reached.key]}"
                raise NotProven(number, f"this is checkpoint {reached.number}, signed with key {reached.key}, {counts}")
            begins_signed = True
        elif line.startswith(LEFT_OUT) and begins_signed:
            _left_out(reached, number, line)
        else:
            raise NotProven(number, "this is no line of an export")
    if reached.unsigned_since:
        raise NotProven(reached.unsigned_since, "no checkpoint follows; from here on nothing is proven")
    if reached.checkpoints == 0:
        raise NotProven(number + 1, "no checkpoint follows: nothing is signed, so the file proves nothing")
    if reached.count != header["until"]:
        raise NotProven(
            number + 1, f"the file ends at number {reached.count}, but line 1 says that it goes up to {header['until']}"
        )
    if reached.count < reaches:
        raise NotProven(number + 1, f"the file ends at number {reached.count} and does not reach {reaches}")
    return Proven(
        msp=msp,
        facts=reached.facts,
        left_out=reached.left_out,
        after=after["count"],
        until=reached.count,
        until_at=reached.at,
        checkpoints=reached.checkpoints,
        filter=header["filter"],
    )


def _header(line: bytes) -> dict[str, Any]:
    """Raises: NotProven."""
    header: dict[str, Any] = {}
    try:
        header = _parsed(line)["export"]
        after = header["after"]
        is_right = (
            header["format"] == "psa-ledger.export.v1"
            and isinstance(header["msp"], str)
            and all(type(each) is int and each >= 0 for each in (after["count"], header["until"]))
            and re.fullmatch("[0-9a-f]{64}", after["chain"]) is not None
            and (header["filter"] is None or isinstance(header["filter"], dict))
            and line == _canonical({"export": header})
        )
    except (KeyError, TypeError, ValueError):
        is_right = False
    if not is_right:
        raise NotProven(1, "this does not begin like an export with proof (a CSV export has none)")
    return header


def _parsed(text: bytes) -> Any:
    """What a line of JSON says. Raises: ValueError, also where it is nested deeper than anything of ours."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _canonical(value: object) -> bytes:
    """The one way to write it, so that no other bytes pass for the same."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _fact(reached: _Reached, number: int, line: bytes) -> None:
    line_hash = hashlib.sha256(b"{" + line[CUT:]).digest()
    chain = hashlib.sha256(reached.chain + line_hash).digest()
    if line[len(FACT) : CUT] != chain.hex().encode() + b'",':
        what = f"is not the fact that was sealed as number {reached.count + 1} ({_about(line)})"
        if not reached.hidden_since:
            raise NotProven(number, f"this {what}")
        since = reached.hidden_since
        raise NotProven(since, f"the hashes in lines {since} to {number - 1} were changed, or line {number} {what}")
    reached.chain = chain
    reached.count += 1
    found = _NUMBER.search(line, line.rfind(b',"number":'))
    if found is None or int(found[1]) != reached.count:
        raise NotProven(number, f"it does not say that it is number {reached.count}")
    reached.facts += 1
    reached.unsigned_since = reached.unsigned_since or number
    reached.hidden_since = 0


_NUMBER = re.compile(rb',"number":([0-9]{1,18}),"recorded_at":')


def _about(line: bytes) -> str:
    """Names the fact that a bad line shows, as far as it can be read."""
    try:
        shown = _parsed(line)
        named = [str(each)[:LONGEST_SHOWN] for each in (shown["type"], shown["number"], shown["fact"]["entry_id"])]
        return "it shows {} as number {}, entry {}".format(*named)
    except (KeyError, TypeError, ValueError):
        return "it can not be read"


def _left_out(reached: _Reached, number: int, line: bytes) -> None:
    try:
        hashes = bytes.fromhex(_parsed(line)["left_out"])
    except (KeyError, TypeError, ValueError):
        hashes = b""
    if not hashes or len(hashes) % 32 or line != LEFT_OUT + hashes.hex().encode() + b'"}':
        raise NotProven(number, "these are no hashes of facts that were left out")
    for start in range(0, len(hashes), 32):
        reached.chain = hashlib.sha256(reached.chain + hashes[start : start + 32]).digest()
    reached.count += len(hashes) // 32
    reached.left_out += len(hashes) // 32
    reached.unsigned_since = reached.unsigned_since or number
    reached.hidden_since = reached.hidden_since or number


def _checkpoint(reached: _Reached, number: int, line: bytes, msp: str, keys: TrustedKeys) -> None:
    cut = line.rfind(SIGNATURE)
    body = line[len(CHECKPOINT) : cut]
    try:
        told = _parsed(body)
        signature = base64.b64decode(_parsed(line)["signature"], validate=True)
        key, of, chain, at, previous = (told[name] for name in ("key", "msp", "chain", "at", "previous"))
        count, nth = told["count"], told["number"]
        is_right = (
            told["format"] == "psa-ledger.checkpoint.v1"
            and all(type(each) is str for each in (key, of, chain, at))
            and all(type(each) is int for each in (count, nth))
        )
        is_exact = line == CHECKPOINT + body + SIGNATURE + base64.b64encode(signature) + b'"}'
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise NotProven(number, "this checkpoint can not be read") from None
    if not is_right or not is_exact:
        raise NotProven(number, "this checkpoint is of another form")
    if key not in keys:
        raise NotProven(
            number, f"this checkpoint is signed with key {key[:LONGEST_SHOWN]}, which is none of the keys given"
        )
    try:
        keys[key].verify(signature, body)
    except InvalidSignature:
        raise NotProven(number, f"the signature of this checkpoint by key {key} is not right") from None
    if of != msp:
        raise NotProven(number, f"this checkpoint is one of MSP {of}, by line 1 all is of {msp}")
    if number == 2 and (count, chain) != (reached.count, reached.chain.hex()):
        raise NotProven(
            number, f"the export begins after {reached.count} facts by line 1, but this checkpoint covers {count}"
        )
    if (count, chain) != (reached.count, reached.chain.hex()):
        since = reached.unsigned_since or number
        raise NotProven(
            number,
            f"lines {since} to {number} do not lead to this checkpoint ({count} facts; here are {reached.count}): facts"
            " are missing, or were changed with their chain",
        )
    if nth <= reached.number or (nth == reached.number + 1 and reached.number and previous != reached.body_hash):
        raise NotProven(number, "this checkpoint does not follow the one before it")
    reached.number, reached.key, reached.body_hash, reached.at = nth, key, hashlib.sha256(body).hexdigest(), at
    reached.checkpoints += 1
    reached.unsigned_since = reached.hidden_since = 0


def read_keys(given: Sequence[str]) -> TrustedKeys:
    """Read public keys, each given as base64 text or as a file. Shape: by key id. Raises: BadKey."""
    keys = {}
    for each in given:
        found = _keys_in(_text_of(each))
        if not found:
            raise BadKey("a key is the base64 text of 32 bytes, or a file with such lines or a PEM public key")
        for key in found:
            keys[hashlib.sha256(_raw(key)).hexdigest()[:16]] = key
    return keys


def _text_of(given: str) -> str:
    """The text of a key or of keys: what the file of that name holds, or else what was given."""
    try:
        is_file = Path(given).is_file()
    except (OSError, ValueError):  # no name that a file could have
        is_file = False
    return Path(given).read_text(encoding="utf-8", errors="replace") if is_file else given


def _keys_in(text: str) -> list[Ed25519PublicKey]:
    if "-----BEGIN" in text:
        try:
            key = serialization.load_pem_public_key(text.encode())
        except (ValueError, UnsupportedAlgorithm):
            return []
        return [key] if isinstance(key, Ed25519PublicKey) else []
    found = []
    for word in re.split(r"[\s:,]+", text):
        try:
            raw = base64.b64decode(word, validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(raw) == 32:
            found.append(Ed25519PublicKey.from_public_bytes(raw))
    return found


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def add_to(parser: argparse.ArgumentParser) -> None:
    """What may be asked of a file besides its keys."""
    parser.add_argument(
        "--reaches", type=int, default=0, metavar="NUMBER", help="the number of a fact that the file must reach"
    )
    parser.add_argument(
        "--last-good",
        action="append",
        default=[],
        metavar="KEY_ID:NUMBER",
        help="of a key that was lost: the number of the MSP's last checkpoint that counts; may be repeated",
    )


def _last_good(given: Sequence[str]) -> Mapping[str, int]:
    """Shape: by key id. Raises: BadKey."""
    found = {}
    for each in given:
        told = re.fullmatch("([0-9a-f]{16}):([0-9]{1,18})", each)
        if told is None:
            raise BadKey(
                "a last good checkpoint is told as the id of its key and its number, as in 8a88e3dd7409f195:41"
            )
        found[told[1]] = int(told[2])
    return found


def check_file(path: str, given_keys: Sequence[str], reaches: int = 0, last_good: Sequence[str] = ()) -> int:
    """Check one file and tell what it proves. Returns the exit status."""
    try:
        keys, counting = read_keys(given_keys), _last_good(last_good)
        with open(path, "rb") as lines:
            proven = verify(lines, keys, reaches, counting)
    except NotProven as bad:
        say(sys.stdout, f"NOT PROVEN: {path}, {bad}")
        return 1
    except (BadKey, OSError) as error:
        say(sys.stderr, str(error))
        return 2
    say(sys.stdout, proven.sentence())
    return 0


def say(stream: TextIO, sentence: str) -> None:
    """Write one line, whatever stands in it: what a file says can not begin another, hide one or stop us.

    What is not printable (line ends, a terminal's commands, letters that turn the direction) is written as its escape,
    and so is what the stream's encoding does not have.
    """
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in sentence)
    encoding = stream.encoding or "utf-8"
    stream.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description="Check an export of PSA Ledger offline.")
    parser.add_argument("file", help="an NDJSON export")
    parser.add_argument("--key", action="append", required=True, help="a public key: base64 text, or a file")
    add_to(parser)
    given = parser.parse_args()
    return check_file(given.file, given.key, given.reaches, given.last_good)


if __name__ == "__main__":
    sys.exit(main())
