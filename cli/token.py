"""`psa-ledger token`: bearer tokens signed with the local key, for demo and tests.

In production tokens come from an identity provider, whose public keys the API reads (`PSA_LEDGER_JWKS_URL`); there is
nothing to issue here.
"""

import argparse
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from api.settings import TOKEN_KEY_FILE, api_settings_from
from api.tokens import TOKEN_ROLES, create_local_key, issue_token, read_local_key
from cli.places import Places, data_directory, settings_here, write_private
from domain.values import MspId
from journal.entry import Role
from journal.settings import BadSetting, Mode

DEMO_LIFETIME = timedelta(days=30)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("token", help="issue a bearer token (demo and tests)", description=__doc__)
    parser.add_argument("--role", required=True, choices=sorted(role.value for role in TOKEN_ROLES))
    parser.add_argument("--msp", help="the MSP the token is for; none means all, which an ADMIN can not be")
    parser.add_argument("--subject", help="who holds it (default: demo-<role>)")
    parser.add_argument("--ttl", type=lifetime, default=timedelta(hours=8), help="such as 30m, 8h, 7d (default: 8h)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    places = Places(data_directory())
    if settings_here(places).mode is Mode.PRODUCTION:
        raise BadSetting(
            "PSA_LEDGER_MODE",
            "is production here, where tokens come from the identity provider; `make run` starts a demo",
        )
    try:
        print(issue(places, Role(given.role), given.msp, subject=given.subject, ttl=given.ttl))
    except ValueError as error:
        sys.stderr.write(f"no such token: {error}\n")
        return 2
    return 0


def issue(places: Places, role: Role, msp: str | None, *, subject: str | None = None, ttl: timedelta) -> str:
    """Sign a token with the local key, which is made when there is none.

    Raises: ValueError for an ADMIN of no MSP.
    """
    path = places.data / TOKEN_KEY_FILE
    create_local_key(path)
    return issue_token(
        read_local_key(path),
        subject=subject or f"demo-{role.value.lower()}",
        role=role,
        msp=None if msp is None else MspId(msp),
        lifetime=ttl,
        now=datetime.now(UTC),
        issuer=api_settings_from().issuer,
    )


def write_tokens(places: Places, msp: str) -> dict[str, str]:
    """Write a fresh token of each role to a file and return the files by role: the platform's is for every MSP."""
    msps: Mapping[Role, str | None] = {Role.ADMIN: msp, Role.AUDITOR: msp, Role.PLATFORM: None}
    written = {}
    for role, owner in msps.items():
        path = places.tokens / role.value.lower()
        write_private(path, issue(places, role, owner, ttl=DEMO_LIFETIME) + "\n")
        written[role.value.lower()] = str(path)
    return written


def lifetime(text: str) -> timedelta:
    """Read a lifetime.

    Raises: argparse.ArgumentTypeError.

    >>> lifetime("90m")
    datetime.timedelta(seconds=5400)
    """
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if found is None:
        raise argparse.ArgumentTypeError("a lifetime is a whole number and s, m, h or d, for example 8h")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
