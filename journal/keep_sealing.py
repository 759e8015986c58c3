"""The sealer's loop: stand by until it is the only one, seal what comes, sign in time, begin again after trouble."""

import logging
import threading
import time

import psycopg

from journal.follow import POLL_SECONDS, FactsListener, ListenerLost
from journal.seal import BATCH, JournalAltered, Sealer, SealerOvertaken
from journal.settings import SettingsError
from journal.signing_keys import SigningKeys

STAND_BY_SECONDS = 0.5
GATHERING_SECONDS = 0.5
"""How long facts are let gather before they are sealed: one seal of many costs as much as one of one, and whoever waits
for a view to show them is not kept waiting by the sealer beside it.
"""
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
TROUBLE_PAUSE_SECONDS = 15.0

_log = logging.getLogger("psa_ledger.sealer")


def follow_and_seal(url: str, keys: SigningKeys, stop: threading.Event) -> None:
    """Stand by until no other sealer is active, then seal and sign whatever is recorded until told to stop.

    Raises: psycopg.OperationalError, ListenerLost, and what `Sealer` raises.
    """
    with Sealer(url, keys) as sealer:
        while not sealer.try_lock():
            if stop.wait(STAND_BY_SECONDS):
                return
        with FactsListener(url) as listener:
            sealer.prepare()
            _log.info("sealing from position %s", sealer.position)
            while not stop.is_set():
                sealed = sealer.seal()
                sealer.sign_if_due()
                if not sealed:
                    listener.wait(POLL_SECONDS)
                if sealed < BATCH:
                    stop.wait(GATHERING_SECONDS)


def keep_sealing(url: str, keys: SigningKeys, stop: threading.Event) -> None:
    """Seal, and again when the connection was lost or another one was faster, until told to stop.

    An altered journal, or keys that can not be read, stop the signing and nothing else: it is told again and again
    until a person has looked at it, while pushes and views go on.
    Raises: whatever is no such thing; a bug is not cured by trying again here.
    """
    pause = SHORTEST_PAUSE_SECONDS
    while not stop.is_set():
        began = time.monotonic()
        try:
            follow_and_seal(url, keys, stop)
        except (psycopg.OperationalError, ListenerLost, SealerOvertaken) as error:
            if time.monotonic() - began > LONGEST_PAUSE_SECONDS:
                pause = SHORTEST_PAUSE_SECONDS
            _log.warning("the sealer starts again in %.1f s: %s", pause, error)
            if stop.wait(pause):
                return
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        except (JournalAltered, SettingsError) as error:
            _log.critical("NOTHING IS SIGNED: %s", error)
            if stop.wait(TROUBLE_PAUSE_SECONDS):
                return
