"""`psa-ledger rebuild`: fold one view, or all of them, from the journal anew. Facts are only read.

The views that are there stay in use until the new ones have caught up and take their place.
"""

import argparse
import sys
import time

from cli.places import Places, data_directory, database_url, settings_here


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("rebuild", help="fold views from the journal anew", description=__doc__)
    parser.add_argument("view", nargs="*", help="names of views (default: all)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    from projections.follower import rebuild_views  # noqa: PLC0415 - loads every view, which only this verb needs
    from projections.rebuild import Progress, RebuildTakesLonger, UnknownView  # noqa: PLC0415 - see above

    def tell(progress: Progress) -> None:
        rate = progress.folded / progress.seconds if progress.seconds else 0
        print(
            f"folded {progress.folded:,} of {progress.head:,} facts ({progress.part:.0%}), {rate:,.0f} a second",
            flush=True,
        )

    began = time.monotonic()
    try:
        position = rebuild_views(database_url(settings_here(Places(data_directory()))), given.view or None, tell=tell)
    except (UnknownView, RebuildTakesLonger) as error:
        sys.stderr.write(f"psa-ledger rebuild: {error}\n")
        return 1
    print(f"folded up to position {position} in {time.monotonic() - began:.1f} s")
    return 0
