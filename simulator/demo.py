"""Made-up tenants, the same every time for the same seed and day.

`demo_tenant` is an MSP one would believe: customers, prospects and vendors, deleted ones and look-alikes,
agreements in every state, a catalog with inactive items and bundles. `large_tenant` has any number of
companies, agreements and products.
"""

import random
from datetime import date, timedelta

from simulator import demo_names
from simulator.billing_rules import open_from, period_of, product_defaults
from simulator.clock import TenantClock, day_of, day_text, month_after
from simulator.rights import admin_role, minimum_role
from simulator.shapes import Record
from simulator.tenant import ApiKey, Tenant

DEMO_COMPANY_ID = "acme_msp"
DEMO_PUBLIC_KEY = "demoPublicKey0001"
DEMO_PRIVATE_KEY = "demoPrivateKey0001"
DEMO_ADMIN_PUBLIC_KEY = "demoAdminPublicKey1"
DEMO_ADMIN_PRIVATE_KEY = "demoAdminPrivateKey1"
"""Keys of the demo tenant's two API members; they open nothing but this simulator."""
DEMO_MEMBER = "PSALedger"

TYPES = ("Customer", "Client", "Prospect", "Vendor", "Partner", "Former Customer", "Site Owner")
STATUSES = ("Active", "Inactive", "Not-Approved", "Credit Hold", "Delinquent")
CYCLES = (
    ("M", "Monthly", "Monthly"),
    ("Q", "Quarterly", "Quarterly"),
    ("Y", "Annual", "Yearly"),
    ("BM", "Every two months", "BiMonthly"),
    ("SA", "Every six months", "SemiAnnual"),
    ("NR", "None", "NotRecurring"),
)
AGREEMENT_TYPES = ("Managed Services", "Security Subscriptions", "Hosting", "Block Hours")
DOLLAR = {
    "id": 7,
    "symbol": "$",
    "currencyCode": "USD",
    "decimalSeparator": ".",
    "numberOfDecimals": 2,
    "name": "US Dollars",
}


def demo_tenant(clock: TenantClock, seed: int = 1, company_id: str = DEMO_COMPANY_ID) -> Tenant:
    tenant = empty_tenant(clock, company_id, "Acme MSP")
    chance = random.Random(f"{seed}:{company_id}")
    catalog(tenant, chance, 320)
    companies(tenant, chance, 240)
    for company in list(tenant.tables["company"].rows.values()):
        demo_agreements(tenant, chance, company)
    return tenant


def empty_tenant(clock: TenantClock, company_id: str, company_name: str) -> Tenant:
    """A tenant with its keys, roles and setup tables, and nothing else."""
    tenant = Tenant(company_id, company_name, clock, codebase="v2026_4", version="v2026.4.12345")
    tenant.roles = {"minimum": minimum_role(), "admin": admin_role()}
    if company_id == DEMO_COMPANY_ID:
        pairs = (DEMO_PUBLIC_KEY, DEMO_PRIVATE_KEY), (DEMO_ADMIN_PUBLIC_KEY, DEMO_ADMIN_PRIVATE_KEY)
    else:
        pairs = (
            (f"{company_id}PublicKey", f"{company_id}PrivateKey"),
            (f"{company_id}AdminPublicKey", f"{company_id}AdminPrivateKey"),
        )
    (public, private), (admin_public, admin_private) = pairs
    tenant.keys = {
        public: ApiKey(public, private, DEMO_MEMBER, "minimum"),
        admin_public: ApiKey(admin_public, admin_private, "SysAdmin", "admin"),
    }
    setup_tables(tenant)
    return tenant


