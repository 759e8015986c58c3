"""`psa-ledger reconstruct`: make a month again from the journal alone and compare it with every recorded push.

To compare it with what ConnectWise holds now as well, ask the API (`reconstruct` with `withPsa`), which has the keys.
"""

import argparse
import sys

from cli.places import Places, data_directory, database_url, settings_here
from cli.status import table
from domain.values import BillingMonth, MspId


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("reconstruct", help="make a month again from the journal alone", description=__doc__)
    parser.add_argument("--msp", required=True)
    parser.add_argument("--month", required=True, type=_month, help="such as 2026-11")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    from journal.application import Journal  # noqa: PLC0415 - only this verb needs the event store
    from journal.reconstruct import reconstruct  # noqa: PLC0415 - see above
    from journal.registry import CODEC  # noqa: PLC0415 - see above

    with Journal(database_url(settings_here(Places(data_directory()))), CODEC, pool_size=1) as journal:
        made = reconstruct(journal, MspId(given.msp), given.month)
    heads = ("TENANT", "AGREEMENT", "PRODUCT", "OPENING", "DELTAS", "OTHERS", "CLOSING", "PUSHES", "")
    rows = [
        (
            str(one.tenant),
            str(one.agreement),
            str(one.product),
            *(str(number) for number in (one.opening, one.deltas, one.moved_between, one.closing)),
            str(len(one.pushes)),
            "agrees" if one.is_right else "DIFFERS",
        )
        for one in made.additions
    ]
    print(f"{given.month} of {made.msp}, from all {made.facts} facts in the journal")
    print("\n".join(table(heads, rows)) if rows else "no push belongs to this month")
    for one in made.additions:
        for push in one.pushes:
            for problem in push.problems:
                sys.stderr.write(f"position {push.position}, {push.kind} {push.push}: {problem}\n")
    return 0 if made.is_right else 1


def _month(text: str) -> BillingMonth:
    try:
        return BillingMonth.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
