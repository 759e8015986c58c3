"""Secret keys in a setting or a file, each with a number; the highest is the one in use.

Written as `1:<base64 of 32 bytes>`, one after another, separated by commas, blanks or lines.
"""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from journal.settings import BadSetting

KEY_BYTES = 32


def parse_numbered_keys(text: str, setting: str) -> dict[int, bytes]:
    """Shape: at least one key, by number. Raises: BadSetting, which never repeats the text."""
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
    return keys


def read_numbered_keys(path: Path, setting: str) -> dict[int, bytes]:
    """Raises: BadSetting when the file can not be read, or others than its owner and group can read it."""
    try:
        rights = path.stat().st_mode
        text = path.read_text()
    except OSError as error:
        raise BadSetting(setting, f"can not be read: {error.strerror}") from error
    if rights & 0o007:
        raise BadSetting(setting, f"must not be open to everybody: chmod 600 {path}")
    return parse_numbered_keys(text, setting)


def write_first_key(path: Path) -> None:
    """Write a file that is not there yet; when two processes do so at once, the first one's key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = _written_beside(path, {1: secrets.token_bytes(KEY_BYTES)})
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()


def add_numbered_key(path: Path, setting: str) -> int:
    """Add a fresh key to the file, with the next number, which is returned. Raises: BadSetting.

    The file is replaced in one step, so a process that reads it meanwhile sees the old keys or all of them; it keeps
    its owner and who may read it.
    """
    keys = read_numbered_keys(path, setting)
    number = max(keys) + 1
    was = path.stat()
    fresh = _written_beside(path, {**keys, number: secrets.token_bytes(KEY_BYTES)})
    if (was.st_uid, was.st_gid) != (os.getuid(), os.getgid()):
        os.chown(fresh, was.st_uid, was.st_gid)
    fresh.chmod(was.st_mode & 0o777)
    fresh.replace(path)
    return number


def _written_beside(path: Path, keys: Mapping[int, bytes]) -> Path:
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.writelines(b"%d:%s\n" % (number, base64.b64encode(key)) for number, key in sorted(keys.items()))
        file.flush()
        os.fsync(file.fileno())
    return fresh