def setup_tables(tenant: Tenant) -> None:
    at = tenant.stamp()
    tables = tenant.tables
    for name in TYPES:
        tables["companyType"].add(
            {
                "name": name,
                "defaultFlag": name == "Customer",
                "vendorFlag": name == "Vendor",
                "serviceAlertFlag": False,
            },
            "admin1",
            at,
        )
    for name in STATUSES:
        flags = {
            "defaultFlag": name == "Active",
            "inactiveFlag": name == "Inactive",
            "notifyFlag": name == "Credit Hold",
        }
        tables["companyStatus"].add({"name": name, **flags, "disallowSavingFlag": False}, "admin1", at)
    for category, subcategories in demo_names.CATEGORIES.items():
        row = tables["category"].add({"name": category, "inactiveFlag": False, "defaultFlag": False}, "admin1", at)
        for name in subcategories:
            reference = {"id": row["id"], "name": category}
            flags = {"inactiveFlag": name == "Peripherals", "defaultFlag": False}
            tables["subcategory"].add({"name": name, **flags, "category": reference}, "admin1", at)
    for name, xref in (("Service", "Service"), ("Subscription", "OtherCharge"), ("Hardware", "InventoryPart")):
        tables["productType"].add({"name": name, "inactiveFlag": False, "typeXref": xref}, "admin1", at)
    tables["productType"].add({"name": "Legacy", "inactiveFlag": True, "typeXref": "OtherCharge"}, "admin1", at)
    for name in ("User", "Server", "Device", "Each"):
        tables["unitOfMeasure"].add({"name": name, "inactiveFlag": False, "defaultFlag": name == "Each"}, "admin1", at)
    for identifier, name, option in CYCLES:
        cycle = {"identifier": identifier, "name": name, "billingOptions": option, "defaultFlag": identifier == "M"}
        tables["billingCycle"].add(cycle, "admin1", at)
    for name in AGREEMENT_TYPES:
        required = {
            "employeeCompRate": "Actual",
            "employeeCompNotExceed": "Billing",
            "invoicingCycle": "CalendarYear",
            "billTime": "NoDefault",
            "billExpenses": "NoDefault",
            "billProducts": "NoDefault",
        }
        tables["agreementType"].add({"name": name, "inactiveFlag": name == "Block Hours", **required}, "admin1", at)


def named(tenant: Tenant, table: str, name: str) -> Record:
    """A setup record as a reference."""
    row = tenant.tables[table].by_text("name", name)
    if row is None:
        raise KeyError(f"{table} {name}")
    return {"id": row["id"], "name": row["name"]}


def product(
    tenant: Tenant, identifier: str, description: str, subcategory: str, *, price: float, cost: float, **more: object
) -> Record:
    row = tenant.tables["subcategory"].by_text("name", subcategory) or {}
    unit = "Server" if "server" in description.lower() else "User" if "user" in description.lower() else "Each"
    values: Record = {
        "identifier": identifier,
        "description": description,
        "customerDescription": description,
        "inactiveFlag": False,
        "subcategory": {"id": row["id"], "name": row["name"]},
        "category": dict(row["category"]),
        "type": named(tenant, "productType", "Subscription"),
        "productClass": "Agreement",
        "serializedFlag": False,
        "unitOfMeasure": named(tenant, "unitOfMeasure", unit),
        "price": price,
        "cost": cost,
        "taxableFlag": True,
        "recurringFlag": True,
        "recurringBillCycle": named(tenant, "billingCycle", "Monthly"),
        "billableOption": "Billable",
        **more,
    }
    return tenant.tables["catalogItem"].add(values, "admin1", tenant.stamp())


def catalog(tenant: Tenant, chance: random.Random, count: int) -> None:
    """The vendor's products first, then others of every class; about one in twelve is inactive."""
    for identifier, description, subcategory, price, cost in demo_names.VENDOR_PRODUCTS:
        product(tenant, identifier, description, subcategory, price=price, cost=cost, vendorSku=identifier)
    subcategories = [name for names in demo_names.CATEGORIES.values() for name in names]
    classes = ("Agreement", "Agreement", "Service", "NonInventory", "Inventory", "Bundle")
    hardware, service = named(tenant, "productType", "Hardware"), named(tenant, "productType", "Service")
    for number in range(len(demo_names.VENDOR_PRODUCTS), count):
        noun = demo_names.PRODUCT_NOUNS[number % len(demo_names.PRODUCT_NOUNS)]
        kind = classes[number % len(classes)]
        price = round(chance.uniform(2, 900), 2)
        product(
            tenant,
            f"{noun.upper().replace(' ', '-')}-{number:05d}",
            f"{noun} {number}",
            subcategories[number % len(subcategories)],
            price=price,
            cost=round(price * chance.uniform(0.5, 0.9), 2),
            productClass=kind,
            type=hardware if kind == "Inventory" else service,
            inactiveFlag=number % 12 == 0,
            recurringFlag=kind in {"Agreement", "Service"},
        )


