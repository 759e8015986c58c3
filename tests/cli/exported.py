"""A ledger of two MSPs, sealed in many rounds, and its exports as a file holds them: what the tests tamper with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from domain.values import MspId
from journal.application import Journal
from journal.registry import CODEC
from journal.seal import Sealer
from projections import exports
from projections.follower import fold_until
from projections.reads.history import HistoryFilter
from tests.journal.sealing import KEY
from tests.projections.story import ACME, tell

ACTS = 500


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url, autocommit=True, options="-c TimeZone=UTC") as connection:
        yield connection


def tell_and_seal(url: str, acts: int = ACTS) -> None:
    """Two MSPs' facts, sealed and signed every few batches, and folded."""
    with Journal(url, CODEC) as journal:
        tell(journal, seed=6, acts=acts)
    with Sealer(url, lambda: KEY, batch=40) as sealer:
        assert sealer.try_lock()
        sealer.prepare()
        while sealer.seal():
            sealer.sign()
    fold_until(url)


def export(url: str, msp: MspId = ACME, wanted: HistoryFilter = exports.EVERYTHING, **how: Any) -> list[bytes]:
    """The lines of an NDJSON export, without their ends."""
    resume_after = how.pop("resume_after", None)
    with connected(url) as connection:
        asked = exports.bounds(connection, msp, wanted, **how)
        return b"".join(exports.ndjson(connection, asked, resume_after)).splitlines()


def is_fact(line: bytes) -> bool:
    return line.startswith(b'{"chain":')


def is_checkpoint(line: bytes) -> bool:
    return line.startswith(b'{"checkpoint":')


def url_of(database: str) -> str:
    """The settings take a URL; a test's database is named by keywords."""
    parts = conninfo_to_dict(database)
    host = quote(str(parts["host"]), safe="")
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={host}&port={parts['port']}"
