"""ConnectWise clients that nobody here wrote, working against the simulator.

They are no dependencies of ours: `make conformance` installs them into `.venv/conformance` (or wherever
`PSA_LEDGER_CONFORMANCE` points), a Python environment with `connectpyse` and `connectpyse-manage` and, beside it,
`node_modules` with `connectwise-rest`. Where one is missing its test is skipped. Each lists companies by type and
status, agreements and additions, makes an addition and changes it, and prints what it saw as JSON.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from simulator import demo
from simulator.app import create_app
from simulator.server import Tls, running
from simulator.tenant import Tenant

pytestmark = pytest.mark.long

INSTALLED = Path(os.environ.get("PSA_LEDGER_CONFORMANCE", Path(__file__).parents[2] / ".venv" / "conformance"))

CONNECTPYSE = """
import base64, json, sys
from connectpyse.company.companies_api import CompaniesAPI
from connectpyse.company.company_types_api import CompanyTypeAPI
from connectpyse.finance.agreement_addition import AgreementAddition
from connectpyse.finance.agreement_additions_api import AgreementAdditionsAPI
from connectpyse.finance.agreements_api import AgreementsAPI
site, company, public, private = sys.argv[1:]
token = base64.b64encode(f"{company}+{public}:{private}".encode()).decode()
known = {"url": site + "/v4_6_release/apis/3.0", "auth": {"Authorization": "Basic " + token, "clientId": "c"}}
companies = CompaniesAPI(**known)
companies.conditions, companies.childconditions = "status/id=1 and deletedFlag=false", "types/id=1"
companies.orderBy, companies.pageSize, companies.page = "id asc", 50, 1
agreements = AgreementsAPI(**known)
agreements.conditions = "company/id=1"
listed = [each.id for each in agreements.get_agreements()]
additions = AgreementAdditionsAPI(listed[0], **known)
before = additions.get_agreement_additions_count()
made = additions.create_agreement_addition(
    AgreementAddition({"product": {"id": 1}, "billCustomer": "Billable", "quantity": 12}))
changed = additions.update_agreement_addition(made.id, "quantity", 15)
print(json.dumps({
    "types": len(list(CompanyTypeAPI(**known).get_company_types())),
    "companies": [each.id for each in companies.get_companies()],
    "count": companies.get_companies_count(),
    "agreements": listed,
    "additions": [before, len(list(additions.get_agreement_additions()))],
    "addition": [made.id, made.quantity, changed.quantity],
}))
"""

CONNECTPYSE_MANAGE = """
import json, sys
from connectwise import ConnectWiseClient
site, company, public, private = sys.argv[1:]
client = ConnectWiseClient(site, company, public, private, "c")
conditions = "status/id=1 and deletedFlag=false"
agreements = client.get_company_agreements(1)
before = client.get_agreement_additions(agreements[0].id)
made = client.create_agreement_addition(agreements[0].id, product_id=1, quantity=12)
changed = client.patch(
    f"finance/agreements/{agreements[0].id}/additions", made.id, [{"op": "replace", "path": "/quantity", "value": 15}])