def companies(tenant: Tenant, chance: random.Random, count: int) -> None:
    """Special names first; types, statuses and deleted ones spread so that each occurs."""
    types = [named(tenant, "companyType", name) for name in TYPES]
    statuses = [named(tenant, "companyStatus", name) for name in STATUSES]
    deleted_status = named(tenant, "companyStatus", "Inactive")
    for number in range(count):
        special = number < len(demo_names.SPECIAL)
        name, identifier = demo_names.SPECIAL[number] if special else company_name(number)
        kinds, status = [types[0]], statuses[0]
        if not special:
            kinds = [types[chance.choices(range(7), (60, 12, 12, 5, 4, 5, 2))[0]]]
            if chance.random() < 0.15:
                kinds.append(named(tenant, "companyType", "Partner" if kinds[0]["id"] != 5 else "Vendor"))
            status = statuses[chance.choices(range(5), (80, 8, 5, 4, 3))[0]]
        deleted = identifier == "GlobexOld" or (not special and number % 31 == 0)
        values: Record = {
            "identifier": identifier,
            "name": name,
            "status": deleted_status if deleted else status,
            "types": kinds,
            "city": demo_names.CITIES[number % len(demo_names.CITIES)],
            "phoneNumber": f"555-01{number % 100:02d}",
            "website": f"https://{identifier.lower()}.example",
            "deletedFlag": deleted,
            "leadFlag": False,
            "yearEstablished": 1950 + number % 70,
            "currency": DOLLAR,
            "defaultContact": {"id": 1000 + number, "name": f"Contact of {name}"[:60]},
        }
        if deleted:
            values |= {"dateDeleted": tenant.stamp(), "deletedBy": "admin1"}
        row = tenant.tables["company"].add(values, "admin1", tenant.stamp())
        tenant.tables.set_types(row, kinds, "admin1", tenant.stamp())
        tenant.tables["company"].owners[row["id"]] = DEMO_MEMBER if number % 3 == 0 else "jdoe"


