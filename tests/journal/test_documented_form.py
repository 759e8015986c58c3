"""The example export in the documents: our own code makes the very same bytes, and the verifier proves them.

An implementer in another language has that file to try himself on, so it must never change by accident.
"""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cli import verify_export
from domain.organization import Given, LicensesChanged, OrganizationFact, OrganizationRenamed
from domain.streams import organization_stream
from domain.values import ChangeId, Component, MspId, OrganizationId
from journal.entry import Actor, Origin, Role
from journal.envelope import store_fact
from journal.proof import (
    Checkpoint,
    chained_line,
    checkpoint_line,
    fact_line,
    genesis,
    header_line,
    left_out_line,
    link,
)
from journal.registry import CODEC
from tests.journal.sealing import KEY, text_of

DOCUMENTS = Path(__file__).parents[2] / "docs" / "audit"
AT = datetime(2026, 11, 22, 7, 31, 0, 123456, tzinfo=UTC)
MSP = MspId("acme")
STREAM = organization_stream(MSP, OrganizationId("globex"))
ORIGIN = Origin(Actor("vendor-platform", Role.PLATFORM, "192.0.2.7", "billing/1.0"), "request-1", "request-1")
FACTS: tuple[OrganizationFact, ...] = (
    OrganizationRenamed("Globex AG"),
    LicensesChanged(ChangeId("change-1"), Component.LICENSE, Given.DELTA, 5, 17, AT),
    OrganizationRenamed("Globex “Zürich” GmbH"),
)


def lines() -> list[bytes]:
    """The canonical lines of three facts, the first of their MSP and of their stream."""
    found = []
    for number, fact in enumerate(FACTS, start=1):
        entry_id = UUID(f"01890a5d-ac96-774b-bcce-b302099a805{number}")
        stored = store_fact(CODEC, STREAM, number, fact, entry_id=entry_id, origin=ORIGIN)
        at = AT + timedelta(seconds=number)
        found.append(fact_line((number, STREAM.id, number, stored.topic, at, stored.state)))
    return found


def export(left_out: int | None = None) -> bytes:
    """A whole export, or one that leaves out one of the facts."""
    wanted = None if left_out is None else {"fact_type": "organization.organization-renamed"}
    written = [header_line(MSP, after=(0, genesis(MSP)), until=3, wanted=wanted)]
    chain = genesis(MSP)
    for place, line in enumerate(lines()):
        chain = link(chain, sha256(line).digest())
        written.append(left_out_line([sha256(line).digest()]) if place == left_out else chained_line(line, chain))
    body = Checkpoint(MSP, 1, 3, chain, AT + timedelta(seconds=20), KEY.id, None).body()
    written.append(checkpoint_line(body, KEY.private.sign(body)))
    return b"\n".join(written) + b"\n"


def test_the_documented_examples_are_what_the_program_writes() -> None:
    assert export() == (DOCUMENTS / "example.ndjson").read_bytes()
    assert export(left_out=1) == (DOCUMENTS / "example-filtered.ndjson").read_bytes()


def test_the_documented_examples_are_proven_with_the_documented_key() -> None:
    keys = verify_export.read_keys([str(DOCUMENTS / "example-key.txt")])

    whole, filtered = (
        verify_export.verify((DOCUMENTS / name).read_bytes().splitlines(), keys)
        for name in ("example.ndjson", "example-filtered.ndjson")
    )

    assert (text_of(KEY), [KEY.id]) == (b64encode(KEY.public_bytes).decode(), list(keys))
    assert (3, 0, True) == (whole.facts, whole.left_out, whole.is_complete)
    assert (2, 1, False) == (filtered.facts, filtered.left_out, filtered.is_complete)


def test_a_line_is_canonical_json_itself() -> None:
    for line in lines():
        cut_out = chained_line(line, bytes(32))

        assert line == b"{" + cut_out[76:]
        assert b"Z\xc3\xbcrich" in lines()[2]


if __name__ == "__main__":
    (DOCUMENTS / "example.ndjson").write_bytes(export())
    (DOCUMENTS / "example-filtered.ndjson").write_bytes(export(left_out=1))
    (DOCUMENTS / "example-key.txt").write_text(f"{KEY.id} {text_of(KEY)}\n")