print(json.dumps({
    "types": client.get_count("company/companies/types"),
    "companies": [each["id"] for each in client.get_all(
        "company/companies", conditions=conditions, childconditions="types/id=1", orderby="id asc", pagesize=50)][:50],
    "count": client.get_count("company/companies", conditions=conditions, childconditions="types/id=1"),
    "agreements": [each.id for each in agreements],
    "additions": [len(before), len(client.get_agreement_additions(agreements[0].id))],
    "addition": [made.id, made.quantity, changed["quantity"]],
}))
"""

CONNECTWISE_REST = """
const { ManageAPI } = require('connectwise-rest')
const [site, companyId, publicKey, privateKey] = process.argv.slice(1)
const api = new ManageAPI({ companyId, companyUrl: site.replace('https://', ''), publicKey, privateKey, clientId: 'c' })
const main = async () => {
  const finance = api.FinanceAPI, company = api.CompanyAPI
  const asked = { conditions: 'status/id=1 and deletedFlag=false', childConditions: 'types/id=1', orderBy: 'id asc' }
  const companies = await api.paginate(company.getCompanyCompanies.bind(company), { startPage: 1, pageSize: 50 }, asked)
  const agreements = await finance.getFinanceAgreements({ conditions: 'company/id=1' })
  const parent = agreements[0].id
  const before = await finance.getFinanceAgreementsByParentIdAdditions(parent)
  const made = await finance.postFinanceAgreementsByParentIdAdditions(
    parent, { product: { id: 1 }, billCustomer: 'Billable', quantity: 12 })
  const changed = await finance.patchFinanceAgreementsByParentIdAdditionsById(
    made.id, parent, [{ op: 'replace', path: 'quantity', value: 15 }])
  const after = await finance.getFinanceAgreementsByParentIdAdditionsCount(parent)
  console.log(JSON.stringify({
    types: (await company.getCompanyCompaniesTypes()).length,
    companies: companies.map((each) => each.id).slice(0, 50),
    count: companies.length,
    agreements: agreements.map((each) => each.id),
    additions: [before.length, after.count],
    addition: [made.id, made.quantity, changed.quantity],
  }))
}
main().catch((error) => { console.error(error); process.exit(1) })
"""


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    """A certificate for this machine's loopback address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulator")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = Tls(tmp_path / "certificate.pem", tmp_path / "key.pem")
    files.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


@pytest.fixture
def site(tls: Tls) -> Iterator[tuple[str, Tenant]]:
    """A demo tenant of its own for each client, over https."""
    app = create_app()
    with running(app, tls=tls) as url:
        yield url, app.state.directory.tenants[demo.DEMO_COMPANY_ID]


def seen_by(command: list[str], url: str, environment: dict[str, str]) -> Any:
    arguments = [url, demo.DEMO_COMPANY_ID, demo.DEMO_PUBLIC_KEY, demo.DEMO_PRIVATE_KEY]
    done = subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=INSTALLED,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def expected(tenant: Tenant) -> dict[str, Any]:
    """What a client should have seen, taken from the tenant's records directly."""
    companies = [
        row["id"]
        for row in tenant.tables["company"].rows.values()
        if row["status"]["id"] == 1 and not row["deletedFlag"] and any(each["id"] == 1 for each in row["types"])
    ]
    after = tenant.tables.additions_of[1]
    return {
        "types": len(tenant.tables["companyType"].rows),
        "companies": companies[:50],
        "count": len(companies),
        "agreements": [row["id"] for row in tenant.tables["agreement"].rows.values() if row["company"]["id"] == 1],
        "additions": [len(after) - 1, len(after)],
        "addition": [after[-1], 12.0, 15.0],
    }


@pytest.mark.parametrize("script", [CONNECTPYSE, CONNECTPYSE_MANAGE], ids=["connectpyse", "connectpyse-manage"])
def test_a_client_for_python_does_its_work(script: str, site: tuple[str, Tenant], tls: Tls) -> None:
    url, tenant = site
    python = INSTALLED / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no environment with connectpyse and connectpyse-manage at {INSTALLED}")

    seen = seen_by([str(python), "-c", script], url, {"REQUESTS_CA_BUNDLE": str(tls.certificate)})

    assert seen == expected(tenant)
    assert tenant.tables["addition"].rows[seen["addition"][0]]["quantity"] == 15.0


def test_a_client_for_node_does_its_work(site: tuple[str, Tenant], tls: Tls) -> None:
    url, tenant = site
    modules, node = INSTALLED / "node_modules", shutil.which("node")
    if node is None or not (modules / "connectwise-rest").is_dir():
        pytest.skip(f"no node, or no connectwise-rest at {modules}")
    environment = {"NODE_PATH": str(modules), "NODE_EXTRA_CA_CERTS": str(tls.certificate)}

    seen = seen_by([node, "-e", CONNECTWISE_REST], url, environment)

    assert seen == expected(tenant)
    assert tenant.tables["addition"].rows[seen["addition"][0]]["quantity"] == 15.0