def company_name(number: int) -> tuple[str, str]:
    """A name and a short identifier; names recur with another legal form, identifiers never."""
    first = demo_names.FIRST[number % len(demo_names.FIRST)]
    second = demo_names.SECOND[number // len(demo_names.FIRST) % len(demo_names.SECOND)]
    form = demo_names.FORMS[number % len(demo_names.FORMS)]
    return f"{first} {second} {form}".strip(), f"{first}{second.replace(' ', '')}{number}"


def agreement(tenant: Tenant, company: Record, name: str, starts: date, **more: object) -> Record:
    """A monthly agreement whose running period is not invoiced yet, but is where it bills in advance."""
    values: Record = {
        "name": name,
        "type": named(tenant, "agreementType", "Managed Services"),
        "company": {"id": company["id"], "identifier": company["identifier"], "name": company["name"]},
        "contact": dict(company["defaultContact"]),
        "startDate": day_text(starts),
        "noEndingDateFlag": "endDate" not in more,
        "cancelledFlag": False,
        "billStartDate": day_text(starts),
        "billingCycle": named(tenant, "billingCycle", "Monthly"),
        "periodType": "Current",
        "prorateFlag": False,
        "invoiceProratedAdditionsFlag": False,
        "autoInvoiceFlag": False,
        "billZeroAmountFlag": False,
        "billAmount": 0.0,
        "currency": DOLLAR,
        **more,
    }
    today = tenant.clock.today()
    begins, ends = period_of(tenant.tables, values, today)
    in_advance = starts <= today and values["periodType"] in {"Future", "Both"}
    values.setdefault("nextInvoiceDate", day_text(ends if in_advance else max(begins, starts)))
    row = tenant.tables["agreement"].add(values, "admin1", tenant.stamp())
    tenant.tables["agreement"].owners[row["id"]] = tenant.tables["company"].owners[company["id"]]
    return row


def addition(tenant: Tenant, of: Record, item: Record, quantity: float, starts: date, **more: object) -> Record:
    values: Record = {
        **product_defaults(item),
        "product": {"id": item["id"], "identifier": item["identifier"], "serializedFlag": item["serializedFlag"]},
        "quantity": quantity,
        "lessIncluded": 0.0,
        "billCustomer": "Billable",
        "effectiveDate": day_text(starts),
        "purchaseItemFlag": False,
        "specialOrderFlag": False,
        "sequenceNumber": float(len(tenant.tables.additions_of.get(of["id"], ())) + 1),
        "agreementId": of["id"],
        **more,
    }
    row = tenant.tables.add_addition(values, "admin1", tenant.stamp())
    covered = open_from(of)
    if covered is not None and starts < covered:
        tenant.billed_until[row["id"]] = day_text(covered)
    return row


def demo_agreements(tenant: Tenant, chance: random.Random, company: Record) -> None:
    """One or more agreements per company, in every state; each active customer has an active monthly one."""
    today = tenant.clock.today()
    first = month_after(today, -chance.randint(3, 40))
    last_month_end = month_after(today, 0) - timedelta(days=1)
    kinds = {each["name"] for each in company["types"]}
    number = company["id"]
    items = [
        row for row in tenant.tables["catalogItem"].rows.values() if row["productClass"] in {"Agreement", "Service"}
    ]
    if company["deletedFlag"] or not kinds & {"Customer", "Client", "Former Customer"}:
        if number % 4 == 0:
            agreement(tenant, company, "Old Services", first, endDate=day_text(last_month_end))
        return
    if "Former Customer" in kinds:
        agreement(
            tenant,
            company,
            "Managed Services",
            first,
            cancelledFlag=True,
            dateCancelled=day_text(last_month_end),
            reasonCancelled="Customer left",
        )
        return
    main = agreement(tenant, company, "Managed Services", first)
    for item in chance.sample(items, chance.randint(1, 3)):
        if item["identifier"].startswith(("NET-", "PWD-")):
            continue
        addition(tenant, main, item, float(chance.randint(1, 60)), first)
    if number == 1:
        agreement(
            tenant, company, "Security Subscriptions", first, type=named(tenant, "agreementType", AGREEMENT_TYPES[1])
        )
    extra_agreement(tenant, company, main, first, items[number % len(items)])


def extra_agreement(tenant: Tenant, company: Record, main: Record, first: date, item: Record) -> None:
    """A second agreement in a state that goes round by company."""
    today = tenant.clock.today()
    parent = {"id": main["id"], "name": main["name"], "type": main["type"]["name"]}
    last_month_end = day_text(month_after(today, 0) - timedelta(days=1))
    match company["id"] % 11:
        case 0:
            agreement(tenant, company, "Next Year's Services", month_after(today, 2))
        case 1:
            agreement(tenant, company, "Backup 2024", first, endDate=last_month_end)
        case 2:
            ended = {"cancelledFlag": True, "dateCancelled": last_month_end, "reasonCancelled": "Replaced"}
            agreement(tenant, company, "Hosting (old)", first, **ended)
        case 3:
            leaving = {
                "cancelledFlag": True,
                "dateCancelled": day_text(month_after(today, 2)),
                "reasonCancelled": "Notice",
            }
            agreement(tenant, company, "Hosting", first, **leaving)
        case 4:
            child = agreement(tenant, company, "Branch Office", first, parentAgreement=parent)
            addition(tenant, child, item, 5.0, first)
        case 5:
            prorated = agreement(tenant, company, "Subscriptions (prorated)", first, prorateFlag=True)
            addition(tenant, prorated, item, 8.0, first)
        case 6:
            agreement(
                tenant,
                company,
                "Subscriptions in advance",
                first,
                prorateFlag=True,
                invoiceProratedAdditionsFlag=True,
                periodType="Future",
            )
        case 7:
            quarterly = named(tenant, "billingCycle", "Quarterly")
            agreement(tenant, company, "Quarterly Review", first, billingCycle=quarterly, billAmount=450.0)
        case 8:
            block = named(tenant, "agreementType", "Block Hours")
            never = named(tenant, "billingCycle", "None")
            agreement(tenant, company, "Block Hours", first, type=block, billingCycle=never)
        case 9:
            ended_line = addition(
                tenant, main, item, 3.0, first, cancelledDate=day_text(month_after(day_of(day_text(today)), -1))
            )
            addition(tenant, main, item, 4.0, day_of(ended_line["cancelledDate"]))
        case _:
            addition(tenant, main, item, 12.0, first, lessIncluded=10.0, unitPrice=19.5)


def large_tenant(
    clock: TenantClock, company_id: str, *, company_count: int, agreement_count: int, product_count: int, seed: int = 1
) -> Tenant:
    """Any number of companies, agreements (spread over the companies) and products, one addition per agreement."""
    tenant = empty_tenant(clock, company_id, f"{company_id} (large)")
    chance = random.Random(f"{seed}:{company_id}")
    catalog(tenant, chance, product_count)
    companies(tenant, chance, company_count)
    owners = list(tenant.tables["company"].rows.values())
    first = month_after(clock.today(), -12)
    item = next(iter(tenant.tables["catalogItem"].rows.values()), None)
    for number in range(agreement_count if owners else 0):
        row = agreement(tenant, owners[number % len(owners)], f"Managed Services {number}", first)
        if item is not None:
            addition(tenant, row, item, float(number % 50 + 1), first)
    return tenant
