"""`psa-ledger verify`: check an export offline, or the database against its own seals.

With FILE nothing else is read: no database, no settings. Without FILE every fact in the database is held against its
seal and the signed checkpoints; the first bad one is named.
"""

import argparse
import sys

from cli import verify_export
from cli.places import Places, data_directory, database_url, settings_here


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("verify", help="prove that nothing was changed", description=__doc__)
    parser.add_argument("file", nargs="?", help="an NDJSON export (default: check the database)")
    parser.add_argument(
        "--key", action="append", help="a public key you trust: base64 text, or a file; may be repeated"
    )
    verify_export.add_to(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    if given.file is None:
        return check_database(given.key or ())
    if not given.key:
        sys.stderr.write("psa-ledger verify: say with --key whose signatures count (`psa-ledger audit-keys`)\n")
        return 2
    return verify_export.check_file(given.file, given.key, given.reaches, given.last_good)


def check_database(trusted: list[str] | tuple[str, ...]) -> int:
    """Check the database and tell what was found. Returns the exit status."""
    import psycopg  # noqa: PLC0415 - checking a file needs no database

    from journal.check_seals import check_database as check  # noqa: PLC0415 - see above
    from journal.check_seals import keys_by_id  # noqa: PLC0415 - see above
    from journal.seal import public_keys  # noqa: PLC0415 - see above

    url = database_url(settings_here(Places(data_directory())))
    try:
        keys = verify_export.read_keys(trusted)
    except verify_export.BadKey as error:
        sys.stderr.write(f"psa-ledger verify: {error}\n")
        return 2
    if not trusted:
        with psycopg.connect(url, connect_timeout=10) as connection:
            keys = keys_by_id(public_keys(connection))
    checked = check(url, keys)
    for finding in checked.findings:
        where = f"position {finding.position}" if finding.position else "signatures"
        of = f" of MSP {finding.msp}" if finding.msp else ""
        verify_export.say(sys.stdout, f"NOT PROVEN: {where}{of}: {finding.what}")
    if not checked.is_proven:
        return 1
    print(
        f"PROVEN: {checked.facts} facts of {checked.msps} MSPs are what was sealed; {checked.checkpoints} checkpoints"
        f" and {checked.heads} heads are signed. {checked.unsigned} facts wait for their first checkpoint."
    )
    if not trusted:
        print("Checked with the public keys that the database itself lists; give --key to check with keys you hold.")
    return 0
