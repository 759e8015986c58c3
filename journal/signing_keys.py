"""Signing keys: what the sealer signs checkpoints with. The highest number signs; the others are kept for their names.

They come from a setting, from a file, or, in demo and tests only, from a file in the data directory that is made when
it is missing. Production never makes one up: a key that nobody expected proves nothing to anybody.
Written as `1:<base64 of 32 bytes>`, one after another, separated by commas, blanks or lines.

Rotating is adding a key with the next number. The sealer signs with it from its next look on; checkpoints of the old
key stay valid under the old key's id, so auditors keep the old public key and are given the new one.
"""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from journal.proof import key_id_of
from journal.settings import PREFIX, BadSetting, MissingSetting, Mode

KEY_BYTES = 32
GENERATED_FILE = "signing-keys"
_KEYS, _FILE = f"{PREFIX}SIGNING_KEYS", f"{PREFIX}SIGNING_KEYS_FILE"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair. `repr` shows its public id only."""

    number: int
    id: str
    private: Ed25519PrivateKey = field(repr=False, compare=False)

    @property
    def public_bytes(self) -> bytes:
        return self.private.public_key().public_bytes_raw()


SigningKeys = Callable[[], SigningKey]
"""Gives the key to sign with now; asked before every round, so a key that was added is used soon."""


@dataclass(frozen=True, slots=True)
class SigningSettings:
    """Where the signing keys are. `keys` and `file` exclude each other."""

    keys: str | None = field(default=None, repr=False)
    file: Path | None = None


def signing_settings_from(environment: Mapping[str, str] = os.environ) -> SigningSettings:
    """Read the settings; an empty variable counts as not set.

    Raises: BadSetting.

    >>> signing_settings_from({"PSA_LEDGER_SIGNING_KEYS_FILE": "/run/secrets/signing"}).file
    PosixPath('/run/secrets/signing')
    """
    keys, file = environment.get(_KEYS) or None, environment.get(_FILE) or None
    if keys is not None and file is not None:
        raise BadSetting(_KEYS, f"and {_FILE} exclude each other; set one")
    return SigningSettings(keys, None if file is None else Path(file))


def signing_keys(settings: SigningSettings, mode: Mode, data_dir: Path) -> SigningKeys:
    """Find where the keys come from, and read them once to be sure.

    Raises: MissingSetting in production when neither setting is there; BadSetting.
    """
    if settings.keys is not None:
        newest = _parse(settings.keys, _KEYS)[-1]
        return lambda: newest
    path = signing_key_file(settings, mode, data_dir)
    if settings.file is None and not path.exists():
        _write_first(path)
    _read(path)
    return lambda: _read(path)[-1]


def known_signing_keys(settings: SigningSettings, mode: Mode, data_dir: Path) -> tuple[SigningKey, ...]:
    """Every key that the settings name, by number. Raises: MissingSetting, BadSetting."""
    if settings.keys is not None:
        return _parse(settings.keys, _KEYS)
    return _read(signing_key_file(settings, mode, data_dir))


def signing_key_file(settings: SigningSettings, mode: Mode, data_dir: Path) -> Path:
    """The file that holds the keys.

    Raises: MissingSetting in production when none is named; BadSetting when the keys stand in the environment.
    """
    if settings.keys is not None:
        raise BadSetting(_KEYS, "holds the keys itself; there is no file to change")
    if settings.file is not None:
        return settings.file
    if mode is Mode.PRODUCTION:
        raise MissingSetting(_FILE, "production needs a key to sign the audit's checkpoints with")
    return data_dir / GENERATED_FILE


def add_signing_key(path: Path) -> SigningKey:
    """Add a fresh key with the next number to the file, which is replaced at one stroke. Raises: BadSetting."""
    keys = _read(path)
    number = keys[-1].number + 1
    seeds = {key.number: key.private.private_bytes_raw() for key in keys}
    _written_beside(path, {**seeds, number: secrets.token_bytes(KEY_BYTES)}).replace(path)
    return _read(path)[-1]


def _parse(text: str, setting: str) -> tuple[SigningKey, ...]:
    """Shape: by number, at least one. Raises: BadSetting, which never repeats the text."""
    should = "holds keys as number:base64 of 32 bytes, for example made by `openssl rand -base64 32`"
    found: dict[int, bytes] = {}
    for part in re.split(r"[\s,]+", text.strip()):
        number, colon, encoded = part.partition(":")
        if not (colon and number.isascii() and number.isdigit() and 0 < int(number) < 2**31):
            raise BadSetting(setting, should)
        try:
            seed = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise BadSetting(setting, should) from None
        if len(seed) != KEY_BYTES or int(number) in found:
            raise BadSetting(setting, f"{should}, each number once")
        found[int(number)] = seed
    privates = {number: Ed25519PrivateKey.from_private_bytes(seed) for number, seed in sorted(found.items())}
    return tuple(SigningKey(number, key_id_of(key.public_key()), key) for number, key in privates.items())


def _read(path: Path) -> tuple[SigningKey, ...]:
    """Raises: BadSetting when the file can not be read, or others than its owner and group can read it."""
    try:
        rights = path.stat().st_mode
        text = path.read_text()
    except OSError as error:
        raise BadSetting(_FILE, f"can not be read: {error.strerror}") from error
    if rights & 0o007:
        raise BadSetting(_FILE, f"must not be open to everybody: chmod 600 {path}")
    return _parse(text, _FILE)


def _write_first(path: Path) -> None:
    """Write a file that is not there yet; when two processes do so at once, the first one's key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = _written_beside(path, {1: secrets.token_bytes(KEY_BYTES)})
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()


def _written_beside(path: Path, seeds: Mapping[int, bytes]) -> Path:
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(b"".join(b"%d:%s\n" % (number, base64.b64encode(seed)) for number, seed in sorted(seeds.items())))
        file.flush()
        os.fsync(file.fileno())
    return fresh
