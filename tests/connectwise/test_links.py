"""Links into the PSA, and the examples in the client's docstrings."""

import doctest
import importlib
import pkgutil

import pytest

import connectwise
from connectwise.links import agreement_link, company_link, product_link
from domain.values import PsaAgreementId, PsaCompanyId, PsaProductId
from tests.connectwise.edge import SITE

MODULES = [f"connectwise.{module.name}" for module in pkgutil.iter_modules(connectwise.__path__)]


def test_a_link_opens_the_record_on_the_site_that_people_log_in_to() -> None:
    at = "https://na.myconnectwise.net/v4_6_release/services/system_io/router/openrecord.rails"

    assert [
        company_link(SITE, "acme msp&x", PsaCompanyId(19)),
        agreement_link(SITE, "acme", PsaAgreementId(7)),
        product_link(SITE, "acme", PsaProductId(301)),
    ] == [
        f"{at}?recordType=CompanyFV&recid=19&companyName=acme%20msp%26x",
        f"{at}?recordType=AgreementFV&recid=7&companyName=acme",
        f"{at}?recordType=ProductFV&recid=301&companyName=acme",
    ]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
