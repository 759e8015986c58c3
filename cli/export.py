"""`psa-ledger export`: an MSP's facts as NDJSON with their proof, or as CSV for reading.

An export ends at the newest checkpoint, which is at most a minute old. Check it with `psa-ledger verify FILE --key
KEY`, or without this program by `verify_export.py` (docs/audit.md).
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import psycopg

from cli.clock import instant
from cli.places import Places, data_directory, database_url, settings_here
from domain.values import MspId
from journal.entry import Role
from projections import exports
from projections.export_tables import as_csv
from projections.exports import EVERYTHING, Bounds, CannotExport
from projections.reads.history import HistoryFilter

LARGEST_NUMBER = 2**63 - 1
"""Of a fact, as a column holds it."""


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("export", help="write an MSP's facts with their proof, or as CSV", description=__doc__)
    parser.add_argument("--msp", required=True, help="whose facts")
    parser.add_argument("--format", choices=("ndjson", "csv"), default="ndjson", help="ndjson has the proof")
    parser.add_argument("--output", type=Path, help="a file (default: standard output)")
    parser.add_argument("--resume", action="store_true", help="go on where the output file ends")
    parser.add_argument(
        "--after", type=int, default=0, metavar="NUMBER", help="begin at the checkpoint at or before this fact"
    )
    parser.add_argument("--up-to", type=int, metavar="NUMBER", help="end at the checkpoint at or before this fact")
    chosen = parser.add_argument_group("only some facts", "what is left out is stood for by its hashes")
    chosen.add_argument("--since", type=instant, help="recorded at or after this instant")
    chosen.add_argument("--until", type=instant, help="recorded before this instant")
    chosen.add_argument("--subject", help="who acted")
    chosen.add_argument("--role", choices=[role.value for role in Role])
    chosen.add_argument("--fact-type", help="a stored name such as addition.usage-pushed")
    chosen.add_argument("--organization")
    chosen.add_argument("--agreement", type=int)
    chosen.add_argument("--product", type=int)
    chosen.add_argument("--run", dest="of_run")
    chosen.add_argument("--request-id")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    if given.resume and given.output is None:
        sys.stderr.write("psa-ledger export: --resume needs --output\n")
        return 2
    url = database_url(settings_here(Places(data_directory())))
    with psycopg.connect(url, autocommit=True, connect_timeout=10, options="-c TimeZone=UTC") as connection:
        try:
            if given.output is None:
                _write(sys.stdout.buffer, _chunks(connection, given, _bounds(connection, given, None), None))
            else:
                _write_file(connection, given)
        except CannotExport as error:
            sys.stderr.write(f"psa-ledger export: {error}\n")
            return 1
    return 0


def _bounds(connection: exports.Connection, given: argparse.Namespace, until: int | None) -> Bounds:
    return exports.bounds(
        connection,
        MspId(given.msp),
        _filter(given),
        after=given.after,
        up_to=given.up_to if until is None else until,
        is_table=given.format == "csv",
    )


def _filter(given: argparse.Namespace) -> HistoryFilter:
    wanted = HistoryFilter(
        since=given.since,
        until=given.until,
        subject=given.subject,
        role=given.role,
        fact_type=given.fact_type,
        organization=given.organization,
        agreement=given.agreement,
        product=given.product,
        run=given.of_run,
        request_id=given.request_id,
    )
    return EVERYTHING if wanted == EVERYTHING else wanted


def _chunks(
    connection: exports.Connection, given: argparse.Namespace, asked: Bounds, resume_after: int | None
) -> Iterator[bytes]:
    make = exports.ndjson if given.format == "ndjson" else as_csv
    return make(connection, asked, resume_after)


def _write(output: IO[bytes], chunks: Iterator[bytes]) -> None:
    for chunk in chunks:
        output.write(chunk)
    output.flush()


def _write_file(connection: exports.Connection, given: argparse.Namespace) -> None:
    """Write the file, or what is missing in it. Raises: CannotExport when it was made by another export."""
    path: Path = given.output
    if not given.resume or not path.exists():
        with path.open("wb") as output:
            _write(output, _chunks(connection, given, _bounds(connection, given, None), None))
        return
    with path.open("r+b") as output:
        first = output.readline()
        asked = _bounds(connection, given, _announced_end(first) if given.format == "ndjson" else None)
        opening = next(_chunks(connection, given, asked, None))
        output.seek(0)
        if output.read(len(opening)) != opening:
            raise CannotExport(f"{path} was made by another export, or breaks off in its first lines; start anew")
        number, end = _last_fact(output, given.format)
        output.seek(end)
        output.truncate()
        _write(output, _chunks(connection, given, asked, number))


def _announced_end(header: bytes) -> int:
    """Raises: CannotExport."""
    try:
        until = json.loads(header)["export"]["until"]
    except (KeyError, TypeError, ValueError, RecursionError):
        until = None
    if type(until) is not int or not 0 <= until <= LARGEST_NUMBER:
        raise CannotExport("the file does not begin like an export; start anew")
    return until


_NUMBER = {
    "ndjson": re.compile(rb'\{"chain":.*,"number":([0-9]+),"recorded_at":"[^"]*","stream_id":.*\}\n', re.DOTALL),
    "csv": re.compile(rb"([0-9]+),.*\r\n", re.DOTALL),
}


def _last_fact(output: IO[bytes], form: str) -> tuple[int | None, int]:
    """The number of the last fact that arrived whole, and where its line ends; a half line or what follows is cut."""
    output.seek(0)
    number: int | None = None
    end = reached = 0
    for line in output:
        reached += len(line)
        found: Any = _NUMBER[form].fullmatch(line)
        if found is not None:
            number, end = int(found[1]), reached
    return number, end
