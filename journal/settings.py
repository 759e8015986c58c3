"""What an operator may set, read from the environment once and then passed on as one value.

A bad value is refused at start with the variable's name and what it should look like; the value itself is not
repeated where it could be a secret. `repr` of the settings shows no secret either.

    SettingsError
    ├── BadSetting       a variable holds something it must not
    └── MissingSetting   a variable is needed in this mode and is not set
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, urlsplit

PREFIX = "PSA_LEDGER_"


class SettingsError(Exception):
    """The program can not start as it is set up; the message says which variable to change."""


class BadSetting(SettingsError):
    """A variable holds something it must not. Never shows the value of a secret."""

    def __init__(self, name: str, should: str) -> None:
        super().__init__(f"{name} {should}")
        self.name = name


class MissingSetting(SettingsError):
    """A variable is needed in this mode and is not set."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} is not set: {reason}")
        self.name = name


class Mode(StrEnum):
    """`PRODUCTION` never makes up keys and refuses a moved clock; `DEMO` and `TEST` may do both."""

    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings every process shares.

    `database_url` None means: the embedded PostgreSQL below `data_dir`, which `psa-ledger up` starts.
    `allowed_origins` are exact origins (`http://127.0.0.1:8091`) exempt from the https and address rules.
    `vault_keys` (id to text, as `master_keys.parse_master_keys` reads it) and `vault_keys_file` exclude each other.
    """

    mode: Mode = Mode.PRODUCTION
    database_url: str | None = field(default=None, repr=False)
    broker_url: str | None = field(default=None, repr=False)
    data_dir: Path = Path(".data")
    allowed_origins: frozenset[str] = frozenset()
    client_id: str | None = field(default=None, repr=False)
    vault_keys: str | None = field(default=None, repr=False)
    vault_keys_file: Path | None = None
    pool_size: int = 8


def settings_from(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; an empty variable counts as not set.

    Raises: BadSetting.

    >>> settings_from({"PSA_LEDGER_MODE": "demo"}).mode
    <Mode.DEMO: 'demo'>
    """
    given = {name.removeprefix(PREFIX): text for name, text in environment.items() if name.startswith(PREFIX) and text}
    if "VAULT_KEYS" in given and "VAULT_KEYS_FILE" in given:
        raise BadSetting("PSA_LEDGER_VAULT_KEYS", "and PSA_LEDGER_VAULT_KEYS_FILE exclude each other; set one")
    keys_file = given.get("VAULT_KEYS_FILE")
    database_url = _url("DATABASE_URL", given.get("DATABASE_URL"), ("postgresql", "postgres"))
    return Settings(
        mode=_mode(given.get("MODE")),
        database_url=None if database_url is None else noticing(database_url),
        broker_url=_url(
            "BROKER_URL",
            given.get("BROKER_URL"),
            ("redis", "rediss", "valkey", "valkeys", "amqp", "amqps", "postgresql", "postgres"),
        ),
        data_dir=Path(given.get("DATA_DIR", ".data")),
        allowed_origins=_origins(given.get("ALLOWED_ORIGINS", "")),
        client_id=given.get("CLIENT_ID"),
        vault_keys=given.get("VAULT_KEYS"),
        vault_keys_file=None if keys_file is None else Path(keys_file),
        pool_size=_pool_size(given.get("POOL_SIZE", "8")),
    )


def _mode(text: str | None) -> Mode:
    try:
        return Mode.PRODUCTION if text is None else Mode(text)
    except ValueError:
        raise BadSetting("PSA_LEDGER_MODE", f"is one of {', '.join(Mode)}, not {text!r}") from None


def _url(name: str, text: str | None, schemes: tuple[str, ...]) -> str | None:
    if text is None:
        return None
    if text.partition("://")[0] not in schemes or "://" not in text:
        raise BadSetting(PREFIX + name, f"is a URL beginning with one of {', '.join(f'{s}://' for s in schemes)}")
    return text


_NOTICING = {
    "keepalives_idle": "4",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
SERVER_NOTICES = "".join(
    f"-c tcp_{name} "
    for name in ("keepalives_idle=4", "keepalives_interval=2", "keepalives_count=3", "user_timeout=10000")
).strip()
"""Options of a connection, by which the server notices within about 10 seconds that a host is gone.

Why: otherwise it keeps that host's locks for two hours, the one that every append takes among them.
"""


def noticing(url: str) -> str:
    """The URL, so that both ends notice soon when the network between them is cut; what it says itself is left alone.

    >>> noticing("postgresql://db/ledger?keepalives_idle=60").partition("&")[0]
    'postgresql://db/ledger?keepalives_idle=60'
    """
    said = {part.partition("=")[0] for part in urlsplit(url).query.split("&") if part}
    wanted = {**_NOTICING, "options": quote(SERVER_NOTICES)}
    added = "&".join(f"{name}={value}" for name, value in wanted.items() if name not in said)
    return url + ("&" if "?" in url else "?") + added if added else url


def _origins(text: str) -> frozenset[str]:
    """Split the list at commas or blanks; every origin is scheme, host and perhaps port, nothing more."""
    origins = set()
    for origin in re.split(r"[\s,]+", text.strip()):
        if not origin:
            continue
        parts = urlsplit(origin)
        try:
            port_is_fine = parts.port is None or parts.port > 0
        except ValueError:
            port_is_fine = False
        extras = parts.path or parts.query or parts.fragment or "@" in parts.netloc
        if parts.scheme not in ("http", "https") or not parts.hostname or extras or not port_is_fine:
            raise BadSetting("PSA_LEDGER_ALLOWED_ORIGINS", "is a list of origins such as http://127.0.0.1:8091")
        origins.add(origin.lower())
    return frozenset(origins)


def _pool_size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 100):
        raise BadSetting("PSA_LEDGER_POOL_SIZE", "is a whole number from 1 to 100")
    return int(text)
