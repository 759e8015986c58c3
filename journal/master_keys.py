"""Master keys: what seals the vault's data keys, each with a number; the highest number seals, all of them open.

They come from a setting, from a file, or, in demo and tests only, from a file in the data directory that is made
when it is missing. Production never makes up a key: a key nobody kept would cost every credential.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from journal.numbered_keys import add_numbered_key, parse_numbered_keys, read_numbered_keys, write_first_key
from journal.settings import PREFIX, BadSetting, MissingSetting, Mode, Settings

GENERATED_FILE = "vault-keys"
_KEYS, _FILE = f"{PREFIX}VAULT_KEYS", f"{PREFIX}VAULT_KEYS_FILE"


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
    return MasterKeys(parse_numbered_keys(text, setting))


def key_source(settings: Settings) -> KeySource:
    """Find where the keys come from, and read them once to be sure.

    Raises: MissingSetting in production when neither setting is there; BadSetting.
    """
    if settings.vault_keys is not None:
        fixed = parse_master_keys(settings.vault_keys, _KEYS)
        return lambda: fixed
    path = key_file(settings)
    if settings.vault_keys_file is None and not path.exists():
        write_first_key(path)
    read_key_file(path)
    return lambda: read_key_file(path)


def key_file(settings: Settings) -> Path:
    """The file that holds the keys.

    Raises: MissingSetting in production when none is named; BadSetting when the keys stand in the environment.
    """
    if settings.vault_keys is not None:
        raise BadSetting(_KEYS, "holds the keys itself; there is no file to change")
    if settings.vault_keys_file is not None:
        return settings.vault_keys_file
    if settings.mode is Mode.PRODUCTION:
        raise MissingSetting(_FILE, "production needs a master key for stored credentials")
    return settings.data_dir / GENERATED_FILE


def read_key_file(path: Path) -> MasterKeys:
    """Raises: BadSetting when the file can not be read, or others than its owner can read it."""
    return MasterKeys(read_numbered_keys(path, _FILE))


def add_master_key(path: Path) -> int:
    """Add a fresh key to the file, with the next number; afterwards rotate the vault. Returns the number."""
    return add_numbered_key(path, _FILE)
