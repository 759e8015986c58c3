"""What a server says, made fit for a message of ours: without the tenant's keys, printable, and short.

Messages are stored with every retry and shown to people. A server, or a front that explains itself by repeating the
request, must not get our keys into them.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import quote

LONGEST_WORDS = 300

SHORTEST_SECRET = 4
"""Shorter ones are in every second sentence; real keys have 16 characters."""


def secrets_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """What must not be repeated of a signed request: the Basic value, both keys, and our clientId.

    Shape: longest first, so that no part of a longer one is left over; empty for what carries no keys.

    >>> secrets_of({"Authorization": "Basic YWNtZStwdWJsaWM6cHJpdmF0ZQ=="})[1:]
    ('acme+public:private', 'private', 'public')
    """
    basic = headers.get("Authorization", "").removeprefix("Basic ")
    identity = b64decode(basic).decode()
    member, _, private_key = identity.partition(":")
    found = {basic, identity, private_key, member.partition("+")[2], headers.get("clientId", "")}
    return tuple(sorted((each for each in found if len(each) >= SHORTEST_SECRET), key=lambda each: (-len(each), each)))


def fit(text: str, secrets: tuple[str, ...], longest: int = LONGEST_WORDS) -> str:
    """One printable line without the secrets, in any letter case and as URLs write them. Cut last: half a key is a key.

    >>> fit("no such key: PRIVATE%2F1", ("private/1",))
    'no such key: …'
    """
    if secrets:
        spellings = dict.fromkeys(spelling for each in secrets for spelling in (each, quote(each, safe="")))
        text = re.sub("|".join(map(re.escape, spellings)), "…", text, flags=re.IGNORECASE)
    return "".join(c if c.isprintable() else " " for c in text)[:longest]
