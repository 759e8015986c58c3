"""Stands between the supervisor and the embedded PostgreSQL, so that the server never outlives it.

Run by its path with an isolated interpreter, on the standard library alone. Two verbs:

    exec   give up root if asked to, enter a directory, become the command (initdb, a probe)
    watch  the same in a child, and stop the child when standard input ends, which it does when the supervisor dies
           in whatever way; then clear the socket directory away

PostgreSQL refuses to run as root. When the account it runs under instead can not reach the project's directory, for
example below /root, the child keeps a single capability to pass through directories, and nothing else of root's power.
"""

import argparse
import contextlib
import ctypes
import os
import select
import shutil
import signal
import struct
import sys
from collections.abc import Sequence

FAST_SECONDS, IMMEDIATE_SECONDS = 25, 5
_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAPABILITY_VERSION_3 = 0x20080522


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=("exec", "watch"))
    parser.add_argument("--user", type=int)
    parser.add_argument("--group", type=int)
    parser.add_argument("--capability", type=int)
    parser.add_argument("--directory", required=True)
    parser.add_argument("--clear", help="a directory to remove at the end")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args(arguments)
    if given.verb == "exec":
        become(given)
    return watch(given)


def become(given: argparse.Namespace) -> None:
    """Turn into the command. Raises: OSError when root can not be given up or the command can not be reached."""
    if given.user is not None:
        give_up_root(given.user, given.group, given.capability)
    os.chdir(given.directory)
    os.umask(0o077)
    os.execv(given.command[0], given.command)  # noqa: S606 - the command is the supervisor's


def give_up_root(user: int, group: int, capability: int | None) -> None:
    """Become another user, keeping at most one capability, which the command inherits.

    Source: capabilities(7), "Ambient". The others are gone for good.
    """
    if capability is not None:
        _system_call("prctl", _PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    if capability is not None:
        low, high = (1 << capability) & 0xFFFFFFFF, (1 << capability) >> 32
        header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
        _system_call("capset", header, struct.pack("6I", low, low, low, high, high, high))
        _system_call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def watch(given: argparse.Namespace) -> int:
    """Run the command as a child until it ends by itself or standard input does."""
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            if given.user is not None:
                give_up_root(given.user, given.group, given.capability)
                given.user = None
            if sys.platform == "linux":  # where the guard itself is killed, the server stops all the same
                _system_call("prctl", _PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
            if os.getppid() == guard:
                become(given)
        finally:
            os._exit(126)
    status = _wait(child, woken)
    if given.clear:
        shutil.rmtree(given.clear, ignore_errors=True)
    return os.waitstatus_to_exitcode(status)


def _wait(child: int, woken: int) -> int:
    """Wait for the child's end; ask for it, more and more firmly, once standard input has ended or a signal came.

    Source: PostgreSQL manual, "Shutting Down the Server": SIGINT ends sessions and writes a checkpoint, SIGQUIT
    leaves the rest to crash recovery.
    """
    firmness = [(signal.SIGINT, FAST_SECONDS), (signal.SIGQUIT, IMMEDIATE_SECONDS), (signal.SIGKILL, None)]
    watched, seconds = [sys.stdin.fileno(), woken], None
    while True:
        ready, _, _ = select.select(watched, [], [], seconds)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        asked = sys.stdin.fileno() in ready and not os.read(sys.stdin.fileno(), 4096)
        if woken in ready:
            asked = asked or bool(set(os.read(woken, 4096)) - {signal.SIGCHLD})
        if (asked and len(watched) == 2) or (not ready and firmness):
            watched = [woken]
            number, seconds = firmness.pop(0)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)


def _system_call(name: str, *arguments: int | bytes) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
