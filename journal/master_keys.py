"""Master keys: what seals the vault's data keys, each with a number; the highest number seals, all of them open.

They come from a setting, from a file, or, in demo and tests only, from a file in the data directory that is made
when it is missing. Production never makes up a key: a key nobody kept would cost every credential.
Written as `1:<base64 of 32 bytes>`, one after another, separated by commas, blanks or lines.
"""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from journal.settings import BadSetting, MissingSetting, Mode, Settings

KEY_BYTES = 32
GENERATED_FILE = "vault-keys"


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """Keys by number, at least one. `repr` shows the numbers only."""

    keys: Mapping[int, bytes] = field(repr=False)

    @property
    def newest(self) -> int:
        return max(self.keys)

    def __repr__(self) -> str:
        return f"MasterKeys(numbers={sorted(self.keys)})"


KeySource = Callable[[], MasterKeys]
"""Reads the keys as they are now; asked again when a row names a key that is not known yet."""


def parse_master_keys(text: str, setting: str) -> MasterKeys:
    """Read keys from their text. Raises: BadSetting, which never repeats the text."""
    should = "holds keys as number:base64 of 32 bytes, for example made by `openssl rand -base64 32`"
    keys: dict[int, bytes] = {}
    for part in re.split(r"[\s,]+", text.strip()):
        number, colon, encoded = part.partition(":")
        if not (colon and number.isascii() and number.isdigit() and 0 < int(number) < 2**31):
            raise BadSetting(setting, should)
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise BadSetting(setting, should) from None
        if len(key) != KEY_BYTES or int(number) in keys:
            raise BadSetting(setting, f"{should}, each number once")
        keys[int(number)] = key
    return MasterKeys(keys)


def key_source(settings: Settings) -> KeySource:
    """Find where the keys come from, and read them once to be sure.

    Raises: MissingSetting in production when neither setting is there; BadSetting.
    """
    if settings.vault_keys is not None:
        fixed = parse_master_keys(settings.vault_keys, "PSA_LEDGER_VAULT_KEYS")
        return lambda: fixed
    path = key_file(settings)
    if settings.vault_keys_file is None and not path.exists():
        _write_new(path, {1: secrets.token_bytes(KEY_BYTES)})
    read_key_file(path)
    return lambda: read_key_file(path)


def key_file(settings: Settings) -> Path:
    """The file that holds the keys.

    Raises: MissingSetting in production when none is named; BadSetting when the keys stand in the environment.
    """
    if settings.vault_keys is not None:
        raise BadSetting("PSA_LEDGER_VAULT_KEYS", "holds the keys itself; there is no file to change")
    if settings.vault_keys_file is not None:
        return settings.vault_keys_file
    if settings.mode is Mode.PRODUCTION:
        raise MissingSetting("PSA_LEDGER_VAULT_KEYS_FILE", "production needs a master key for stored credentials")
    return settings.data_dir / GENERATED_FILE


def read_key_file(path: Path) -> MasterKeys:
    """Raises: BadSetting when the file can not be read, or others than its owner can read it."""
    try:
        mode = path.stat().st_mode
        text = path.read_text()
    except OSError as error:
        raise BadSetting("PSA_LEDGER_VAULT_KEYS_FILE", f"can not be read: {error.strerror}") from error
    if mode & 0o007:
        raise BadSetting("PSA_LEDGER_VAULT_KEYS_FILE", f"must not be open to everybody: chmod 600 {path}")
    return parse_master_keys(text, "PSA_LEDGER_VAULT_KEYS_FILE")


def add_master_key(path: Path) -> int:
    """Add a fresh key to the file, with the next number; afterwards rotate the vault. Returns the number.

    The file is replaced in one step, so a process that reads it meanwhile sees the old keys or all of them; it keeps
    its owner and who may read it.
    """
    keys = dict(read_key_file(path).keys)
    number = max(keys) + 1
    keys[number] = secrets.token_bytes(KEY_BYTES)
    _replace(path, keys)
    return number


def _text(keys: Mapping[int, bytes]) -> bytes:
    return "".join(f"{number}:{base64.b64encode(key).decode()}\n" for number, key in sorted(keys.items())).encode()


def _write_new(path: Path, keys: Mapping[int, bytes]) -> None:
    """Write a file that is not there yet; when two processes do so at once, the first one's keys stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = _written_beside(path, keys)
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()


def _replace(path: Path, keys: Mapping[int, bytes]) -> None:
    was = path.stat()
    fresh = _written_beside(path, keys)
    if (was.st_uid, was.st_gid) != (os.getuid(), os.getgid()):
        os.chown(fresh, was.st_uid, was.st_gid)
    fresh.chmod(was.st_mode & 0o777)
    fresh.replace(path)


def _written_beside(path: Path, keys: Mapping[int, bytes]) -> Path:
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(_text(keys))
        file.flush()
        os.fsync(file.fileno())
    return fresh
