"""Where a checkout keeps what it needs at run time: everything lies below one data directory.

.data/
├── postgres/       the embedded cluster (its owner is `journal.postgres`)
├── keys/           the demo's vault and token keys, 0600
├── tokens/         a bearer token per role, 0600
├── logs/           what each process said
├── run.json        what `psa-ledger up` has running now; the other verbs find the system by it
├── up.lock         held by the supervisor as long as it lives
└── children.lock   held by every child as long as it lives
"""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from journal.postgres import running_url
from journal.settings import Settings, settings_from

CHECKOUT = Path(__file__).resolve().parent.parent
FORMAT = 1
"""Of `run.json`; one of another format counts as not running."""


class NothingRuns(Exception):
    """No supervisor runs on this data directory, so there is no system to talk to."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"nothing runs on {data_dir}; start it with `make run`")


@dataclass(frozen=True, slots=True)
class Places:
    """The paths below one data directory, which is absolute."""

    data: Path

    @property
    def run_file(self) -> Path:
        return self.data / "run.json"

    @property
    def ports(self) -> Path:
        return self.data / "ports"

    @property
    def up_lock(self) -> Path:
        return self.data / "up.lock"

    @property
    def children_lock(self) -> Path:
        return self.data / "children.lock"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def tokens(self) -> Path:
        return self.data / "tokens"


def data_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """The data directory: as set, else `.data` of the checkout this program was installed from.

    Why: the verbs then find the running system from any working directory.
    """
    return Path(environment.get("PSA_LEDGER_DATA_DIR") or CHECKOUT / ".data").absolute()


@dataclass(frozen=True, slots=True)
class Running:
    """What runs now, as `run.json` tells it. It names files that hold tokens, never a token or a database password.

    Shape: `children` maps a process's name to its process id; `tokens` a role to the file with its bearer token.
    """

    supervisor: int
    mode: str
    api_url: str
    simulator_url: str
    children: Mapping[str, int] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    is_ready: bool = False

    def token(self, role: str) -> str:
        return Path(self.tokens[role]).read_text().strip()


def write_running(places: Places, running: Running) -> None:
    """Replace `run.json` at one stroke, readable by its owner only."""
    write_private(places.run_file, json.dumps({"format": FORMAT, **asdict(running)}, indent=2) + "\n")


def last_running(places: Places) -> Running | None:
    """What `run.json` says, whether that still runs or not; none when there is no usable one."""
    try:
        found: dict[str, Any] = json.loads(places.run_file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    if found.pop("format", None) != FORMAT:
        return None
    return Running(**found)


def running(places: Places) -> Running:
    """What a living supervisor has running. Raises: NothingRuns."""
    found = last_running(places)
    if found is None or not is_held(places.up_lock):
        raise NothingRuns(places.data)
    return found


def settings_here(places: Places, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the environment; what it leaves open is as the running system has it.

    Raises: journal.settings.BadSetting.
    """
    found = last_running(places) if is_held(places.up_lock) else None
    mode = {} if found is None else {"PSA_LEDGER_MODE": found.mode}
    return replace(settings_from({**mode, **environment}), data_dir=places.data)


def database_url(settings: Settings) -> str:
    """The database of this set-up: the one named by a setting, else the embedded one that `up` runs.

    Raises: journal.postgres_errors.NotRunning.
    """
    return settings.database_url or running_url(settings.data_dir)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; a reader sees the old content or the new, nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    new.replace(path)


def take_lock(path: Path) -> int | None:
    """Take a lock that ends with its holders, and return its descriptor; none when somebody else holds it.

    The descriptor is not inherited unless it is passed on knowingly; whoever inherits it holds the lock as well.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_held(path: Path) -> bool:
    """Whether somebody holds a lock now."""
    descriptor = take_lock(path) if path.exists() else None
    if descriptor is None:
        return path.exists()
    os.close(descriptor)
    return False
