"""`psa-ledger`: where every process of ours begins.

The simulator is served from here without loading anything of the ledger: whoever wants only a ConnectWise to test
against waits for that alone.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from cli.lifeline import hold_lifeline


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status: 0 done, 1 refused or not as it should be, 2 asked wrongly."""
    hold_lifeline()
    given = sys.argv[1:] if arguments is None else list(arguments)
    room, rest = ("simulator.main", given[1:]) if given[:1] == ["simulator"] else ("cli.verbs", given)
    try:
        status: int = import_module(room).main(rest)
    except BrokenPipeError:  # whoever read our output has seen enough, as in `psa-ledger status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
