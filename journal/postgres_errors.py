"""What can be wrong with the embedded PostgreSQL; each message says what to do.

EmbeddedPostgresError
├── AlreadyRunning      another supervisor lives on this data directory
├── NotRunning          nobody has started it
├── OtherVersion        the cluster was made by another major version of PostgreSQL
├── OtherOwner          the cluster belongs to another user of this machine
└── StartFailed         PostgreSQL said no; carries the end of its log
"""

from pathlib import Path


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL can not be used; the message says what to do."""


class AlreadyRunning(EmbeddedPostgresError):
    """Another supervisor lives on this data directory."""

    def __init__(self, home: Path, pid: int | None) -> None:
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(f"the embedded PostgreSQL in {home} is already run by {who}; stop that one first")
        self.pid = pid


class NotRunning(EmbeddedPostgresError):
    """Nobody has started the embedded PostgreSQL of this data directory."""


class OtherVersion(EmbeddedPostgresError):
    """The cluster was made by another major version of PostgreSQL."""

    def __init__(self, cluster: Path, found: str, ours: str) -> None:
        super().__init__(
            f"{cluster} was made by PostgreSQL {found}, installed is {ours}. Move the data over with pg_dump of the "
            "old version, or remove the directory to begin anew"
        )
        self.found = found
        self.ours = ours


class OtherOwner(EmbeddedPostgresError):
    """The cluster belongs to another user of this machine."""


class StartFailed(EmbeddedPostgresError):
    """PostgreSQL did not come up."""
