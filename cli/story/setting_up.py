"""First part: the platform registers organizations, the MSP connects its ConnectWise, maps products, imports companies.

Every mistake a person can make on the way is made once, and must be refused by its own name with nothing recorded.
"""

from dataclasses import replace

from cli.graphql import Json
from cli.seed import report
from cli.story.psa import Keys
from cli.story.stage import Stage, expect

GLOBEX, LITE, TRIAL, SELF_MANAGED = "globex", "initech", "umbrella", "hooli"
"""The organizations, by the vendor's ids."""
LICENSES, SERVERS, LITE_LICENSES = "STORY-CORE-USER", "NET-CORE-SERVER", "NET-LITE-USER"
"""The products that bill, by identifier: the first is created by the story, the others are in the PSA already."""

INQUIRE_RIGHTS = ("Company Maintenance", "Table Setup", "Product Catalog", "Agreements")
RUN = "... on RunAccepted { run { id } }"
CONNECTION = "... on ConnectionChanged { connection { status number keyHint } }"


def set_up(stage: Stage) -> None:
    register_organizations(stage)
    test_a_connection(stage)
    connect(stage)
    map_products(stage)
    import_companies(stage)


def register_organizations(stage: Stage) -> None:
    with stage.step("The vendor's platform registers four organizations of the MSP and reports their licences"):
        wanted = (
            (GLOBEX, "Globex", "network-core", "PAID", "MSP"),
            (LITE, "Initech", "network-lite", "PAID", "MSP"),
            (TRIAL, "Umbrella Cafe", "network-core", "TRIAL", "MSP"),
            (SELF_MANAGED, "Hooli", "network-core", "PAID", "SELF"),
        )
        organizations = [
            {
                "changeId": f"{organization}-created",
                "organization": organization,
                "name": name,
                "plan": plan,
                "licenseType": license_type,
                "management": management,
            }
            for organization, name, plan, license_type, management in wanted
        ]
        report(stage.platform, "registerOrganizations", "OrganizationsRegistered", {"organizations": organizations})
        change_licenses(
            stage,
            change(GLOBEX, "opening", quantity=12),
            change(GLOBEX, "opening-servers", component="SERVER", quantity=2),
            change(LITE, "opening", quantity=5),
            change(TRIAL, "opening", quantity=7),
        )


def change(organization: str, name: str, *, component: str = "LICENSE", **given: object) -> Json:
    """One change of licences, under a change id that the story uses once."""
    return {"changeId": f"{organization}-{name}", "organization": organization, "component": component, **given}


def change_licenses(stage: Stage, *changes: Json) -> list[Json]:
    """Report changes; all of them must be accepted. Shape: the outcome of each, in order."""
    return report(stage.platform, "changeLicenses", "LicensesReported", {"changes": list(changes)})


def credentials(stage: Stage, keys: Keys | None = None, **other: object) -> Json:
    """What an admin types into the connection form."""
    used = keys or stage.psa.keys
    return {
        "siteUrl": stage.psa.url,
        "companyId": stage.psa.company_id,
        "publicKey": used.public,
        "privateKey": used.private,
        **other,
    }


def test_a_connection(stage: Stage) -> None:
    with stage.step("The MSP's admin tries a connection, and makes every mistake once"):
        admin, wrong = stage.admin, replace(stage.psa.keys, private="not-the-private-key")
        stage.refused(admin, "testConnection", credentials(stage, siteUrl="http://psa.example.com"), "SiteRefused")
        stage.refused(admin, "testConnection", credentials(stage, siteUrl="https://psa.invalid"), "WrongSite")
        stage.refused(admin, "testConnection", credentials(stage, companyId="nobody"), "UnknownLoginCompany")
        stage.refused(admin, "connect", credentials(stage, wrong), "WrongKeys")
        for function in INQUIRE_RIGHTS:
            stage.psa.happens("right_withdrawn", function=function, verb="inquire")
            shown = "... on RightsMissing { rights { name level } }"
            found = admin.answer("connect", credentials(stage), shown)
            expect("the answer of connect", found["__typename"], "RightsMissing")
            expect("the right it names", found["rights"], [{"name": function, "level": "Inquire"}])
            stage.psa.happens("right_granted", function=function, verb="inquire")
            stage.tell(f"    no     RightsMissing: {function}: Inquire")
        tested = admin.do(
            "testConnection",
            credentials(stage),
            "... on ConnectionTested { isUsable rights { right { name level } state } }",
        )
        expect("whether the connection is usable", tested["isUsable"], True)
        stage.refused(admin, "confirmProductMapping", {}, "NotConnected", input_type="ConnectionInput")


