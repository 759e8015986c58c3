"""Fields of companies and their setup tables. Source: the vendor's OpenAPI document, 2026.4."""

from simulator.shapes import CUSTOM_FIELD, IDENTIFIED, Kind, Reference, named, shape

COMPANY_REFERENCE = Reference("company", ("id", "identifier", "name"), "company/companies")
CURRENCY_MEMBERS = (
    "id symbol currencyCode decimalSeparator numberOfDecimals thousandsSeparator negativeParenthesesFlag "
    "displaySymbolFlag currencyIdentifier displayIdFlag rightAlign name"
)
CURRENCY = Reference(None, tuple(CURRENCY_MEMBERS.split()))

COMPANY = shape(
    "company",
    "Company",
    required="identifier name",
    texts={
        "identifier": 156,
        "name": 156,
        "addressLine1": 50,
        "addressLine2": 50,
        "city": 50,
        "state": 50,
        "zip": 12,
        "phoneNumber": 30,
        "faxNumber": 30,
        "website": 255,
        "accountNumber": None,
        "leadSource": 50,
        **{f"userDefinedField{number}": 50 for number in range(1, 11)},
        "vendorIdentifier": None,
        "taxIdentifier": None,
        "invoiceToEmailAddress": None,
        "invoiceCCEmailAddress": None,
        "deletedBy": None,
        "mobileGuid": None,
        "facebookUrl": None,
        "twitterUrl": None,
        "linkedInUrl": None,
        "resellerIdentifier": None,
    },
    numbers="annualRevenue creditLimit additionalDebt",
    integers="numberOfEmployees yearEstablished revenueYear",
    booleans="leadFlag unsubscribeFlag deletedFlag isVendorFlag",
    dates="dateAcquired dateDeleted",
    references={
        "status": Reference("companyStatus", href="company/companies/statuses"),
        "country": IDENTIFIED,
        "territoryManager": Reference(None, ("id", "identifier", "name", "dailyCapacity")),
        **named("parentCompany billToCompany", COMPANY_REFERENCE),
        "currency": CURRENCY,
        **named(
            "territory market defaultContact sicCode ownershipType timeZoneSetup calendar taxCode billingTerms "
            "invoiceTemplate pricingSchedule companyEntityType billingSite billingContact invoiceDeliveryMethod "
            "emailTemplate site"
        ),
    },
    lists={
        "types": {"id": Kind.INTEGER, "name": Kind.TEXT},
        "integratorTags": {},
        "customFields": CUSTOM_FIELD,
    },
    owned="deletedBy dateDeleted",
    ranges={"yearEstablished": (1900, 9999), "revenueYear": (1900, 9999)},
)

COMPANY_TYPE = shape(
    "companyType",
    "CompanyType",
    required="name",
    texts={"name": 50, "serviceAlertMessage": 150, "connectWiseId": None},
    booleans="defaultFlag vendorFlag serviceAlertFlag",
)

COMPANY_STATUS = shape(
    "companyStatus",
    "CompanyStatus",
    required="name",
    texts={"name": 50, "notificationMessage": 500, "connectWiseId": None},
    booleans="defaultFlag inactiveFlag notifyFlag disallowSavingFlag customNoteFlag cancelOpenTracksFlag",
    references=named("track"),
)

TYPE_ASSOCIATION = shape(
    "companyTypeAssociation",
    "CompanyTypeAssociation",
    required="type company",
    references={
        "type": Reference("companyType", href="company/companies/types"),
        "company": COMPANY_REFERENCE,
    },
)
