"""The verbs of `psa-ledger`: one for each thing one can do with it."""

import argparse
import sys
from collections.abc import Sequence

from cli import audit_keys, clock, export, processes, rebuild, reconstruct, rotate_keys, status, token, up, verify
from cli.places import NothingRuns
from cli.story import tell as story
from journal.clock import ClockError
from journal.postgres_errors import EmbeddedPostgresError
from journal.settings import SettingsError

EXPECTED = (NothingRuns, ClockError, EmbeddedPostgresError, SettingsError)
"""What a person can put right: said in one sentence. Anything else is a bug and shows its traceback."""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="psa-ledger", description="Carries licence changes to ConnectWise PSA agreements and proves every number."
    )
    verbs = made.add_subparsers(dest="verb", required=True, metavar="VERB")
    for group in (
        up,
        story,
        processes,
        token,
        clock,
        status,
        rebuild,
        reconstruct,
        export,
        verify,
        audit_keys,
        rotate_keys,
    ):
        group.add_to(verbs)
    return made


def main(arguments: Sequence[str]) -> int:
    """Run one verb and return its exit status: 0 done, 1 refused or not as it should be, 2 asked wrongly."""
    given = parser().parse_args(arguments)
    try:
        status_code: int = given.run(given)
    except EXPECTED as error:
        sys.stderr.write(f"psa-ledger {given.verb}: {error}\n")
        return 1
    return status_code