def connect(stage: Stage) -> None:
    with stage.step("The admin connects"):
        connected = stage.admin.do("connect", credentials(stage), CONNECTION)["connection"]
        expect("the connection", (connected["status"], connected["number"]), ("SETUP", 1))
        stage.refused(stage.admin, "connect", credentials(stage), "AlreadyConnected")
        expect("secrets in the vault", stage.vault_rows(), 1)


def map_products(stage: Stage) -> None:
    admin = stage.admin
    with stage.step("The admin maps the vendor's plans to ConnectWise products; one product is created"):
        lines = admin.query("{ productLines { plans { id components } } }")["productLines"]
        plans = {plan["id"]: plan["components"] for line in lines for plan in line["plans"]}
        expect("components of the Lite plan", plans["network-lite"], ["LICENSE"])
        mapping = {"plan": "network-lite", "component": "SERVER", "product": stage.psa.product(SERVERS)["id"]}
        stage.refused(admin, "mapProduct", mapping, "PlanLacksComponent")
        unknown = {"plan": "network-core", "component": "LICENSE", "product": 999_999_999}
        stage.refused(admin, "mapProduct", unknown, "UnknownProduct")
        create_product(stage)
        found = admin.query(
            "query ($words: String!) { psaProducts(search: $words) { identifier } }", words="Core server"
        )
        expect("products found by their words", [row["identifier"] for row in found["psaProducts"]], [SERVERS])
        map_product(stage, "network-core", "LICENSE", LICENSES)
        stage.refused(admin, "confirmProductMapping", {}, "ProductMappingIncomplete", input_type="ConnectionInput")
        map_product(stage, "network-core", "SERVER", SERVERS)
        map_product(stage, "network-lite", "LICENSE", LITE_LICENSES)
        confirmed = admin.do("confirmProductMapping", {}, CONNECTION, input_type="ConnectionInput")
        expect("the status", confirmed["connection"]["status"], "ACTIVE")


def create_product(stage: Stage) -> None:
    setup = stage.admin.query(
        "{ psaProductSetup { subcategories { id name isInactive } types { id name isInactive } } }"
    )
    usable = {kind: [row for row in rows if not row["isInactive"]] for kind, rows in setup["psaProductSetup"].items()}
    given = {
        "identifier": LICENSES,
        "description": "Network Access Core, per user (story)",
        "subcategory": usable["subcategories"][0]["id"],
        "type": usable["types"][0]["id"],
        "price": "9.00",
    }
    stage.psa.happens("right_withdrawn", function="Product Catalog", verb="add")
    stage.refused(stage.admin, "createProduct", given, "RightsMissing")
    stage.psa.happens("right_granted", function="Product Catalog", verb="add")
    made = stage.admin.answer(
        "createProduct", given, "... on ProductMade { identifier } ... on IdentifierTaken { product }"
    )
    if made["__typename"] == "IdentifierTaken":
        stage.tell("    (the product was created before the answer was lost; it is there)")
        return
    expect("the product that was made", made.get("identifier"), LICENSES)


def map_product(stage: Stage, plan: str, component: str, identifier: str) -> None:
    product = stage.psa.product(identifier)["id"]
    stage.admin.do("mapProduct", {"plan": plan, "component": component, "product": product})


def import_companies(stage: Stage) -> None:
    with stage.step("The admin imports the active customers with their agreements"):
        types = stage.admin.query("{ psaCompanyTypes { id name } psaCompanyStatuses { id name } }")
        customer = next(row["id"] for row in types["psaCompanyTypes"] if row["name"] == "Customer")
        active = next(row["id"] for row in types["psaCompanyStatuses"] if row["name"] == "Active")
        requested = stage.admin.do("importCompanies", {"types": [customer], "statuses": [active]}, RUN)
        stage.until_run_is_over(requested["run"]["id"])
        found = stage.admin.query(
            "query ($search: String!) { companies(first: 5, filter: { search: $search })"
            " { nodes { name agreements { name hasEnded } } } }",
            search="Globex Corporation",
        )["companies"]["nodes"]
        agreements = [
            (row["name"], sorted(each["name"] for each in row["agreements"] if not each["hasEnded"])) for row in found
        ]
        expected = [("Globex Corporation", ["Managed Services", "Security Subscriptions"])]
        expect("the imported companies named Globex, without the deleted one", agreements, expected)
