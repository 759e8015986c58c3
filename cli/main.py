"""`psa-ledger`: one command, a verb for each thing one can do with it."""

import argparse
import os
import sys
from collections.abc import Sequence

from cli import audit_keys, clock, export, processes, rebuild, reconstruct, rotate_keys, status, token, up, verify
from cli.lifeline import hold_lifeline
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status: 0 done, 1 refused or not as it should be, 2 asked wrongly."""
    hold_lifeline()
    asked = parser()
    given, rest = asked.parse_known_args(arguments)
    if rest and given.verb != "simulator":
        asked.error(f"unrecognized arguments: {' '.join(rest)}")
    given.rest = rest  # the simulator reads its own arguments: it can be run without the rest of us
    try:
        status_code: int = given.run(given)
    except BrokenPipeError:  # whoever read our output has seen enough, as in `psa-ledger status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except EXPECTED as error:
        sys.stderr.write(f"psa-ledger {given.verb}: {error}\n")
        return 1
    return status_code


if __name__ == "__main__":
    sys.exit(main())
