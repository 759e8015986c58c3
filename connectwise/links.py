"""Links that open a PSA record in the MSP's own browser session.

Source: the hyperlinks that ConnectWise itself hands out, `…/router/openrecord.rails?recordType=…&recid=…`. The record
types `CompanyFV` and `AgreementFV` are in wide public use. For products no such link was found in public: `ProductFV`
follows the naming of the others and has not been seen.
"""

from urllib.parse import quote

from connectwise.discovery import ROUTER_CODEBASE, Site
from domain.values import PsaAgreementId, PsaCompanyId, PsaProductId


def company_link(site: Site, company_id: str, company: PsaCompanyId) -> str:
    """`company_id` is the login company, `company` the record.

    >>> site = Site("https://na.myconnectwise.net", "https://api-na.myconnectwise.net")
    >>> company_link(site, "acme", PsaCompanyId(19)).partition("?")[2]
    'recordType=CompanyFV&recid=19&companyName=acme'
    """
    return _record_link(site, company_id, "CompanyFV", company)


def agreement_link(site: Site, company_id: str, agreement: PsaAgreementId) -> str:
    return _record_link(site, company_id, "AgreementFV", agreement)


def product_link(site: Site, company_id: str, product: PsaProductId) -> str:
    return _record_link(site, company_id, "ProductFV", product)


def _record_link(site: Site, company_id: str, record_type: str, record: int) -> str:
    router = f"{site.login_origin}/{ROUTER_CODEBASE}services/system_io/router/openrecord.rails"
    return f"{router}?recordType={record_type}&recid={record:d}&companyName={quote(company_id, safe='')}"
