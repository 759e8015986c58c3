"""No child outlives its supervisor: each holds the reading end of a pipe whose other end only the supervisor has.

When the supervisor dies, in whatever way, the pipe ends. The child then asks itself to stop as an operator would
(SIGTERM), and if it has not ended some seconds later it ends at once.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Mapping

VARIABLE = "PSA_LEDGER_LIFELINE"
GRACE_SECONDS = 8.0


def hold_lifeline(environment: Mapping[str, str] = os.environ, *, grace_seconds: float = GRACE_SECONDS) -> None:
    """Watch the supervisor's pipe from a thread; without one, for a process started by hand, do nothing."""
    given = environment.get(VARIABLE)
    if not given:
        return
    descriptor = int(given)
    os.set_inheritable(descriptor, False)
    threading.Thread(target=_watch, args=(descriptor, grace_seconds), name="lifeline", daemon=True).start()


def _watch(descriptor: int, grace_seconds: float) -> None:
    while os.read(descriptor, 64):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(grace_seconds)
    with contextlib.suppress(OSError):  # the supervisor read what we say, so most likely nobody does any more
        os.write(sys.stderr.fileno(), b"the supervisor is gone and stopping took too long; ending at once\n")
    os._exit(70)
