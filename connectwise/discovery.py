"""Where a tenant's API lives: from the site that people log in to, to host and codebase.

A cloud site is typed as `https://na.myconnectwise.net`, its API answers at `https://api-na.myconnectwise.net`; an
on-premise host is its own API host. The codebase (`v2025_1/`) comes from the site's companyinfo, without keys, and
goes stale when the vendor upgrades the tenant, so it is asked for again when a path is suddenly gone.

Source: api-facts §1.1 to §1.8.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

import httpx

from connectwise import shapes
from connectwise.auth import anonymous_headers
from connectwise.errors import (
    HostNotFound,
    SiteRefused,
    UnknownCompany,
    UnreadableAnswer,
    WrongSite,
)
from connectwise.exchange import Answer, Wire
from connectwise.guard import origin_of
from domain.values import Tenant

CLOUD_HOSTS: Final = frozenset(
    {
        "na.myconnectwise.net",
        "eu.myconnectwise.net",
        "au.myconnectwise.net",
        "aus.myconnectwise.net",
        "za.myconnectwise.net",
        "staging.connectwisedev.com",
    }
)
"""Sites whose API host has the prefix `api-`. Others, `sandbox-na.myconnectwise.net` among them, answer as typed."""

ROUTER_CODEBASE: Final = "v4_6_release/"
"""Always right on premise; on cloud a router to the tenant's current version."""


@dataclass(frozen=True, slots=True)
class Site:
    """An origin as people log in to it, for example `https://na.myconnectwise.net`, without a prefix `api-`."""

    login_origin: str
    api_origin: str

    @property
    def host(self) -> str:
        """The identity of the site within `Tenant`: host, and port where it is not the scheme's own."""
        return urlsplit(self.login_origin).netloc


@dataclass(frozen=True, slots=True)
class Address:
    """Where one tenant's API answers. `is_cloud` is what companyinfo told; where it told nothing, the host decides."""

    site: Site
    company_id: str
    codebase: str
    is_cloud: bool
    company_name: str = ""
    version: str = ""

    @property
    def tenant(self) -> Tenant:
        return Tenant(site=self.site.host, company_id=self.company_id.lower())

    @property
    def root(self) -> str:
        return f"{self.site.api_origin}/{self.codebase}apis/3.0"


def site_of(typed: str, allowed_origins: frozenset[str] = frozenset()) -> Site:
    """Read the site URL that a user typed; a path, query or fragment is cut off.

    Raises: SiteRefused for http, user info, an IP address, a single-label or malformed host, unless the origin is
    allowed.

    >>> site_of("https://API-NA.myconnectwise.net/v4_6_release/") == site_of("na.myconnectwise.net")
    True
    >>> site_of("https://psa.example.com:8443/login").api_origin
    'https://psa.example.com:8443'
    """
    text = typed.strip()
    if not text or len(text) > 300 or "\\" in text or any(c.isspace() or not c.isprintable() for c in text):
        raise SiteRefused("the site URL is empty, too long or holds characters that no URL has")
    if "://" not in text:
        text = f"https://{text}"
    try:
        url = httpx.URL(text)
        origin = origin_of(url.copy_with(host=url.raw_host.decode("ascii").rstrip(".")))
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise SiteRefused("the site URL is malformed") from error
    if url.userinfo or "@" in urlsplit(text).netloc:
        raise SiteRefused("a site URL can not carry a user name or password")
    if origin in allowed_origins:
        return Site(login_origin=origin, api_origin=origin)
    if url.port is not None and not 0 < url.port < 65536:
        raise SiteRefused("the site URL names a port that does not exist")
    if url.scheme != "https":
        raise SiteRefused("the site URL must begin with https://")
    host = httpx.URL(origin).host
    if not _is_a_full_name(host):
        raise SiteRefused("the site must be given by its full name, for example na.myconnectwise.net")
    login_host = host.removeprefix("api-") if host.removeprefix("api-") in CLOUD_HOSTS else host
    api_host = f"api-{login_host}" if login_host in CLOUD_HOSTS else host
    port = f":{url.port}" if url.port is not None else ""
    return Site(login_origin=f"https://{login_host}{port}", api_origin=f"https://{api_host}{port}")


