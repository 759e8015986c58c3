"""`psa-ledger audit-keys`: the public keys that checkpoints are signed with, or a new key to sign with from now on.

Give the public keys to your auditors on another way than the exports. Rotating keeps the old keys: what they signed
stays provable with their public halves.
"""

import argparse

from cli.places import Places, data_directory, database_url, settings_here


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("audit-keys", help="list the audit's public keys, or add one", description=__doc__)
    parser.add_argument("--rotate", action="store_true", help="add a key; the sealer signs with it from then on")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    import psycopg  # noqa: PLC0415 - only this verb needs all of these

    from journal.check_seals import public_text  # noqa: PLC0415 - see above
    from journal.seal import public_keys  # noqa: PLC0415 - see above
    from journal.signing_keys import (  # noqa: PLC0415 - see above
        add_signing_key,
        known_signing_keys,
        signing_key_file,
        signing_settings_from,
    )

    settings = settings_here(Places(data_directory()))
    signing = signing_settings_from()
    if given.rotate:
        key = add_signing_key(signing_key_file(signing, settings.mode, settings.data_dir))
        print(f"{key.id} {public_text(key.public_bytes)}")
        return 0
    with psycopg.connect(database_url(settings), connect_timeout=10) as connection:
        listed = public_keys(connection)
    listed |= {key.id: key.public_bytes for key in known_signing_keys(signing, settings.mode, settings.data_dir)}
    for key_id, raw in listed.items():
        print(f"{key_id} {public_text(raw)}")
    return 0
