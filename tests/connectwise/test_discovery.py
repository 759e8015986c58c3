"""From the site that somebody typed to the address of a tenant's API."""

import httpx
import pytest

from connectwise.discovery import Address, Site, discover, site_of
from connectwise.errors import HostNotFound, NoAnswer, SiteRefused, UnknownCompany, UnreadableAnswer, WrongSite
from domain.values import Tenant
from tests.connectwise.edge import SITE, Psa, psa_answering, scripted_psa

COMPANYINFO = "https://na.myconnectwise.net/login/companyinfo/Acme_MSP"
ROUTER = "https://api-na.myconnectwise.net/v4_6_release/apis/3.0/system/info"
DOCUMENTED = {
    "CompanyName": "Acme MSP",
    "Codebase": "v2025_1/",
    "VersionCode": "v2025.1",
    "VersionNumber": "v4.6.38842",
    "CompanyID": "acme_msp",
    "IsCloud": "True",
}


@pytest.mark.parametrize("region", ["na", "eu", "au", "aus", "za"])
@pytest.mark.parametrize(
    "typed", ["https://{}", "https://api-{}/", " HTTPS://{}/v4_6_release/ConnectWise.aspx?a=b#c ", "{}."]
)
def test_every_spelling_of_a_cloud_site_is_the_same_site(region: str, typed: str) -> None:
    host = f"{region}.myconnectwise.net"
    typed = typed.replace("api-{}", f"api-{host}").format(host)

    site = site_of(typed)

    assert site == Site(login_origin=f"https://{host}", api_origin=f"https://api-{host}")
    assert site.host == host


def test_the_staging_site_has_an_api_host_too() -> None:
    assert site_of("https://staging.connectwisedev.com").api_origin == "https://api-staging.connectwisedev.com"


@pytest.mark.parametrize("host", ["psa.customer.example", "api-psa.customer.example", "sandbox-na.myconnectwise.net"])
def test_other_hosts_are_kept_as_typed(host: str) -> None:
    assert site_of(f"https://{host}/") == Site(login_origin=f"https://{host}", api_origin=f"https://{host}")


def test_a_port_of_its_own_belongs_to_the_identity_of_a_site() -> None:
    assert site_of("https://psa.customer.example:8443/x").host == "psa.customer.example:8443"
    assert site_of("https://psa.customer.example:443").host == "psa.customer.example"


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "http://na.myconnectwise.net", "ftp://na.myconnectwise.net", "file:///etc/passwd", "https://",
        "https://user:pass@na.myconnectwise.net", "https://@na.myconnectwise.net",
        "https://na.myconnectwise.net@evil.example", "https://na.myconnectwise.net\\@evil.example",
        "https://127.0.0.1", "https://2130706433", "https://0x7f.0.0.1", "https://0177.0.0.1", "https://[::1]",
        "https://[::ffff:10.0.0.1]", "https://localhost", "https://intranet", "https://metadata.1",
        "https://a..b.example", "https://-a.example", "https://na.myconnectwise.net:99999",
        "https://na.mycon\nnectwise.net", "https://" + "a" * 400 + ".example", "javascript://na.myconnectwise.net",
    ],
)  # fmt: skip
def test_an_address_with_a_trick_in_it_is_refused(typed: str) -> None:
    with pytest.raises(SiteRefused):
        site_of(typed)


def test_an_allowed_origin_is_taken_exactly_as_it_is() -> None:
    allowed = frozenset({"http://127.0.0.1:9000"})

    assert site_of("http://127.0.0.1:9000/some/path", allowed).api_origin == "http://127.0.0.1:9000"
    with pytest.raises(SiteRefused):
        site_of("http://127.0.0.1:9001", allowed)


@pytest.mark.parametrize("company_id", [".", ".."])
def test_a_company_that_is_a_step_in_a_path_is_unknown_and_not_asked_for(company_id: str) -> None:
    psa = scripted_psa()

    with pytest.raises(UnknownCompany):
        discover(psa.wire, SITE, company_id)

    assert psa.requests == []


def answering(psa: Psa, answer: httpx.Response) -> Psa:
    psa.router.get(COMPANYINFO).mock(return_value=answer)
    return psa


