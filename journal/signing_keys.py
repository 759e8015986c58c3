"""Signing keys: what the sealer signs checkpoints with. The highest number signs; the others are kept for their names.

They come from a setting, from a file, or, in demo and tests only, from a file in the data directory that is made when
it is missing. Production never makes one up: a key that nobody expected proves nothing to anybody.

Rotating is adding a key with the next number. The sealer signs with it from its next look on; checkpoints of the old
key stay valid under the old key's id, so auditors keep the old public key and are given the new one.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from journal.numbered_keys import add_numbered_key, parse_numbered_keys, read_numbered_keys, write_first_key
from journal.proof import key_id_of
from journal.settings import PREFIX, BadSetting, MissingSetting, Mode

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
        newest = _pairs(parse_numbered_keys(settings.keys, _KEYS))[-1]
        return lambda: newest
    path = signing_key_file(settings, mode, data_dir)
    if settings.file is None and not path.exists():
        write_first_key(path)
    _read(path)
    return lambda: _read(path)[-1]


def known_signing_keys(settings: SigningSettings, mode: Mode, data_dir: Path) -> tuple[SigningKey, ...]:
    """Every key that the settings name, by number. Raises: MissingSetting, BadSetting."""
    if settings.keys is not None:
        return _pairs(parse_numbered_keys(settings.keys, _KEYS))
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
    add_numbered_key(path, _FILE)
    return _read(path)[-1]


def _read(path: Path) -> tuple[SigningKey, ...]:
    return _pairs(read_numbered_keys(path, _FILE))


def _pairs(seeds: Mapping[int, bytes]) -> tuple[SigningKey, ...]:
    """Shape: by number, at least one."""
    privates = {number: Ed25519PrivateKey.from_private_bytes(seed) for number, seed in sorted(seeds.items())}
    return tuple(SigningKey(number, key_id_of(key.public_key()), key) for number, key in privates.items())
