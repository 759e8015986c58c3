"""`psa-ledger rotate-keys`: seal all stored ConnectWise credentials by a fresh master key, while everything runs.

A key is added to the file that holds them, every credential's data key is sealed anew by it, and the keys that no row
names any more are listed: take them out of the file when no backup needs them. Running processes read the file again
when they meet a row sealed by a key that is new to them, so none has to be restarted.

Where several machines hold copies of the file, or the keys stand in the environment: give all of them the new key
first, then run this with `--only-reseal` on one.
"""

import argparse

from cli.places import Places, data_directory, database_url, settings_here

ROUNDS = 5
"""Credentials stored just while we began may be sealed by the old key; another round finds them."""


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("rotate-keys", help="seal stored credentials by a fresh master key", description=__doc__)
    parser.add_argument("--only-reseal", action="store_true", help="add no key; seal by the newest one that is there")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    import psycopg  # noqa: PLC0415 - only this verb needs all of these

    from journal.master_keys import add_master_key, key_file, key_source  # noqa: PLC0415 - see above
    from journal.vault import Vault  # noqa: PLC0415 - see above

    settings = settings_here(Places(data_directory()))
    url = database_url(settings)
    source = key_source(settings)
    if not given.only_reseal:
        added = add_master_key(key_file(settings))
        print(f"master key {added} added to {key_file(settings)}")
    vault = Vault(source)
    resealed, in_use = 0, tuple[int, ...]()
    with psycopg.connect(url, connect_timeout=10, autocommit=True) as connection:
        for _ in range(ROUNDS):
            with connection.transaction():
                resealed += vault.rotate(connection)
            in_use = vault.key_numbers_in_use(connection)
            if set(in_use) <= {source().newest}:
                break
    print(f"{resealed} credentials sealed by master key {source().newest}")
    if free := sorted(set(source().keys) - set(in_use) - {source().newest}):
        print(f"no credentials name master key {', '.join(map(str, free))} any more; backups made before may")
    return 0 if set(in_use) <= {source().newest} else 1
