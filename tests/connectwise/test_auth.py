"""Keys are used and never shown."""

from base64 import b64decode

import pytest

from connectwise.auth import Credentials, signed_headers


def test_the_basic_scheme_carries_company_and_both_keys() -> None:
    header = signed_headers(Credentials("acme", "pub", "pri:with:colons"), "id")["Authorization"]

    assert b64decode(header.removeprefix("Basic ")) == b"acme+pub:pri:with:colons"


def test_credentials_show_nothing_of_themselves() -> None:
    keys = Credentials("acme_msp", "publicKey", "privateKey")

    for shown in (repr(keys), str(keys), f"{keys}", repr({"keys": [keys]})):
        assert "Credentials(…)" in shown
        assert not any(part in shown for part in ("acme_msp", "publicKey", "privateKey"))


@pytest.mark.parametrize(
    "parts",
    [
        ("", "pub", "pri"), ("acme", "", "pri"), ("acme", "pub", ""), ("a+b", "pub", "pri"), ("a:b", "pub", "pri"),
        ("acme", "p:b", "pri"), ("acme ", "pub", "pri"), ("acme", "pub\n", "pri"), ("acme", "pub", "pri\r\nX: y"),
        ("acmé", "pub", "pri"),
    ],
)  # fmt: skip
def test_parts_that_would_be_read_differently_are_refused_without_repeating_them(parts: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match=r"company id|public key|private key") as raised:
        Credentials(*parts)

    assert not any(part and part in str(raised.value).split() for part in parts)
