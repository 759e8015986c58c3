"""`psa-ledger rebuild`: fold one view, or all of them, from the journal anew. Facts are only read."""

import argparse
import sys
import time

from cli.places import Places, data_directory, database_url, settings_here


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("rebuild", help="fold views from the journal anew", description=__doc__)
    parser.add_argument("view", nargs="*", help="names of views (default: all)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    from projections import rebuild  # noqa: PLC0415 - loads every view, which only this verb needs

    began = time.monotonic()
    try:
        position = rebuild.rebuild(database_url(settings_here(Places(data_directory()))), given.view or None)
    except (rebuild.UnknownView, rebuild.RebuildTakesLonger) as error:
        sys.stderr.write(f"psa-ledger rebuild: {error}\n")
        return 1
    print(f"folded up to position {position} in {time.monotonic() - began:.1f} s")
    return 0
