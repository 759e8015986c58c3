"""Whom the client calls, and whom never."""

import httpx
import pytest

from connectwise.errors import HostNotFound, SiteRefused
from connectwise.guard import Guard, is_public, open_http


def answering(*addresses: str) -> Guard:
    return Guard(resolve=lambda host, port: addresses)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.9", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.7", "198.18.0.1",
        "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
        "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fe80::1%eth0", "no address",
    ],
)  # fmt: skip
def test_an_address_of_our_own_side_of_the_internet_is_never_called(address: str) -> None:
    guard = answering(address)

    assert not is_public(address)
    with pytest.raises(SiteRefused):
        guard.addresses("psa.example.com", 443)


@pytest.mark.parametrize("address", ["20.42.65.92", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::142a:415c"])
def test_an_address_of_the_open_internet_is_called(address: str) -> None:
    assert answering(address).addresses("psa.example.com", 443) == (address,)


def test_a_name_that_answers_with_a_public_and_a_private_address_is_refused_whole() -> None:
    guard = answering("20.42.65.92", "10.0.0.5")

    with pytest.raises(SiteRefused, match="private or reserved"):
        guard.addresses("psa.example.com", 443)


def test_a_name_without_any_address_is_not_found() -> None:
    with pytest.raises(HostNotFound):
        answering().addresses("psa.example.com", 443)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "017700000001", "0x7f000001", "127.1"])
def test_a_number_in_another_spelling_is_judged_by_what_it_resolves_to(host: str) -> None:
    with pytest.raises(SiteRefused):
        Guard().addresses(host, 443)


def test_only_the_exact_allowed_origin_may_be_private_or_http() -> None:
    guard = Guard(frozenset({"http://127.0.0.1:9000"}), resolve=lambda host, port: ("127.0.0.1",))

    guard.check_url(httpx.URL("http://127.0.0.1:9000/login/companyinfo/acme"))
    assert guard.addresses("127.0.0.1", 9000) == ("127.0.0.1",)
    for url in ("http://127.0.0.1:9001/", "http://127.0.0.1/", "http://localhost:9000/", "ftp://127.0.0.1:9000/"):
        with pytest.raises(SiteRefused):
            guard.check_url(httpx.URL(url))
    for port in (9001, 80, 443):
        with pytest.raises(SiteRefused):
            guard.addresses("127.0.0.1", port)


def test_user_info_is_refused_even_for_an_allowed_origin() -> None:
    guard = Guard(frozenset({"http://127.0.0.1:9000"}))

    with pytest.raises(SiteRefused, match="user name"):
        guard.check_url(httpx.URL("http://admin:secret@127.0.0.1:9000/"))


def test_the_refusal_comes_before_any_connection() -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> tuple[str, ...]:
        asked.append(host)
        return ("169.254.169.254",)

    with open_http(Guard(resolve=resolve)) as http:
        with pytest.raises(SiteRefused):
            http.send("GET", "https://metadata.example.com/latest/meta-data", {}, None, {})
        with pytest.raises(SiteRefused):
            http.send("GET", "http://metadata.example.com/latest/meta-data", {}, None, {})

    assert asked == ["metadata.example.com"]


def test_a_name_that_does_not_resolve_says_so() -> None:
    with pytest.raises(HostNotFound, match="does not resolve"):
        Guard().addresses("no-such-host.invalid", 443)