@pytest.mark.parametrize(("told", "is_cloud"), [("True", True), (True, True), ("False", False), (False, False)])
def test_companyinfo_tells_codebase_and_cloud_as_text_or_truth_value(told: object, is_cloud: bool) -> None:
    psa = answering(scripted_psa(), httpx.Response(200, json={**DOCUMENTED, "IsCloud": told}))

    found = discover(psa.wire, SITE, "Acme_MSP")

    assert found == Address(SITE, "Acme_MSP", "v2025_1/", is_cloud, "Acme MSP", "v4.6.38842")
    assert found.root == "https://api-na.myconnectwise.net/v2025_1/apis/3.0"
    assert found.tenant == Tenant(site="na.myconnectwise.net", company_id="acme_msp")


def test_discovery_sends_no_keys() -> None:
    psa = answering(scripted_psa(), httpx.Response(200, json=DOCUMENTED))

    discover(psa.wire, SITE, "Acme_MSP")

    assert [("authorization" in request.headers, request.headers["clientid"]) for request in psa.requests] == [
        (False, "our-client-id")
    ]


@pytest.mark.parametrize("codebase", ["v4_6_release", "/v4_6_release/", "v4_6_release//"])
def test_a_codebase_gets_its_one_slash_at_the_end(codebase: str) -> None:
    psa = answering(scripted_psa(), httpx.Response(200, json={**DOCUMENTED, "Codebase": codebase}))

    assert discover(psa.wire, SITE, "Acme_MSP").codebase == "v4_6_release/"


@pytest.mark.parametrize(
    "codebase", [None, "", "/", "..", "../admin/", "a/b/", "v1?x=", "v1#", "@evil.example/", "v 1", 7]
)
def test_a_codebase_that_leads_elsewhere_is_not_believed(codebase: object) -> None:
    psa = answering(scripted_psa(), httpx.Response(200, json={**DOCUMENTED, "Codebase": codebase}))

    with pytest.raises(WrongSite, match="no codebase"):
        discover(psa.wire, SITE, "Acme_MSP")


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, content=b"null"), httpx.Response(404, json={"code": "NotFound", "message": "none"})]
)
def test_null_and_404_both_mean_that_the_company_is_unknown(answer: httpx.Response) -> None:
    psa = answering(scripted_psa(), answer)

    with pytest.raises(UnknownCompany, match="Acme_MSP"):
        discover(psa.wire, SITE, "Acme_MSP")


def test_a_404_page_of_a_site_whose_api_answers_means_an_unknown_company() -> None:
    psa = answering(scripted_psa(), httpx.Response(404, html="<h1>Not found</h1>"))
    psa.router.get(ROUTER).respond(401, json={"code": "Unauthorized", "message": "no"})

    with pytest.raises(UnknownCompany):
        discover(psa.wire, SITE, "Acme_MSP")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<title>Welcome to nginx!</title>"),
        httpx.Response(200, json=["not", "a", "record"]),
        httpx.Response(200, json={"hello": "world"}),
        httpx.Response(301, headers={"Location": "https://evil.example/"}),
        httpx.Response(403, html="no"),
        httpx.Response(404, html="<h1>Not found</h1>"),
    ],
)
def test_whatever_else_answers_is_the_wrong_site(answer: httpx.Response) -> None:
    psa = answering(scripted_psa(), answer)
    psa.router.get(ROUTER).respond(404, html="<h1>Not found</h1>")

    with pytest.raises(WrongSite):
        discover(psa.wire, SITE, "Acme_MSP")


def test_a_name_that_nobody_has_is_the_wrong_site() -> None:
    def unknown(request: httpx.Request) -> httpx.Response:
        raise HostNotFound(f"the name {request.url.host} does not resolve")

    psa = psa_answering(unknown)

    with pytest.raises(WrongSite, match="no site"):
        discover(psa.wire, SITE, "Acme_MSP")


def test_a_site_that_is_down_is_not_called_wrong() -> None:
    psa = answering(scripted_psa(), httpx.Response(503, html="maintenance"))

    with pytest.raises(NoAnswer):
        discover(psa.wire, SITE, "Acme_MSP")


def test_a_companyinfo_that_is_cut_short_is_not_called_the_wrong_site() -> None:
    psa = answering(scripted_psa(), httpx.Response(200, content=b'{"Codebase": "v2025'))

    with pytest.raises(UnreadableAnswer):
        discover(psa.wire, SITE, "Acme_MSP")


def test_a_company_id_is_only_ever_one_path_segment() -> None:
    psa = scripted_psa()
    psa.router.route().respond(200, content=b"null")

    with pytest.raises(UnknownCompany):
        discover(psa.wire, SITE, "../../x?y#z")

    assert psa.requests[0].url.raw_path == b"/login/companyinfo/..%2F..%2Fx%3Fy%23z"