def discover(wire: Wire, site: Site, company_id: str) -> Address:
    """Ask a site for a login company's codebase. Needs no keys.

    Raises: WrongSite when what answers is no ConnectWise PSA, or nothing has that name; UnknownCompany; Unreachable,
    NoAnswer, Throttled, UnreadableAnswer as any read.
    """
    if company_id in {".", ".."}:  # steps in a path, which no quoting keeps from being taken
        raise UnknownCompany(f"{site.host} knows no login company “{company_id}”")
    tenant = Tenant(site=site.host, company_id=company_id.lower())
    url = f"{site.login_origin}/login/companyinfo/{quote(company_id, safe='')}"
    try:
        answer = wire.read(tenant, url, anonymous_headers(wire.client_id))
    except HostNotFound as error:
        raise WrongSite(f"there is no site {site.host}") from error
    if answer.status == 200:
        return _read_companyinfo(site, company_id, answer)
    if answer.status == 404 and (answer.is_json or _is_connectwise(wire, tenant, site)):
        raise UnknownCompany(f"{site.host} knows no login company “{company_id}”")
    raise WrongSite(
        f"{site.host} is no ConnectWise PSA: it answered {answer.status} where every PSA tells its codebase"
    )


def _read_companyinfo(site: Site, company_id: str, answer: Answer) -> Address:
    try:
        parsed = shapes.parse_json(answer.body)
    except UnreadableAnswer as error:
        if answer.is_json:
            raise
        raise WrongSite(
            f"{site.host} is no ConnectWise PSA: it answered a page where every PSA answers JSON"
        ) from error
    if parsed is None:
        raise UnknownCompany(f"{site.host} knows no login company “{company_id}”")
    if not isinstance(parsed, dict):
        raise WrongSite(f"{site.host} is no ConnectWise PSA: its companyinfo is no record")
    info = {str(name).lower(): value for name, value in parsed.items()}
    told = info.get("iscloud")
    is_cloud = told is True or _text(told).lower() == "true"
    return Address(
        site=site,
        company_id=company_id,
        codebase=_codebase(site, info.get("codebase")),
        is_cloud=is_cloud if told is not None else site.login_origin != site.api_origin,
        company_name=_text(info.get("companyname"))[:200],
        version=_text(info.get("versionnumber") or info.get("versioncode"))[:50],
    )


def _text(told: object) -> str:
    """One printable line, empty for anything that is no text."""
    return "".join(c if c.isprintable() else " " for c in told) if isinstance(told, str) else ""


def _codebase(site: Site, told: object) -> str:
    """One path segment and a slash: what a site tells us must not lead our requests to another path."""
    segment = told.strip().strip("/") if isinstance(told, str) else ""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}", segment):
        raise WrongSite(f"{site.host} is no ConnectWise PSA: its companyinfo tells no codebase")
    return f"{segment}/"


def _is_connectwise(wire: Wire, tenant: Tenant, site: Site) -> bool:
    """Whether the API router answers as ConnectWise does: in JSON, even when it refuses for want of keys."""
    url = f"{site.api_origin}/{ROUTER_CODEBASE}apis/3.0/system/info"
    answer = wire.read(tenant, url, anonymous_headers(wire.client_id))
    try:
        parsed = shapes.parse_json(answer.body)
    except UnreadableAnswer:
        return False
    return isinstance(parsed, dict) and bool({"code", "version", "message"} & parsed.keys())


def _is_a_full_name(host: str) -> bool:
    """Refuses IP addresses in every spelling (also decimal, octal and hex): the last label of a name is no number."""
    labels = host.split(".")
    return (
        len(labels) >= 2
        and all(re.fullmatch(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", label) for label in labels)
        and re.fullmatch(r"[a-z][a-z0-9-]*", labels[-1]) is not None
    )
